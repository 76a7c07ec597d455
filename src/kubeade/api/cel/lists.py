"""isSorted, sum, min, max, indexOf, lastIndexOf of lists (upstream: cel/library/lists.go)."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from kubeade.api.cel.overload import Overload, method, plain


def _is_sorted(items: Any) -> bool:
    return all(left <= right for left, right in pairwise(plain(items)))


def _first_of(choose: Callable[[list[Any]], Any], name: str) -> Callable[[Any], Any]:
    def chosen(items: Any) -> Any:
        found = plain(items)
        if not found:
            raise ValueError(f"{name} called on empty list")
        return choose(found)

    return chosen


def _index_of(items: Any, value: Any) -> int:
    found, wanted = plain(items), plain(value)
    return found.index(wanted) if wanted in found else -1


def _last_index_of(items: Any, value: Any) -> int:
    found, wanted = plain(items), plain(value)
    return len(found) - 1 - found[::-1].index(wanted) if wanted in found else -1


LISTS: tuple[Overload, ...] = (
    method("isSorted", "bool", "list", _is_sorted),
    method("sum", "dyn", "list", lambda items: sum(plain(items))),
    method("min", "dyn", "list", _first_of(min, "min")),
    method("max", "dyn", "list", _first_of(max, "max")),
    method("indexOf", "int", "list dyn", _index_of),
    method("lastIndexOf", "int", "list dyn", _last_index_of),
)
