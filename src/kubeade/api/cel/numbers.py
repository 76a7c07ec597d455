"""Quantities and semantic versions (upstream: cel/library/quantity.go, semverlib.go)."""

import re
from typing import Any

from kubeade.api.cel.overload import TAG, Overload, fields_of, method, plain_function, tagged
from kubeade.api.quantity import Format, Quantity, QuantityError

_CORE = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
_SEMVER = re.compile(rf"{_CORE}(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")
_LOOSE = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


def _is_quantity(text: str) -> bool:
    try:
        Quantity.parse(text)
    except QuantityError:
        return False
    return True


def _quantity(text: str) -> dict[str, Any]:
    """Equal amounts are equal values, however they are written."""
    return _of_quantity(Quantity.parse(text))


def _of_quantity(found: Quantity) -> dict[str, Any]:
    return tagged("quantity", key=str(Quantity(found.nano, Format.DECIMAL)))


def _amount(value: Any) -> Quantity:
    if isinstance(value, int):
        return Quantity.of(value)
    return Quantity.parse(fields_of(value, "quantity")["key"])


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


def _semver(text: str, normalize: bool = False) -> dict[str, Any]:
    found = _SEMVER.fullmatch(_normalized(text) if normalize else text)
    if found is None:
        raise ValueError(f"Invalid character(s) found in version {text!r}")
    return tagged("semver", key=found[0].partition("+")[0], text=found[0])


def _numbers(value: Any) -> tuple[Any, ...]:
    found = _SEMVER.fullmatch(fields_of(value, "semver")["key"])
    assert found is not None
    numbers = tuple(int(each) for each in found.group(1, 2, 3))
    return (*numbers, found[4] is None, tuple(map(_precedence, (found[4] or "").split("."))))


def _precedence(identifier: str) -> tuple[int, int, str]:
    return (0, int(identifier), "") if identifier.isdigit() else (1, 0, identifier)


def _compared(left: Any, right: Any) -> int:
    return int(right < left) - int(left < right)


def _compare(left: Any, right: Any) -> int:
    if fields_of(left, "quantity", "semver")[TAG] == "semver":
        return _compared(_numbers(left), _numbers(right))
    return _compared(_amount(left), _amount(right))


def _add(left: Any, right: Any) -> dict[str, Any]:
    return _of_quantity(_amount(left) + _amount(right))


def _sub(left: Any, right: Any) -> dict[str, Any]:
    return _of_quantity(_amount(left) - _amount(right))


NUMBERS: tuple[Overload, ...] = (
    plain_function("isQuantity", "bool", "string", _is_quantity),
    plain_function("quantity", "map", "string", _quantity),
    method("sign", "int", "map", _sign),
    method("isInteger", "bool", "map", _is_integer),
    method("asInteger", "int", "map", _as_integer),
    method("asApproximateFloat", "double", "map", lambda value: float(_amount(value))),
    method("add", "map", "map map", _add),
    method("add", "map", "map int", _add),
    method("sub", "map", "map map", _sub),
    method("sub", "map", "map int", _sub),
    method("isGreaterThan", "bool", "map map", lambda left, right: _compare(left, right) > 0),
    method("isLessThan", "bool", "map map", lambda left, right: _compare(left, right) < 0),
    method("compareTo", "int", "map map", _compare),
    plain_function("isSemver", "bool", "string", _is_semver),
    plain_function("isSemver", "bool", "string bool", _is_semver),
    plain_function("semver", "map", "string", _semver),
    plain_function("semver", "map", "string bool", _semver),
    method("major", "int", "map", lambda value: _numbers(value)[0]),
    method("minor", "int", "map", lambda value: _numbers(value)[1]),
    method("patch", "int", "map", lambda value: _numbers(value)[2]),
)
