"""Quantities and semantic versions (upstream: cel/library/quantity.go, semverlib.go)."""

import re
from typing import Any

from kubeade.api.cel.overload import Overload, method, plain_function
from kubeade.api.cel.values import Opaque
from kubeade.api.quantity import Quantity, QuantityError

QUANTITY, SEMVER = "kubernetes.Quantity", "kubernetes.Semver"
_CORE = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
_SEMVER = re.compile(rf"{_CORE}(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")
_LOOSE = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


def _is_quantity(text: str) -> bool:
    try:
        Quantity.parse(text)
    except QuantityError:
        return False
    return True


def _quantity(text: str) -> Opaque:
    return _of_quantity(Quantity.parse(text))


def _of_quantity(found: Quantity) -> Opaque:
    """Equal amounts are equal values, however they are written."""
    return Opaque(QUANTITY, found.nano, found)


def _amount(value: Any) -> Quantity:
    return Quantity.of(value) if isinstance(value, int) else value.detail


def _is_integer(value: Any) -> bool:
    amount = _amount(value)
    return amount == Quantity.of(amount.value()) and abs(amount.value()) < 1 << 63


def _as_integer(value: Any) -> int:
    if not _is_integer(value):
        raise ValueError("cannot convert value to integer")
    return _amount(value).value()


def _sign(value: Any) -> int:
    return _compared(_amount(value), Quantity.of(0))


def _normalized(text: str) -> str:
    """Upstream's tolerant form: a leading v, missing minor and patch numbers, leading zeros."""
    found = _LOOSE.fullmatch(text.strip())
    if found is None:
        return text
    numbers = ".".join(str(int(each or 0)) for each in found.group(1, 2, 3))
    return numbers + (found[4] or "") + (found[5] or "")


def _is_semver(text: str, normalize: bool = False) -> bool:
    return _SEMVER.fullmatch(_normalized(text) if normalize else text) is not None


def _semver(text: str, normalize: bool = False) -> Opaque:
    found = _SEMVER.fullmatch(_normalized(text) if normalize else text)
    if found is None:
        raise ValueError(f"Invalid character(s) found in version {text!r}")
    return Opaque(SEMVER, _numbers_of(found), found[0])


def _numbers_of(found: re.Match[str]) -> tuple[Any, ...]:
    """In their order; what is built of them does not count."""
    numbers = tuple(int(each) for each in found.group(1, 2, 3))
    return (*numbers, found[4] is None, tuple(map(_precedence, (found[4] or "").split("."))))


def _precedence(identifier: str) -> tuple[int, int, str]:
    return (0, int(identifier), "") if identifier.isdigit() else (1, 0, identifier)


def _compared(left: Any, right: Any) -> int:
    return int(right < left) - int(left < right)


def _compare(left: Opaque, right: Opaque) -> int:
    return _compared(left.key, right.key)


def _add(left: Any, right: Any) -> Opaque:
    return _of_quantity(_amount(left) + _amount(right))


def _sub(left: Any, right: Any) -> Opaque:
    return _of_quantity(_amount(left) - _amount(right))


NUMBERS: tuple[Overload, ...] = (
    plain_function("isQuantity", "bool", "string", _is_quantity),
    plain_function("quantity", QUANTITY, "string", _quantity),
    method("sign", "int", QUANTITY, _sign),
    method("isInteger", "bool", QUANTITY, _is_integer),
    method("asInteger", "int", QUANTITY, _as_integer),
    method("asApproximateFloat", "double", QUANTITY, lambda value: float(_amount(value))),
    method("add", QUANTITY, f"{QUANTITY} {QUANTITY}", _add),
    method("add", QUANTITY, f"{QUANTITY} int", _add),
    method("sub", QUANTITY, f"{QUANTITY} {QUANTITY}", _sub),
    method("sub", QUANTITY, f"{QUANTITY} int", _sub),
    plain_function("isSemver", "bool", "string", _is_semver),
    plain_function("isSemver", "bool", "string bool", _is_semver),
    plain_function("semver", SEMVER, "string", _semver),
    plain_function("semver", SEMVER, "string bool", _semver),
    *(
        method(name, "int", SEMVER, lambda value, number=number: value.key[number])
        for number, name in enumerate(("major", "minor", "patch"))
    ),
    *(
        each
        for kind in (QUANTITY, SEMVER)
        for each in (
            method("isGreaterThan", "bool", f"{kind} {kind}", lambda left, right: _compare(left, right) > 0),
            method("isLessThan", "bool", f"{kind} {kind}", lambda left, right: _compare(left, right) < 0),
            method("compareTo", "int", f"{kind} {kind}", _compare),
        )
    ),
)
