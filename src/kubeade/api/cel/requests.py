"""Expressions on requests: match conditions of webhooks, and all that admission policies compute.

`variables.x` of a policy is computed when it is used and not before, and has the type of what it stands for.
Values that mutating policies build are maps (`structs`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kubeade.api.cel.authorizer import AUTHORIZER, TYPES
from kubeade.api.cel.declared_types import Declared, type_of_result
from kubeade.api.cel.environment import Program, compile_expression
from kubeade.api.cel.errors import CompileError
from kubeade.api.cel.frame import Lazy
from kubeade.api.cel.structs import structs_as_maps
from kubeade.api.cel.tokens import code_only, replace_code

WEBHOOK_VARIABLES = ("object", "oldObject", "request", "authorizer")
POLICY_VARIABLES = (*WEBHOOK_VARIABLES, "namespaceObject")
PARAMS = "params"
_VARIABLE = re.compile(r"(?<![\w.])variables\s*\.\s*(\w+)")
_BOUND = "variables__"

Variables = Sequence[tuple[str, str]]
"""A policy's variables, in order: name and expression. Each may use those before it."""


def compile_on_request(text: str, known: Sequence[str], variables: Variables = ()) -> Program:
    """`known` are the names that the expression may use besides `variables`. Raises CompileError."""
    types: dict[str, Declared] = dict.fromkeys(known, "dyn")
    return compile_with_variables(text, {**types, **(TYPES if AUTHORIZER in known else {})}, variables)


def compile_with_variables(text: str, types: Mapping[str, Declared], variables: Variables) -> Program:
    """On variables of these types, and on those of a policy. Raises CompileError."""
    given, text = text, structs_as_maps(text)
    used, expressions = _used(text), dict(variables)
    unknown = used - expressions.keys()
    if unknown:
        raise CompileError(f"compilation failed: ERROR: undefined field '{min(unknown)}'")
    known, computed = dict(types), dict[str, Lazy]()
    for name in sorted(used):
        program = compile_with_variables(expressions[name], types, _before(name, variables))
        known[f"{_BOUND}{name}"] = type_of_result(program.result_type)
        computed |= {**program.computed, f"{_BOUND}{name}": Lazy(program.evaluate)}
    program = compile_expression(_renamed(text), known, structs=text != given)
    return replace(program, computed=computed)


def _before(name: str, variables: Variables) -> Variables:
    return variables[: [each for each, _ in variables].index(name)]


def compile_to(
    result_types: Sequence[str], text: str, known: Sequence[str], variables: Variables = ()
) -> Program:
    """The same where only values of some types will do (`BOOL`). Raises CompileError."""
    program = compile_on_request(text, known, variables)
    kind = program.result_type.partition("<")[0]
    fits = kind in result_types and not program.result_type.startswith(_NO_PATCHES)
    if result_types and not fits:
        names = [_NAMES[each] for each in result_types]
        wanted = names[0] if len(names) == 1 else f"one of [{' '.join(names)}]"
        raise CompileError(f"must evaluate to {wanted} but got {_shown(program.result_type)}")
    return program


_NAMES = {"BOOL": "bool", "STRING": "string", "NULL": "null_type", "MAP": "Object", "LIST": "list(JSONPatch)"}


_NO_PATCHES = tuple(f"LIST<{each}" for each in ("BOOL", "DOUBLE", "INT", "LIST", "STRING", "UINT"))
"""Lists that are no JSON patches, which are lists of maps."""


def _shown(result_type: str) -> str:
    """`LIST<INT>` as Go's CEL writes it: `list(int)`."""
    return result_type.lower().replace("<", "(").replace(">", ")")


def _used(text: str) -> set[str]:
    return set(_VARIABLE.findall(code_only(text)))


def _renamed(text: str) -> str:
    return replace_code(text, lambda code: _VARIABLE.sub(rf"{_BOUND}\1", code))
