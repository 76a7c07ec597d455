"""What is published of a custom kind: its schema with the fields of every object, in each form.

Version 2 of OpenAPI knows no nullable and nothing of unknown fields that are kept, and clients take the words
that stand beside them more strictly than the server does: there it says less, as upstream does.
"""

from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]

_KEEPS = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"


def is_open(schema: Mapping[str, Any]) -> bool:
    """Whether unknown fields of it are kept: v2 can then say nothing but that it is an object."""
    return bool(schema.get(_KEEPS))


def simplified(schema: Mapping[str, Any]) -> Json:
    """A schema in the words that clients of v2 understand."""
    found = below(schema, simplified)
    required = [name for name in found.pop("required", ()) if not _nullable(schema, name)]
    if required:
        found["required"] = required
    if found.pop("nullable", False):
        for word in ("type", "items", "properties"):
            found.pop(word, None)
    if is_open(found):
        for word in ("items", "properties"):
            found.pop(word, None)
        if found.get("type") == "object":
            del found["type"]
    if found.get("type") == "array" and "items" not in found:
        del found["type"]
    return found


def with_object_fields(schema: Mapping[str, Any], fields: Mapping[str, Json], *, v3: bool) -> Json:
    """The schema with apiVersion, kind and metadata, in it and in every whole object embedded in it."""
    written = _with_embedded(schema, fields, v3)
    return {**written, "properties": {**written.get("properties", {}), **fields}}


def _with_embedded(schema: Mapping[str, Any], fields: Mapping[str, Json], v3: bool) -> Json:
    found = below(schema, lambda each: _with_embedded(each, fields, v3))
    if found.get(_EMBEDDED) and (v3 or not is_open(found)):
        found["properties"] = {**found.get("properties", {}), **fields}
        found["required"] = [*found.get("required", [])]
        found["required"] += [name for name in ("kind", "apiVersion") if name not in found["required"]]
    return found


def below(schema: Mapping[str, Any], convert: Callable[[Mapping[str, Any]], Json]) -> Json:
    """A schema with every schema right below it converted."""
    found = dict(schema)
    if isinstance(schema.get("properties"), Mapping):
        found["properties"] = {name: convert(each) for name, each in schema["properties"].items()}
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), Mapping):
            found[word] = convert(schema[word])
    return found


def _nullable(schema: Mapping[str, Any], name: str) -> bool:
    return bool(schema.get("properties", {}).get(name, {}).get("nullable"))
