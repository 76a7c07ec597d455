"""The language that rules are written in: CEL with the functions that Kubernetes adds to it.

cel-expr-python is Google's own CEL, so rules are parsed, checked and run as in Go. It is imported when the
first rule is compiled, not before. Kubernetes' own functions are `cel_library`'s.
"""

import re
from functools import cache
from typing import Any

from kubeade.api.crd.cel_library import LIBRARY

SELF, OLD_SELF = "self", "oldSelf"


class CompileError(ValueError):
    """An expression that is no CEL, or does not fit the types of its variables."""


class EvaluationError(ValueError):
    """An expression that came to no value: a missing key, an index out of bounds, ..."""


class Program:
    """A compiled expression."""

    def __init__(self, expression: Any) -> None:
        self._expression = expression

    @property
    def result_type(self) -> str:
        """BOOL, STRING, DYN, ..."""
        return str(self._expression.return_type().name())

    def run(self, variables: dict[str, Any]) -> Any:
        """The value. Raises EvaluationError."""
        value = self._expression.eval(data=variables)
        if value.type().name() == "ERROR":
            raise EvaluationError(_without_code(str(value.value())))
        return value.plain_value()


def compile_expression(text: str, self_type: Any) -> Program:
    """Compile an expression on `self` and `oldSelf`, both of this type. Raises CompileError."""
    try:
        environment = _environment(self_type)
    except ImportError as error:
        raise CompileError("rules in CEL need the package cel-expr-python, which is not installed") from error
    try:
        return Program(environment.compile(text))
    except RuntimeError as error:
        message = str(error).removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]")
        raise CompileError(f"compilation failed: {message}") from error


def type_of(schema: dict[str, Any]) -> str:
    """The CEL type of `self` for a schema, as text: `list<string>`. Structs are dynamic.

    Only a value that is `self` itself can be a timestamp or a duration: see `expressions.typed`.
    """
    if schema.get("type") == "string" and not schema.get("nullable"):
        return _FORMATS.get(schema.get("format", ""), "string")
    return _nested_type(schema)


def _nested_type(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if schema.get("nullable") or schema.get("x-kubernetes-int-or-string"):
        return "dyn"
    if kind == "array":
        return f"list<{_nested_type(schema.get('items') or {})}>"
    values = schema.get("additionalProperties")
    if kind == "object" and isinstance(values, dict):
        return f"map<string, {_nested_type(values)}>"
    return {"string": "string", "integer": "int", "number": "double", "boolean": "bool"}.get(
        kind or "", "dyn"
    )


_FORMATS = {"date-time": "timestamp", "date": "timestamp", "duration": "duration"}


def _without_code(message: str) -> str:
    """`NOT_FOUND: Key not found in map : "x"` -> `no such key: x`, as Go's CEL says it."""
    missing = re.search(r'Key not found in map : "?([^"]*)"?', message)
    return f"no such key: {missing[1]}" if missing else message.partition(": ")[2] or message


@cache
def _environment(self_type: str) -> Any:
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_bindings, ext_encoders, ext_math, ext_optional, ext_strings

    declared = _declared(self_type, cel.Type)
    extensions = (
        ext_strings.ExtStrings(),
        ext_math.ExtMath(),
        ext_optional.ExtOptional(),
        ext_bindings.ExtBindings(),
        ext_encoders.ExtEncoders(),
    )
    variables = {SELF: declared, OLD_SELF: declared}
    return cel.NewEnv(variables=variables, extensions=extensions, functions=_functions(cel))


def _declared(name: str, types: Any) -> Any:
    if name.startswith("list<"):
        return types.List(_declared(name[5:-1], types))
    if name.startswith("map<string, "):
        return types.Map(types.STRING, _declared(name[12:-1], types))
    return getattr(types, name.upper())


def _functions(cel: Any) -> list[Any]:
    types = cel.Type
    declared: dict[str, list[Any]] = {}
    for name, member, result, parameters, function in LIBRARY:
        identity = f"kubernetes_{name}_{'_'.join(parameters)}"
        kinds = [getattr(types, each) for each in parameters]
        overload = cel.Overload(identity, getattr(types, result), kinds, is_member=member, impl=function)
        declared.setdefault(name, []).append(overload)
    return [cel.FunctionDecl(name, overloads) for name, overloads in declared.items()]
