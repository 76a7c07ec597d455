"""Fields that an applier no longer applies leave the object, unless somebody else owns them."""

from collections.abc import Iterable
from typing import Any

from kubeade.api.apply import field_set
from kubeade.api.apply.field_set import SELF, Fields
from kubeade.api.apply.owned_fields import to_field_set
from kubeade.api.apply.shape import LEAF, Form, Shape


def prune(merged: dict[str, Any], last: Fields, owned: Iterable[Fields], shape: Shape) -> dict[str, Any]:
    """`merged` less what the applier owned `last` and nobody among `owned` (it now included) owns.

    Three steps, as upstream: take away all of `last`; keep of that what has an owner; and of the rest take
    away only what really was the applier's, so that what a removed parent held for nobody stays gone but
    what an updater put beside it does not go with it.
    """
    managed: Fields = {}
    for fields in owned:
        managed = field_set.union(managed, fields)
    if not field_set.difference(last, managed):
        return merged
    present = _with_named(to_field_set(merged, shape), shape)
    pruned = remove(merged, _with_named(last, shape), shape)
    kept = field_set.union(_with_named(to_field_set(pruned, shape), shape), _with_named(managed, shape))
    pruned = remove(merged, field_set.difference(present, kept), shape)
    gone = field_set.difference(present, _with_named(to_field_set(pruned, shape), shape))
    return remove(merged, field_set.intersection(gone, _with_named(last, shape)), shape)


def _with_named(fields: Fields, shape: Shape) -> Fields:
    """The set with every struct's named field that has members below it made a member too."""
    result: Fields = {}
    for element, node in fields.items():
        if not node or element == SELF:
            result[element] = node
            continue
        below, named = _below(element, shape)
        nested = _with_named(node, below)
        result[element] = {SELF: {}, **nested} if named and SELF not in nested else nested
    return result


def _below(element: str, shape: Shape) -> tuple[Shape, bool]:
    """The shape below a path element, and whether it is a field that the schema names."""
    if element.startswith("f:") and shape.form is Form.MAP:
        name = element[2:]
        return shape.step(name)[1], shape.declares(name)
    return (shape.items or LEAF) if shape.form is Form.LIST else LEAF, False


def remove(value: dict[str, Any], fields: Fields, shape: Shape) -> dict[str, Any]:
    """`value` less the members of a set. What is emptied on the way stays, empty."""
    return _removed_members(value, fields, shape) if fields else value


def _removed(value: Any, fields: Fields, shape: Shape) -> Any:
    if shape.form is Form.MAP and type(value) is dict:
        return _removed_members(value, fields, shape)
    if shape.form is Form.LIST and type(value) is list:
        return _removed_items(value, fields, shape)
    return value


def _removed_members(members: dict[str, Any], fields: Fields, shape: Shape) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in members.items():
        node = fields.get(field_set.field(name))
        if node is None:
            result[name] = value
        elif not field_set.is_member(node):
            result[name] = _removed(value, node, shape.step(name)[1])
    return result


def _removed_items(items: list[Any], fields: Fields, shape: Shape) -> list[Any]:
    result: list[Any] = []
    for item in items:
        node = fields.get(shape.item_element(item))
        if node is None:
            result.append(item)
        elif not field_set.is_member(node):
            result.append(_removed(item, node, shape.items or LEAF))
    return result
