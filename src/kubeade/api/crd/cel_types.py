"""The types of values of a schema, as rules see them (upstream: cel/common schemas.go)."""

import re
from typing import Any

from kubeade.api.cel.declared_types import Declared, Listed, Mapped, Struct
from kubeade.api.crd.cel_values import escaped
from kubeade.api.crd.schema_shapes import root_of
from kubeade.api.parts import part
from kubeade.api.resource import Object

_FORMATS = {"byte": "bytes", "date-time": "timestamp", "date": "timestamp", "duration": "duration"}
_SCALARS = {"boolean": "bool", "number": "double", "integer": "int"}
_WORD = re.compile(r"[A-Za-z_]\w*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def words_of(text: str) -> frozenset[str]:
    """All that could be a field's name in an expression."""
    return frozenset(_WORD.findall(text))


def type_of(schema: Object, words: frozenset[str]) -> Declared:
    """Of `self`; dynamic where expressions see nothing. Fields that are not among the words are left out: an
    expression speaks of few of a schema's."""
    return _declared(schema, words) or "dyn"


def _declared(schema: Object, words: frozenset[str]) -> Declared | None:
    """None for what expressions do not see."""
    if schema.get("x-kubernetes-int-or-string"):
        return "dyn"
    match schema.get("type"):
        case "array":
            items = _below(schema.get("items"), words)
            return None if items is None else Listed(items)
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            values = _below(schema["additionalProperties"], words)
            return None if values is None else Mapped(values)
        case "object":
            return _struct(schema, words)
        case "string":
            return _FORMATS.get(schema.get("format", ""), "string")
        case kind:
            return _SCALARS.get(str(kind))


def _below(schema: Any, words: frozenset[str]) -> Declared | None:
    if not isinstance(schema, dict):
        return None
    return _declared(root_of(schema) if schema.get("x-kubernetes-embedded-resource") else schema, words)


def _struct(schema: Object, words: frozenset[str]) -> Struct:
    fields = []
    for name, below in sorted(part(schema, "properties").items()):
        spelled = escaped(name)
        if spelled not in words or not _IDENTIFIER.fullmatch(spelled):
            continue
        declared = _below(below, words)
        if declared is not None:
            fields.append((spelled, declared))
    return Struct(tuple(fields))
