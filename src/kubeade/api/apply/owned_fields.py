"""Which fields a value consists of: for an applied configuration, and for a value that is new as a whole."""

from typing import Any

from kubeade.api.apply.field_set import SELF, Fields
from kubeade.api.apply.shape import LEAF, Form, Shape

# Looking an enumeration's member up costs as much as the step down that it is for.
_LEAF, _MAP, _LIST = Form.LEAF, Form.MAP, Form.LIST


def to_field_set(config: dict[str, Any], shape: Shape) -> Fields:
    """The fields that applying this object claims.

    These are the leaves, list items and entries of maps. A struct's presence is not claimed by what is in it.
    """
    return _applied(config, shape)


def _applied(value: Any, shape: Shape) -> Fields:
    """The set below a value; the empty set says nothing of whether the value itself is a member."""
    if shape.form is Form.MAP and type(value) is dict:
        return _applied_members(value, shape)
    if shape.form is Form.LIST and type(value) is list:
        return _applied_items(value, shape)
    return {}


def _applied_members(members: dict[str, Any], shape: Shape) -> Fields:
    result: Fields = {}
    for name, value in members.items():
        element, below = shape.step(name)
        nested = _applied(value, below)
        if not shape.declares(name):
            result[element] = {SELF: {}, **nested} if nested else {}
        elif nested or not _is_branch(value, below):
            result[element] = nested
    return result


def _is_branch(value: Any, shape: Shape) -> bool:
    """Whether what is owned here is owned further down. An empty list of items is owned by nobody."""
    if shape.form is Form.MAP:
        return type(value) is dict and len(value) > 0
    return shape.form is Form.LIST and type(value) is list


def _applied_items(items: list[Any], shape: Shape) -> Fields:
    result: Fields = {}
    seen: set[str] = set()
    for item in items:
        element = shape.item_element(item)
        if element in seen:
            result[element] = {}
            continue
        seen.add(element)
        nested = _applied(item, shape.items or LEAF)
        result[element] = {SELF: {}, **nested} if nested else {}
    return result


def all_fields(value: Any, shape: Shape) -> Fields:
    """The set below a value that is new: every field down to the leaves, each with its parents."""
    form = shape.form
    if form is _MAP and type(value) is dict and (value or shape.nulls):
        return _all_members(value, shape)
    if form is _LIST and type(value) is list and value:
        return _all_items(value, shape)
    return {}


def _all_members(members: dict[str, Any], shape: Shape) -> Fields:
    names = tuple(members)
    kept = shape.unbranched(names)
    if kept is not None:
        return kept
    result: Fields = {SELF: {}}
    branches = False
    for name, member in members.items():
        element, below = shape.step(name)
        if below.form is _LEAF:
            branches = branches or not shape.declares(name)
            result[element] = {}
        else:
            branches = True
            result[element] = all_fields(member, below)
    for name in shape.nulls:
        if name not in members:
            result[shape.step(name)[0]] = {}
    if not branches:
        shape.keep_unbranched(names, result)
    return result


def _all_items(items: list[Any], shape: Shape) -> Fields:
    result: Fields = {SELF: {}}
    below = shape.items or LEAF
    for item in items:
        try:
            element = shape.item_element(item)
        except ValueError:
            continue
        result[element] = {} if element in result else all_fields(item, below)
    return result
