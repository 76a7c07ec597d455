"""What would be wrong with an expression if its objects were of their kind's types (upstream:
policy/validating TypeChecker). A policy works without this: the answers are warnings in its status."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubeade.api.cel.authorizer import TYPES as AUTHORIZER_TYPES
from kubeade.api.cel.declared_types import Declared, Listed, Mapped, Struct
from kubeade.api.cel.errors import CompileError
from kubeade.api.cel.requests import PARAMS, POLICY_VARIABLES, Variables, compile_with_variables
from kubeade.api.parts import part
from kubeade.api.resource import Object

_WORD = re.compile(r"[A-Za-z_]\w*")
_TYPES = {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}
_DEEPEST = 12
"""Some schemas have themselves below."""


def type_problem(text: str, variables: Variables, schema: Object, schemas: Mapping[str, Any]) -> str:
    """What is wrong, or "". `schemas` is `components.schemas` of an OpenAPI v3 document, `schema` the
    kind's in it."""
    texts = [text, *(expression for _, expression in variables)]
    words = frozenset(word for each in texts for word in _WORD.findall(each))
    kind = _Types(schemas, words).of(schema)
    known: dict[str, Declared] = dict.fromkeys((*POLICY_VARIABLES, PARAMS), "dyn")
    try:
        compile_with_variables(
            text, {**known, **AUTHORIZER_TYPES, "object": kind, "oldObject": kind}, variables
        )
    except CompileError as error:
        return str(error)
    return ""


@dataclass(frozen=True, slots=True)
class _Types:
    """Types of the schemas of a document. Fields that are not among the words are left out: an expression
    speaks of few of a kind's."""

    schemas: Mapping[str, Any]
    words: frozenset[str]

    def of(self, schema: Object, depth: int = 0) -> Declared:
        schema = self._resolved(schema)
        if depth > _DEEPEST or schema.get("x-kubernetes-int-or-string"):
            return "dyn"
        if schema.get("format") in ("int-or-string", "date-time"):
            return "dyn" if schema["format"] == "int-or-string" else "timestamp"
        match schema.get("type"):
            case "array":
                return Listed(self.of(part(schema, "items"), depth + 1))
            case "object":
                return self._of_object(schema, depth)
            case kind:
                return _TYPES.get(str(kind), "dyn")

    def _of_object(self, schema: Object, depth: int) -> Declared:
        values, properties = schema.get("additionalProperties"), part(schema, "properties")
        if isinstance(values, dict):
            return Mapped(self.of(values, depth + 1))
        if not properties or schema.get("x-kubernetes-preserve-unknown-fields"):
            return "dyn"
        known = self.words & properties.keys()
        return Struct(tuple((name, self.of(properties[name], depth + 1)) for name in sorted(known)))

    def _resolved(self, schema: Object) -> Object:
        """What a reference refers to; references with a default stand in an `allOf` of one."""
        several = schema.get("allOf")
        reference = schema.get("$ref") or (several[0].get("$ref") if several else None)
        return self.schemas.get(str(reference).rpartition("/")[2], {}) if reference else schema
