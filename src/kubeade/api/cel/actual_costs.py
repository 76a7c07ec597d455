"""What a call has cost, by its values and its result (upstream: cel/library/cost.go CallCost; cel-go:
interpreter/runtimecost.go costCall, ext/lists.go, ext/sets.go).

What it may cost at most is `call_costs`'.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from kubeade.api.cel.estimates import PER_CHARACTER, PER_PATTERN_CHARACTER
from kubeade.api.cel.values import Opaque, size_of

_Cost = Callable[[Sequence[Any], Any], int]
_CHECK = 350_000
_NEW_LIST = 11
_FORMAT_PATTERN = 60


def actual_cost(name: str) -> _Cost:
    return _COSTS.get(name, _one)


def _one(values: Sequence[Any], result: Any) -> int:
    return 1


def _scaled(size: float, factor: float) -> int:
    return math.ceil(size * factor)


def _first(factor: float) -> _Cost:
    return lambda values, result: _scaled(size_of(values[0]), factor)


def _equality(values: Sequence[Any], result: Any) -> int:
    if isinstance(values[0], Opaque):
        return 1
    return _scaled(min(size_of(values[0]), size_of(values[1])), PER_CHARACTER)


def _order(values: Sequence[Any], result: Any) -> int:
    return _equality(values, result) if isinstance(values[0], str | bytes) else 1


def _joined(values: Sequence[Any], result: Any) -> int:
    return _scaled(size_of(result), PER_CHARACTER) if isinstance(result, str | bytes) else 1


def _search(values: Sequence[Any], result: Any) -> int:
    return size_of(values[1]) if isinstance(values[1], list) else 1


def _pattern(values: Sequence[Any], result: Any) -> int:
    text, pattern = size_of(values[0]), size_of(values[1])
    return _scaled(1 + text, PER_CHARACTER) * _scaled(pattern, PER_PATTERN_CHARACTER)


def _contains(values: Sequence[Any], result: Any) -> int:
    return _scaled(size_of(values[0]), PER_CHARACTER) * _scaled(size_of(values[1]), PER_CHARACTER)


def _conversion(values: Sequence[Any], result: Any) -> int:
    return _scaled(size_of(values[0]), PER_CHARACTER) if isinstance(values[0], str | bytes) else 1


def _traversal(values: Sequence[Any], result: Any) -> int:
    return _traversed(values[0])


def _traversed(value: Any) -> int:
    if isinstance(value, str):
        return int(len(value.encode("utf-8", "replace")) * PER_CHARACTER)
    if isinstance(value, bytes):
        return int(len(value) * PER_CHARACTER)
    if isinstance(value, list):
        return sum(map(_traversed, value))
    if isinstance(value, dict):
        return sum(_traversed(key) + _traversed(below) for key, below in value.items())
    return 1


def _address(values: Sequence[Any], result: Any) -> int:
    """Of a range its address is at hand; of a text it has to be read."""
    return 1 if isinstance(values[0], Opaque) else _scaled(size_of(values[0]), PER_CHARACTER)


def _range(comparisons: int) -> _Cost:
    def cost(values: Sequence[Any], result: Any) -> int:
        size = size_of(values[0])
        read = size_of(values[1]) if isinstance(values[1], str) else 0
        more = _scaled(size, PER_CHARACTER) + 1 if comparisons > 2 else 0
        return _scaled(2 * size, PER_CHARACTER) + more + (_scaled(read, PER_CHARACTER) if read else 0)

    return cost


def _selector(values: Sequence[Any], result: Any) -> int:
    size = size_of(values[1])
    return 10 + _scaled(size, PER_CHARACTER) + _scaled(_scaled(size, 0.5), 50)


def _validate(values: Sequence[Any], result: Any) -> int:
    text = _scaled(1 + size_of(values[1]), PER_CHARACTER)
    return text * _scaled(_FORMAT_PATTERN, PER_PATTERN_CHARACTER)


def _new_list(values: Sequence[Any], result: Any) -> int:
    return _NEW_LIST + size_of(result)


def _flattened(values: Sequence[Any], result: Any) -> int:
    depth = values[1] if len(values) > 1 else 1
    return _NEW_LIST + int(depth * size_of(values[0]))


def _compared(number: int) -> _Cost:
    """Each element of a list with each other one."""

    def cost(values: Sequence[Any], result: Any) -> int:
        found = values[number]
        factor = 2 + (PER_CHARACTER if found and isinstance(found[0], str | bytes) else 0)
        return _NEW_LIST + int(len(found) ** 2 * factor)

    return cost


def _distinct_or_reversed(values: Sequence[Any], result: Any) -> int:
    return _new_list(values, result) if isinstance(result, list) else 1


def _sets(factor: int) -> _Cost:
    return lambda values, result: 1 + len(values[0]) * len(values[1]) * factor


_COSTS: dict[str, _Cost] = {
    "check": lambda values, result: _CHECK,
    **dict.fromkeys(("fieldSelector", "labelSelector"), _selector),
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _traversal),
    **dict.fromkeys(("url", "lowerAscii", "upperAscii", "substring", "trim"), _first(PER_CHARACTER)),
    "jsonpatch.escapeKey": _first(PER_CHARACTER),
    **dict.fromkeys(("replace", "split"), _first(2 * PER_CHARACTER)),
    "join": lambda values, result: _scaled(size_of(result), 2 * PER_CHARACTER),
    **dict.fromkeys(("find", "findAll", "matches"), _pattern),
    **dict.fromkeys(("cidr", "isIP", "isCIDR"), _first(PER_CHARACTER)),
    "ip": _address,
    "ip.isCanonical": _first(2 * PER_CHARACTER),
    "containsIP": _range(2),
    "containsCIDR": _range(3),
    **dict.fromkeys(("quantity", "isQuantity", "semver", "isSemver"), _first(PER_CHARACTER)),
    "validate": _validate,
    **dict.fromkeys(("_==_", "_!=_"), _equality),
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), _order),
    "_+_": _joined,
    "@in": _search,
    "contains": _contains,
    **dict.fromkeys(("startsWith", "endsWith", "strings.quote", "format"), _first(PER_CHARACTER)),
    **dict.fromkeys(("bytes", "string"), _conversion),
    **dict.fromkeys(("slice", "lists.range"), _new_list),
    "reverse": _distinct_or_reversed,
    "flatten": _flattened,
    **dict.fromkeys(("distinct", "sort"), _compared(0)),
    "@sortByAssociatedKeys": _compared(1),
    **dict.fromkeys(("sets.contains", "sets.intersects"), _sets(1)),
    "sets.equivalent": _sets(2),
}
