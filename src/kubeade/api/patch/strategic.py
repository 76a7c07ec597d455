"""Strategic merge patch: a merge patch that knows the schema, so that lists can merge too.

Lists whose schema says so merge by key (or, for scalars, as sets); a patch steers the merge with directives:
`$patch: replace | delete`, `$retainKeys`, `$setElementOrder/<list>` and `$deleteFromPrimitiveList/<list>`.
See https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md

A field that the schema does not know merges as plain JSON does. Custom resources have no patch strategies:
the API server refuses this kind of patch for them.
"""

from typing import Any

from kubeade.api.errors import ApiError, BadRequest
from kubeade.api.patch import strategic_errors as errors
from kubeade.api.patch import strategic_lists as lists
from kubeade.api.patch.json_value import copied
from kubeade.api.patch.strategic_schema import field_of, strategy_of
from kubeade.api.schema_node import Node

PATCH = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_FROM = "$deleteFromPrimitiveList"
ELEMENT_ORDER = "$setElementOrder"
_DIRECTIVES = (PATCH, RETAIN_KEYS, DELETE_FROM, ELEMENT_ORDER)


def strategic_merge(original: dict[str, Any], patch: Any, node: Node | None) -> dict[str, Any]:
    """`original` with `patch` merged in as the schema `node` says.

    Raises BadRequest for a malformed patch, Invalid for lists of lists, and ApiError (500, as upstream
    answers) for a patch that does not fit the list it changes.
    """
    if type(patch) is not dict:
        raise BadRequest("invalid JSON document")
    return merge_maps(copied(original), copied(patch), node)


def merge_maps(original: dict[str, Any], patch: dict[str, Any], node: Node | None) -> dict[str, Any]:
    """Merges in place: both arguments are used up."""
    if PATCH in patch:
        return _follow_directive(patch)
    _retain_keys(original, patch)
    _merge_ordered_lists(original, patch, node)
    for key, change in patch.items():
        if key.startswith(DELETE_FROM):
            _delete_from_list(original, key, change)
        elif change is None:
            original.pop(key, None)
        else:
            _merge_field(original, key, change, node)
    return original


def _follow_directive(patch: dict[str, Any]) -> dict[str, Any]:
    directive = patch[PATCH]
    if directive == "replace":
        return {key: without_directives(value) for key, value in patch.items() if key != PATCH}
    if directive == "delete":
        return {}
    raise errors.unknown_directive(directive, patch)


def _retain_keys(original: dict[str, Any], patch: dict[str, Any]) -> None:
    """Drops what a patch does not retain: how one member of a union takes the place of another."""
    if RETAIN_KEYS not in patch:
        return
    retained = patch.pop(RETAIN_KEYS)
    if type(retained) is not list:
        raise errors.bad_retain_keys()
    for key, value in patch.items():
        directive = key.startswith((DELETE_FROM, ELEMENT_ORDER))
        if value is not None and not directive and key not in retained:
            raise errors.bad_retain_keys()
    for key in [key for key in original if key not in retained]:
        del original[key]


def _merge_ordered_lists(original: dict[str, Any], patch: dict[str, Any], node: Node | None) -> None:
    for directive in [key for key in patch if key.startswith(ELEMENT_ORDER)]:
        order = patch.pop(directive)
        if type(order) is not list:
            raise errors.wrong_type(errors.LIST, order)
        key = _list_named_by(directive, ELEMENT_ORDER, errors.bad_element_order())
        merged = _merge_ordered_list(original.get(key), patch.get(key), order, field_of(node, key))
        if merged is not None:
            original[key] = merged
            patch.pop(key, None)


def _merge_ordered_list(current: Any, change: Any, order: list[Any], node: Node | None) -> list[Any] | None:
    for value in (current, change):
        if value is not None and type(value) is not list:
            raise errors.wrong_type(errors.LIST, value)
    shape = lists.ListShape.of(node)
    lists.check_order(change or [], order, shape.merge_key)
    if current is None and change is None:
        return None
    if change is None:
        merged = current
    elif current is None:
        merged = without_directives(change)
    else:
        merged = lists.merge_lists(current, change, shape, merge_maps)
    return lists.in_order(merged, order, list(current or []), shape.merge_key)


def _delete_from_list(original: dict[str, Any], directive: str, removed: Any) -> None:
    key = _list_named_by(directive, DELETE_FROM, errors.bad_primitive_list())
    current = original.get(key)
    if type(current) is list and type(removed) is list:
        original[key] = [item for item in current if item not in removed]


def _merge_field(original: dict[str, Any], key: str, change: Any, node: Node | None) -> None:
    current = original.get(key)
    child = field_of(node, key)
    if type(current) is dict and type(change) is dict and strategy_of(child) != "replace":
        original[key] = merge_maps(current, change, child)
    elif type(current) is list and type(change) is list and strategy_of(child) == "merge":
        original[key] = lists.merge_lists(current, change, lists.ListShape.of(child), merge_maps)
    elif type(change) is dict and PATCH in change:
        original.pop(key, None)
    else:
        original[key] = without_directives(change)


def _list_named_by(directive: str, prefix: str, malformed: ApiError) -> str:
    start, separator, key = directive.partition("/")
    if start != prefix or not separator:
        raise malformed
    return key


def without_directives(value: Any) -> Any:
    """What a patch's value stands for where there is nothing to merge it with."""
    if type(value) is list:
        return [without_directives(item) for item in value if not (type(item) is dict and PATCH in item)]
    if type(value) is not dict:
        return value
    kept = {k: v for k, v in value.items() if v is not None and not k.startswith(_DIRECTIVES)}
    return {k: without_directives(v) for k, v in kept.items() if not (type(v) is dict and PATCH in v)}
