"""The language that rules are written in: CEL with the functions that Kubernetes adds to it.

cel-expr-python is Google's own CEL, so rules are parsed, checked and run as in Go. It is imported when the
first rule is compiled, not before. Of Kubernetes' libraries, lists, regex, URL and IP functions are here as
far as they need no types of their own; the quantity, CIDR, semver and format libraries and indexOf of lists
are not: a rule that uses them is refused when its definition is created.
"""

import ipaddress
import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from kubeade.api.crd.patterns import compile_pattern

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
    for name, member, result, parameters, function in _LIBRARY:
        identity = f"kubernetes_{name}_{'_'.join(parameters)}"
        kinds = [getattr(types, each) for each in parameters]
        overload = cel.Overload(identity, getattr(types, result), kinds, is_member=member, impl=function)
        declared.setdefault(name, []).append(overload)
    return [cel.FunctionDecl(name, overloads) for name, overloads in declared.items()]


def _plain(items: Any) -> list[Any]:
    return [item.plain_value() if hasattr(item, "plain_value") else item for item in items]


def _is_sorted(items: Any) -> bool:
    found = _plain(items)
    return all(left <= right for left, right in pairwise(found))


def _find(text: str, pattern: str) -> str:
    found = compile_pattern(pattern).search(text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return [found[0] for found in compile_pattern(pattern).finditer(text)]


def _is_url(text: str) -> bool:
    try:
        split = urlsplit(text)
    except ValueError:
        return False
    return bool(split.scheme or text.startswith("/"))


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


_LIBRARY: tuple[tuple[str, bool, str, tuple[str, ...], Callable[..., Any]], ...] = (
    ("isSorted", True, "BOOL", ("LIST",), _is_sorted),
    ("sum", True, "DYN", ("LIST",), lambda items: sum(_plain(items))),
    ("min", True, "DYN", ("LIST",), lambda items: min(_plain(items))),
    ("max", True, "DYN", ("LIST",), lambda items: max(_plain(items))),
    ("find", True, "STRING", ("STRING", "STRING"), _find),
    ("findAll", True, "LIST", ("STRING", "STRING"), _find_all),
    ("isURL", False, "BOOL", ("STRING",), _is_url),
    ("isIP", False, "BOOL", ("STRING",), _is_ip),
)
