"""Unknown fields go, defaults come: what happens to a custom object before it is validated.

Both work on the object in place, which the caller owns. The rules are those of structural schemas:
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from collections.abc import Iterator
from typing import Any

from kubeade.api.parts import part
from kubeade.api.patch.json_value import copied
from kubeade.api.resource import Object

_META_FIELDS = ("apiVersion", "kind", "metadata")
_KEEPS = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"


def prune(obj: Object, schema: Object) -> list[str]:
    """Remove what the schema does not know; answers with the removed fields' paths, sorted."""
    return sorted(_prune(obj, {**schema, _EMBEDDED: True}, ""))


def _prune(value: Any, schema: Object | None, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _prune_members(value, schema, path)
    elif isinstance(value, list):
        below = schema if schema is not None and schema.get(_KEEPS) else (schema or {}).get("items")
        for index, item in enumerate(value):
            yield from _prune(item, below, f"{path}[{index}]")


def _prune_members(members: Object, schema: Object | None, path: str) -> Iterator[str]:
    known = schema or {}
    properties, values = part(known, "properties"), known.get("additionalProperties")
    for name in list(members):
        if known.get(_EMBEDDED) and name in _META_FIELDS:
            continue
        below = f"{path}.{name}" if path else name
        if name in properties:
            yield from _prune(members[name], properties[name], below)
        elif isinstance(values, dict):
            yield from _prune(members[name], values, below)
        elif values is True:
            yield from _prune(members[name], None, below)
        elif not known.get(_KEEPS):
            del members[name]
            yield below


def apply_defaults(value: Any, schema: Object) -> None:
    """Fill in defaults: for missing fields, and for nulls where null is not allowed.

    A null that is not allowed and has no default is dropped: the field counts as missing.
    """
    if isinstance(value, dict):
        _default_members(value, schema)
    elif isinstance(value, list):
        _default_items(value, part(schema, "items"))


def _default_members(members: Object, schema: Object) -> None:
    properties, values = part(schema, "properties"), schema.get("additionalProperties")
    for name, below in properties.items():
        missing = name not in members or (members[name] is None and not below.get("nullable"))
        if missing and "default" in below:
            members[name] = copied(below["default"])
        elif missing:
            members.pop(name, None)
    for name, member in members.items():
        below = properties.get(name, values)
        if isinstance(below, dict):
            if name not in properties and _is_disallowed_null(member, below):
                members[name] = copied(below.get("default"))
            apply_defaults(members[name], below)


def _default_items(items: list[Any], schema: Object) -> None:
    for index, item in enumerate(items):
        if _is_disallowed_null(item, schema) and "default" in schema:
            items[index] = copied(schema["default"])
        apply_defaults(items[index], schema)


def _is_disallowed_null(value: Any, schema: Object) -> bool:
    return value is None and not schema.get("nullable")
