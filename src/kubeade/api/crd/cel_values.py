"""Objects as rules see them: field names escaped where CEL could not spell them, values in CEL's types."""

import base64
import binascii
from typing import Any

from kubeade.api.cel.durations import parse_duration
from kubeade.api.cel.timestamps import parse_timestamp
from kubeade.api.parts import part
from kubeade.api.resource import Object

SELF, OLD_SELF = "self", "oldSelf"
_RESERVED = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"}
    | {"import", "let", "loop", "package", "namespace", "return", "var", "void", "while"}
)
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}


def escaped(name: str) -> str:
    """How a field of this name is written in a rule."""
    if name in _RESERVED:
        return f"__{name}__"
    for text, escape in _ESCAPES.items():
        name = name.replace(text, escape)
    return name


def to_cel(value: Any, schema: Object) -> Any:
    """The value of `self` as CEL's. What the schema does not know stays as it is."""
    if isinstance(value, dict):
        return _to_map(value, schema)
    if isinstance(value, list):
        items = part(schema, "items")
        return [to_cel(item, items) for item in value]
    if isinstance(value, str) and schema.get("type") == "string" and "format" in schema:
        return _of_format(value, schema["format"])
    if type(value) is int and schema.get("type") == "number":
        return float(value)
    return value


def _to_map(members: Object, schema: Object) -> Object:
    properties, values = part(schema, "properties"), schema.get("additionalProperties")
    if isinstance(values, dict):
        return {name: to_cel(member, values) for name, member in members.items()}
    return {escaped(name): to_cel(member, properties.get(name) or {}) for name, member in members.items()}


def _of_format(text: str, format: Any) -> Any:
    """As it is where it is not of the format: that is told elsewhere."""
    try:
        match format:
            case "date-time":
                return parse_timestamp(text)
            case "date":
                return parse_timestamp(f"{text}T00:00:00Z")
            case "duration":
                return parse_duration(text)
            case "byte":
                return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        pass
    return text
