"""No item twice in lists of type set and map."""

from typing import Any

import msgspec

from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, duplicate, invalid


def duplicates(value: Any, schema: Object, path: str = "") -> Errors:
    """Repeated items, at any depth."""
    if isinstance(value, dict):
        properties, values = part(schema, "properties"), schema.get("additionalProperties")
        for name, member in value.items():
            below = properties.get(name, values)
            if isinstance(below, dict):
                yield from duplicates(member, below, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield from _in_list(value, schema, path)


def _in_list(items: list[Any], schema: Object, path: str) -> Errors:
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        yield from _repeated(items, path)
    elif kind == "map":
        yield from _repeated_keys(items, schema.get("x-kubernetes-list-map-keys") or [], path)
    below = schema.get("items")
    if isinstance(below, dict):
        for index, item in enumerate(items):
            yield from duplicates(item, below, f"{path}[{index}]")


def _repeated_keys(items: list[Any], keys: list[str], path: str) -> Errors:
    for index, item in enumerate(items):
        if item is not None and not isinstance(item, dict):
            yield invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")
            return
    found = [{key: item[key] for key in keys if key in item} if item else {} for item in items]
    yield from _repeated(found, path)


def _repeated(items: list[Any], path: str) -> Errors:
    seen: dict[bytes, int] = {}
    for index, item in enumerate(items):
        identity = msgspec.json.encode(item, order="deterministic")
        seen[identity] = seen.get(identity, 0) + 1
        if seen[identity] == 2:
            yield duplicate(f"{path}[{index}]", item)
