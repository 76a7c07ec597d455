"""Lists in a strategic merge: items merged by key, scalars as a set, and the order that results.

Order: items that the patch names stand as the patch (or `$setElementOrder`) orders them, the server's other
items as they stood, and the two are interleaved as closely to the server's order as that allows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kubeade.api.errors import ApiError
from kubeade.api.patch import strategic_errors as errors
from kubeade.api.patch.strategic_schema import strategy_of
from kubeade.api.schema_node import Node

MergeMaps = Callable[[dict[str, Any], dict[str, Any], Node | None], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ListShape:
    """How a list merges: whether, by which key, and the schema of its items."""

    merges: bool
    merge_key: str
    items: Node | None

    @classmethod
    def of(cls, node: Node | None) -> "ListShape":
        if node is None:
            return cls(False, "", None)
        return cls(strategy_of(node) == "merge", node.patch_merge_key, node.items)


def merge_lists(current: list[Any], change: list[Any], shape: ListShape, merge_maps: MergeMaps) -> list[Any]:
    """`change` merged into `current`, in order; just `change` where the list does not merge."""
    if not shape.merges:
        return change
    if not current and not change:
        return current
    if _item_type(current, change) is not dict:
        return in_order(list(dict.fromkeys(current + change)), change, current, "")
    if not shape.merge_key:
        raise ApiError("cannot merge lists without merge key for struct")
    current, change = _follow_directives(current, change, shape.merge_key)
    merged = _merge_items(current, change, shape, merge_maps)
    return in_order(merged, change, current, shape.merge_key)


def _item_type(*sides: list[Any]) -> type:
    types = {type(item) for side in sides for item in side}
    if list in types:
        raise errors.list_of_lists()
    if len(types) > 1:
        raise errors.mixed_types(*sides)
    return types.pop()


def _follow_directives(
    current: list[dict[str, Any]], change: list[dict[str, Any]], merge_key: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Both lists after the patch's `$patch` items: entries deleted, or all of them replaced."""
    plain = [item for item in change if "$patch" not in item]
    replace = False
    for item in change:
        directive = item.get("$patch")
        if directive == "delete":
            key = _key_of(item, merge_key)
            current = [entry for entry in current if entry.get(merge_key) != key]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise ApiError("merging lists cannot yet be specified in the patch")
        elif directive is not None:
            raise errors.unknown_directive(directive, item)
    return (plain, []) if replace else (current, plain)


def _merge_items(
    current: list[dict[str, Any]], change: list[dict[str, Any]], shape: ListShape, merge_maps: MergeMaps
) -> list[dict[str, Any]]:
    merged = list(current)
    for item in change:
        key = _key_of(item, shape.merge_key)
        at = next((i for i, entry in enumerate(merged) if entry.get(shape.merge_key) == key), -1)
        if at < 0:
            merged.append(merge_maps({}, item, shape.items))
        else:
            merged[at] = merge_maps(merged[at], item, shape.items)
    return merged


def check_order(change: list[Any], order: list[Any], merge_key: str) -> None:
    """A patch's items must be named by its own `$setElementOrder`, in the same relative order."""
    if not change or not order:
        return
    wanted = [_identity(item, merge_key) for item in change if not (type(item) is dict and "$patch" in item)]
    positions = iter([_identity(item, merge_key) for item in order])
    if not all(key in positions for key in wanted):
        raise errors.order_mismatch(change, order)


def in_order(merged: list[Any], order: list[Any], server_order: list[Any], merge_key: str) -> list[Any]:
    """`merged` sorted by `order`, with the items that `order` does not name in their former places."""
    wanted = _places(order, merge_key)
    former = _places(server_order, merge_key)
    ranked = [(_identity(item, merge_key), item) for item in merged]
    named = sorted((pair for pair in ranked if pair[0] in wanted), key=lambda pair: wanted[pair[0]])
    others = [pair for pair in ranked if pair[0] not in wanted]
    others.sort(key=lambda pair: former.get(pair[0], len(former)))
    return [item for _, item in _interleaved(others, named, former)]


def _interleaved(
    others: list[tuple[Any, Any]], named: list[tuple[Any, Any]], former: dict[Any, int]
) -> list[tuple[Any, Any]]:
    result: list[tuple[Any, Any]] = []
    waiting = list(reversed(others))
    for pair in named:
        place = former.get(pair[0])
        while waiting and place is not None and former.get(waiting[-1][0], len(former)) < place:
            result.append(waiting.pop())
        result.append(pair)
    return result + waiting[::-1]


def _places(items: list[Any], merge_key: str) -> dict[Any, int]:
    places: dict[Any, int] = {}
    for place, item in enumerate(items):
        places.setdefault(_identity(item, merge_key), place)
    return places


def _identity(item: Any, merge_key: str) -> Any:
    """What tells a list's items apart: the merge key's value, or a scalar itself."""
    if not merge_key:
        return item if type(item) not in (dict, list) else errors.printed(item)
    if type(item) is not dict:
        raise errors.wrong_type("map[string]interface {}", item)
    key = _key_of(item, merge_key)
    return key if type(key) not in (dict, list) else errors.printed(key)


def _key_of(item: dict[str, Any], merge_key: str) -> Any:
    if merge_key not in item:
        raise errors.no_merge_key(item, merge_key)
    return item[merge_key]
