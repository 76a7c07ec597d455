"""What would be wrong with an expression if its objects were of their kind's types (upstream:
policy/validating TypeChecker). A policy works without this: the answers are warnings in its status.

The engine takes no struct types from Python. So a path such as `object.spec.replicas` becomes a variable of
the type that the schema gives it, and a field that the schema does not know is told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubeade.api.cel.environment import CompileError, compile_expression
from kubeade.api.cel.requests import PARAMS, POLICY_VARIABLES, Variables, with_variables
from kubeade.api.cel.tokens import replace_code
from kubeade.api.parts import part
from kubeade.api.resource import Object

_PATH = re.compile(
    r"(?<![\w.])(?P<has>has\s*\(\s*)?(?P<root>object|oldObject)(?P<names>(?:\s*\.\s*\w+)+)(?P<call>\s*\()?"
)
_TYPES = {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}


@dataclass(slots=True)
class _Typed:
    """The paths of an expression as variables, by type."""

    schema: Object
    schemas: Mapping[str, Object]
    variables: dict[str, str] = field(default_factory=dict)

    def replace(self, code: str) -> str:
        return _PATH.sub(self._replaced, code)

    def _replaced(self, found: re.Match[str]) -> str:
        """Raises CompileError for a field that does not exist."""
        names = [name.strip() for name in found["names"].split(".")[1:]]
        method = f".{names.pop()}{found['call']}" if found["call"] else ""
        kind = self._type_of(names)
        if found["has"] or kind == "dyn" or not names:
            return found[0]
        variable = "__".join([found["root"], *names])
        self.variables[variable] = kind
        return f"{variable}{method}"

    def _type_of(self, names: list[str]) -> str:
        schema = self._resolved(self.schema)
        for name in names:
            known = part(schema, "properties")
            if name in known:
                schema = self._resolved(known[name])
            elif isinstance(schema.get("additionalProperties"), dict):
                schema = self._resolved(schema["additionalProperties"])
            elif not known or schema.get("x-kubernetes-preserve-unknown-fields"):
                return "dyn"
            else:
                raise CompileError(f"compilation failed: ERROR: undefined field '{name}'")
        return self._cel_type(schema)

    def _cel_type(self, schema: Object) -> str:
        kind = str(schema.get("type", ""))
        if schema.get("x-kubernetes-int-or-string") or schema.get("format") in ("int-or-string", "date-time"):
            return "dyn"
        if kind == "array":
            return f"list<{self._cel_type(self._resolved(part(schema, 'items')))}>"
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            values = self._cel_type(self._resolved(schema["additionalProperties"]))
            return f"map<string, {values}>"
        return _TYPES.get(kind, "dyn")

    def _resolved(self, schema: Object) -> Object:
        """What a reference refers to; references with a default stand in an `allOf` of one."""
        several = schema.get("allOf")
        reference = schema.get("$ref") or (several[0].get("$ref") if several else None)
        return self.schemas.get(str(reference).rpartition("/")[2], {}) if reference else schema


def type_problem(text: str, variables: Variables, schema: Object, schemas: Mapping[str, Any]) -> str:
    """What is wrong, or "". `schemas` is `components.schemas` of an OpenAPI v3 document, `schema` the
    kind's in it."""
    typed = _Typed(schema, schemas)
    try:
        whole = replace_code(with_variables(text, variables), typed.replace)
        known = dict.fromkeys((*POLICY_VARIABLES, PARAMS), "dyn")
        compile_expression(whole, {**known, **typed.variables})
    except CompileError as error:
        return str(error)
    return ""
