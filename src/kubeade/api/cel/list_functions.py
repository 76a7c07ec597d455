"""Functions of lists (cel-go: ext/lists.go, ext/sets.go; upstream: cel/library/lists.go)."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from kubeade.api.cel import operators
from kubeade.api.cel.errors import CostExceeded
from kubeade.api.cel.frame import PER_CALL
from kubeade.api.cel.overload import Overload, method, plain_function
from kubeade.api.cel.values import Duration, contains, equal


def _is_sorted(items: list[Any]) -> bool:
    return all(not _greater(left, right) for left, right in pairwise(items))


def _greater(left: Any, right: Any) -> bool:
    operators.check_comparable(left, right)
    return bool(left > right)


def _sum(items: list[Any]) -> Any:
    if not items:
        return 0
    zero = Duration(0) if isinstance(items[0], Duration) else type(items[0])(0)
    for each in items:
        zero = operators.add(zero, each)
    return zero


def _extreme(name: str, better: Callable[[Any, Any], bool]) -> Callable[[list[Any]], Any]:
    def chosen(items: list[Any]) -> Any:
        if not items:
            raise ValueError(f"{name} called on empty list")
        found = items[0]
        for each in items[1:]:
            if better(each, found):
                found = each
        return found

    return chosen


def _index_of(items: list[Any], wanted: Any) -> int:
    return next((number for number, each in enumerate(items) if equal(each, wanted)), -1)


def _last_index_of(items: list[Any], wanted: Any) -> int:
    return next((number for number in reversed(range(len(items))) if equal(items[number], wanted)), -1)


def _range(count: int) -> list[int]:
    if count > PER_CALL:
        raise CostExceeded
    return list(range(count))


def _slice(items: list[Any], start: int, end: int) -> list[Any]:
    if start < 0 or end < 0:
        raise ValueError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise ValueError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if len(items) < end:
        raise ValueError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return items[start:end]


def _flatten(items: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise ValueError("level must be non-negative")
    found: list[Any] = []
    for each in items:
        if depth and isinstance(each, list):
            found += _flatten(each, depth - 1)
        else:
            found.append(each)
    return found


def _distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for each in items:
        if not contains(found, each):
            found.append(each)
    return found


def _sort_by(items: list[Any], keys: list[Any]) -> list[Any]:
    if len({type(each) for each in keys}) > 1:
        raise ValueError("list elements must have the same type")
    if keys:
        try:
            operators.check_comparable(keys[0], keys[0])
        except ValueError:
            raise ValueError("list elements must be comparable") from None
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return [items[number] for number in order]


def _all_in(items: list[Any], others: list[Any]) -> bool:
    return all(contains(items, each) for each in others)


LIST_FUNCTIONS: tuple[Overload, ...] = (
    plain_function("lists.range", "list", "int", _range),
    method("slice", "list", "list int int", _slice),
    method("flatten", "list", "list", _flatten),
    method("flatten", "list", "list int", _flatten),
    method("distinct", "list", "list", _distinct),
    method("reverse", "list", "list", lambda items: items[::-1]),
    method("sort", "list", "list", lambda items: _sort_by(items, items)),
    method("@sortByAssociatedKeys", "list", "list list", _sort_by),
    plain_function("sets.contains", "bool", "list list", _all_in),
    plain_function(
        "sets.intersects", "bool", "list list", lambda one, two: any(contains(one, x) for x in two)
    ),
    plain_function(
        "sets.equivalent", "bool", "list list", lambda one, two: _all_in(one, two) and _all_in(two, one)
    ),
)

_SUMMED = ("int", "uint", "double", "duration")
_COMPARED = (*_SUMMED, "bool", "timestamp", "string", "bytes")
_LEAST, _MOST = _extreme("min", lambda left, right: _greater(right, left)), _extreme("max", _greater)

LISTS: tuple[Overload, ...] = (
    *(method("isSorted", "bool", f"list<{each}>", _is_sorted) for each in _COMPARED),
    *(method("sum", each, f"list<{each}>", _sum) for each in _SUMMED),
    *(method("min", each, f"list<{each}>", _LEAST) for each in _COMPARED),
    *(method("max", each, f"list<{each}>", _MOST) for each in _COMPARED),
    method("indexOf", "int", "list dyn", _index_of),
    method("lastIndexOf", "int", "list dyn", _last_index_of),
)
"""Kubernetes' own."""
