"""Objects as rules see them: field names escaped where CEL could not spell them, values in CEL's types."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

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
    if isinstance(value, str) and schema.get("type") == "string":
        return _to_scalar(value, schema.get("format"))
    return _nested(value, schema)


def _nested(value: Any, schema: Object) -> Any:
    if isinstance(value, dict):
        return _to_map(value, schema)
    if isinstance(value, list):
        items = part(schema, "items")
        return [_nested(item, items) for item in value]
    if type(value) is int and schema.get("type") == "number":
        return float(value)
    return value


def _to_map(members: Object, schema: Object) -> Object:
    properties, values = part(schema, "properties"), schema.get("additionalProperties")
    if isinstance(values, dict):
        return {name: _nested(member, values) for name, member in members.items()}
    return {escaped(name): _nested(member, properties.get(name) or {}) for name, member in members.items()}


def _to_scalar(text: str, format: Any) -> Any:
    try:
        if format in ("date-time", "date"):
            parsed = datetime.fromisoformat(text)
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        if format == "duration":
            return _duration(text)
    except ValueError:
        return text
    return text


_UNITS_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def _duration(text: str) -> timedelta:
    parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)", text)
    if not parts:
        raise ValueError(text)
    return timedelta(seconds=sum(float(number) * _UNITS_SECONDS[unit] for number, unit in parts))


def type_of(schema: Object) -> str:
    """The CEL type of `self` for a schema, as text: `list<string>`. Structs are dynamic.

    Only a value that is `self` itself can be a timestamp or a duration: see `expressions.typed`.
    """
    if schema.get("type") == "string" and not schema.get("nullable"):
        return _FORMATS.get(schema.get("format", ""), "string")
    return _nested_type(schema)


def _nested_type(schema: Object) -> str:
    kind = schema.get("type")
    if schema.get("nullable") or schema.get("x-kubernetes-int-or-string"):
        return "dyn"
    if kind == "array":
        return f"list<{_nested_type(schema.get('items') or {})}>"
    values = schema.get("additionalProperties")
    if kind == "object" and isinstance(values, dict):
        return f"map<string, {_nested_type(values)}>"
    return _SCALARS.get(kind or "", "dyn")


_FORMATS = {"date-time": "timestamp", "date": "timestamp", "duration": "duration"}
_SCALARS = {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}
