"""The operators of CEL. Numbers have 64 bits and nothing overflows in silence (cel-go: common/types)."""

import operator
from collections.abc import Callable
from typing import Any

from kubeade.api.cel.errors import EvaluationError, no_such_overload
from kubeade.api.cel.values import (
    INT_LEAST,
    INT_MOST,
    NUMBERS,
    UINT_MOST,
    Duration,
    Timestamp,
    Uint,
    contains,
    equal,
    find,
)

TIME_LEAST, TIME_MOST = -62135596800 * 10**9, 253402300800 * 10**9 - 1


def checked_int(value: int) -> int:
    if not INT_LEAST <= value <= INT_MOST:
        raise EvaluationError("integer overflow")
    return value


def checked_uint(value: int) -> Uint:
    if not 0 <= value <= UINT_MOST:
        raise EvaluationError("unsigned integer overflow")
    return Uint(value)


def checked_duration(nanoseconds: int) -> Duration:
    if not INT_LEAST <= nanoseconds <= INT_MOST:
        raise EvaluationError("duration overflow")
    return Duration(nanoseconds)


def checked_time(nanoseconds: int) -> Timestamp:
    if not TIME_LEAST <= nanoseconds <= TIME_MOST:
        raise EvaluationError("timestamp overflow")
    return Timestamp(nanoseconds)


def add(left: Any, right: Any) -> Any:
    kind = type(left)
    if kind is type(right):
        if kind in _JOINED:
            return left + right
        if kind in _WHOLE:
            return _WHOLE[kind](left + right)
        if kind is float:
            return left + right
        if kind is Duration:
            return checked_duration(left.nanoseconds + right.nanoseconds)
    if kind in _TIMES and type(right) in _TIMES and (kind, type(right)) != (Timestamp, Timestamp):
        return checked_time(left.nanoseconds + right.nanoseconds)
    raise no_such_overload()


_JOINED = frozenset({str, bytes, list})
_TIMES = frozenset({Timestamp, Duration})
_WHOLE: dict[type, Callable[[int], int]] = {int: checked_int, Uint: checked_uint}


def subtract(left: Any, right: Any) -> Any:
    kind = type(left)
    if kind in _WHOLE and kind is type(right):
        return _WHOLE[kind](int(left) - int(right))
    if kind is float is type(right):
        return left - right
    if kind in _TIMES and kind is type(right):
        return checked_duration(left.nanoseconds - right.nanoseconds)
    if kind is Timestamp and type(right) is Duration:
        return checked_time(left.nanoseconds - right.nanoseconds)
    raise no_such_overload()


def multiply(left: Any, right: Any) -> Any:
    kind = type(left)
    if kind is not type(right) or kind not in NUMBERS:
        raise no_such_overload()
    return left * right if kind is float else _WHOLE[kind](int(left) * int(right))


def divide(left: Any, right: Any) -> Any:
    kind = type(left)
    if kind is not type(right) or kind not in NUMBERS:
        raise no_such_overload()
    if kind is float:
        return left / right if right else _by_zero(left)
    if right == 0:
        raise EvaluationError("division by zero")
    return _WHOLE[kind](_quotient(left, right))


def _by_zero(left: float) -> float:
    return left * float("inf") if left else float("nan")


def _quotient(left: int, right: int) -> int:
    """Towards zero."""
    found = abs(left) // abs(right)
    return found if (left < 0) is (right < 0) else -found


def modulo(left: Any, right: Any) -> Any:
    kind = type(left)
    if kind is not type(right) or kind not in _WHOLE:
        raise no_such_overload()
    if right == 0:
        raise EvaluationError("modulus by zero")
    return _WHOLE[kind](left - right * _quotient(left, right))


def negate(value: Any) -> Any:
    if type(value) is int:
        return checked_int(-value)
    if type(value) is Duration:
        return checked_duration(-value.nanoseconds)
    if type(value) is float:
        return -value
    raise no_such_overload()


def invert(value: Any) -> bool:
    if not isinstance(value, bool):
        raise no_such_overload()
    return not value


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        check_comparable(left, right)
        return compare(left, right)

    return ordered


def check_comparable(left: Any, right: Any) -> None:
    """Raises EvaluationError for what has no order."""
    if type(left) in NUMBERS and type(right) in NUMBERS:
        if left != left or right != right:
            raise EvaluationError("NaN values cannot be ordered")
    elif type(left) is not type(right) or type(left) not in _ORDERED:
        raise no_such_overload()


_ORDERED = frozenset({bool, str, bytes, Timestamp, Duration})


def is_in(wanted: Any, holder: Any) -> bool:
    if isinstance(holder, dict):
        return bool(find(holder, wanted))
    if isinstance(holder, list | tuple):
        return contains(holder, wanted)
    raise no_such_overload()


def insert(made: dict[Any, Any], key: Any, value: Any) -> None:
    if find(made, key):
        raise EvaluationError(f"insert failed: key {key} already exists")
    made[key] = value


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "_+_": add,
    "_-_": subtract,
    "_*_": multiply,
    "_/_": divide,
    "_%_": modulo,
    "_==_": equal,
    "_!=_": lambda left, right: not equal(left, right),
    "_<_": _ordered(operator.lt),
    "_<=_": _ordered(operator.le),
    "_>_": _ordered(operator.gt),
    "_>=_": _ordered(operator.ge),
    "@in": is_in,
}
