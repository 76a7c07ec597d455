"""Compiling and running expressions.

cel-expr-python is Google's own CEL, so expressions are parsed, checked and run as in Go. It is imported when
the first expression is compiled, not before. It can take no types of its own from Python: what Kubernetes
gives a type of its own (quantities, addresses, authorizers) is a map with a tag here (`tagged`).
"""

import re
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from kubeade.api.cel.authorizer import MISSING, Question
from kubeade.api.cel.checked import Checked, Node, read
from kubeade.api.cel.costs import Shapes, cost_of
from kubeade.api.cel.limits import EXCEEDED, PER_CALL, Limit
from kubeade.api.cel.overload import Overload

_EXTENSIONS = (
    "name: kubernetes\nextensions:\n  - name: sets\n  - name: lists\n  - name: two-var-comprehensions\n"
)


class CompileError(ValueError):
    """An expression that is no CEL, or does not fit the types of its variables."""


class EvaluationError(ValueError):
    """An expression that came to no value: a missing key, an index out of bounds, ..."""


class CostExceeded(EvaluationError):
    """The expression would take too long on these values."""


class NeedsDecision(EvaluationError):
    """The expression asks the authorizer something that its variables do not answer yet."""

    def __init__(self, question: Question) -> None:
        super().__init__("the authorizer has not been asked yet")
        self.question = question


class Program:
    """A compiled expression."""

    def __init__(self, expression: Any) -> None:
        self._expression = expression
        self._limit = Limit(self.cost)

    @property
    def result_type(self) -> str:
        """BOOL, STRING, DYN, LIST<STRING>, ..."""
        return str(self._expression.return_type().name())

    def cost(self, shapes: Shapes) -> int:
        """The most that it can cost on values of these shapes, in upstream's units."""
        return cost_of(self._checked, shapes)

    @property
    def tree(self) -> Node:
        """What was parsed."""
        return self._checked.root

    @cached_property
    def _checked(self) -> Checked:
        return read(self._expression.serialize())

    def run(self, variables: Mapping[str, Any]) -> Any:
        """The value. Raises EvaluationError; NeedsDecision where the authorizer has to be asked first."""
        return self.run_for(variables)[0]

    def run_for(self, variables: Mapping[str, Any]) -> tuple[Any, int]:
        """The value, and what it cost at most. Raises as `run`, and CostExceeded."""
        cost = self._limit.cost(variables)
        if cost > PER_CALL:
            raise CostExceeded(EXCEEDED)
        return self._value(variables), cost

    def _value(self, variables: Mapping[str, Any]) -> Any:
        try:
            value = self._expression.eval(data=variables)
            if value.type().name() == "ERROR":
                raise _evaluation_error(str(value.value()))
            return value.plain_value()
        except (SystemError, TypeError):  # the first for optional values in a list or a map
            raise EvaluationError("the value is of a type that has no plain form") from None
        except RuntimeError as error:
            raise _evaluation_error(str(error)) from None


def compile_expression(text: str, variables: Mapping[str, str]) -> Program:
    """Compile an expression on variables of these types (`list<string>`, `dyn`). Raises CompileError."""
    try:
        environment = _environment(tuple(variables.items()))
    except ImportError as error:
        raise CompileError(
            "expressions in CEL need the package cel-expr-python, which is not installed"
        ) from error
    try:
        return Program(environment.compile(text))
    except RuntimeError as error:
        message = str(error).removeprefix("INVALID_ARGUMENT: ").removesuffix(" [INVALID_ARGUMENT]")
        raise CompileError(f"compilation failed: {_as_in_go(text, message)}") from error


_UNKNOWN = re.compile(
    r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): undeclared reference to '(?P<root>\w+)\.(?P<rest>[\w.]+)'"
)


def _as_in_go(text: str, message: str) -> str:
    """Where it tells of `a.b`, Go's CEL tells of `a`; of nothing it says that it stands before the first
    column."""
    if not text:
        return message.replace("<input>:1:1:", "<input>:1:0:")
    found = _UNKNOWN.match(message)
    lines = text.splitlines()
    if found is None or int(found["line"]) > len(lines):
        return message
    line = lines[int(found["line"]) - 1]
    before = f"{found['root']}.{found['rest']}".rpartition(".")[0]
    start = int(found["column"]) - 1 - len(before)
    if not line.startswith(before, max(start, 0)):
        return message
    told = f"ERROR: <input>:{found['line']}:{start + 1}: undeclared reference to '{found['root']}'"
    rest = message[found.end() :].partition("\n")[0]
    return f"{told}{rest}\n | {line}\n | {'.' * start}^"


def _evaluation_error(message: str) -> EvaluationError:
    question = MISSING.search(message)
    if question is not None:
        return NeedsDecision(Question.from_text(question[1]))
    if "Iteration budget exceeded" in message:
        return CostExceeded(EXCEEDED)
    return EvaluationError(_without_code(message))


def _without_code(message: str) -> str:
    """`NOT_FOUND: Key not found in map : "x"` -> `no such key: x`, as Go's CEL says it."""
    missing = re.search(r'Key not found in map : "?([^"]*)"?', message)
    if missing:
        return f"no such key: {missing[1]}"
    message = message.partition(": ")[2] or message
    conversion = re.fullmatch(r"cannot convert (\w+) to (\w+)", message)
    if conversion:
        return f"type conversion error from '{conversion[1]}' to '{conversion[2]}'"
    if "Applying SELECT to non-message type" in message:
        return "no such key"
    return "no such overload" if message.startswith("No matching overloads found") else message


@cache
def _environment(variables: tuple[tuple[str, str], ...]) -> Any:
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_bindings, ext_encoders, ext_math, ext_optional, ext_strings

    from kubeade.api.cel.library import LIBRARY

    extensions = (
        ext_strings.ExtStrings(),
        ext_math.ExtMath(),
        ext_optional.ExtOptional(),
        ext_bindings.ExtBindings(),
        ext_encoders.ExtEncoders(),
        cel.CelExtension("kubernetes", _functions(cel, LIBRARY)),
    )
    declared = {name: _declared(kind, cel.Type) for name, kind in variables}
    config = cel.NewEnvConfigFromYaml(_EXTENSIONS)
    return cel.NewEnv(config=config, variables=declared, extensions=extensions)


def _declared(name: str, types: Any) -> Any:
    if name.startswith("list<"):
        return types.List(_declared(name[5:-1], types))
    if name.startswith("map<string, "):
        return types.Map(types.STRING, _declared(name[12:-1], types))
    return getattr(types, name.upper())


def _functions(cel: Any, library: tuple[Overload, ...]) -> list[Any]:
    types = cel.Type
    declared: dict[str, list[Any]] = {}
    for each in library:
        identity = f"kubernetes_{each.name}_{'_'.join(each.parameters)}"
        kinds = [_declared(kind, types) for kind in each.parameters]
        result = _declared(each.result, types)
        overload = cel.Overload(identity, result, kinds, is_member=each.member, impl=each.function)
        declared.setdefault(each.name, []).append(overload)
    return [cel.FunctionDecl(name, overloads) for name, overloads in declared.items()]
