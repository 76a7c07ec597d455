"""Compiling and running expressions.

cel-expr-python is Google's own CEL. It parses expressions and checks their types, as Go does; what it makes
of them is evaluated here (`evaluation`), as it counts no costs and takes no types of Kubernetes' own. It is
imported when the first expression is compiled, not before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from kubeade.api.cel.checked import Checked, read
from kubeade.api.cel.compile_errors import issue, told_as_go_does
from kubeade.api.cel.costs import Shapes, cost_of
from kubeade.api.cel.declared_types import Declared, engine_type, structs_in
from kubeade.api.cel.errors import CompileError, EvaluationError
from kubeade.api.cel.evaluation import Evaluate, evaluator
from kubeade.api.cel.frame import Frame, Lazy
from kubeade.api.cel.literals import check_literals
from kubeade.api.cel.messages import message_pool
from kubeade.api.cel.values import plain

_CONFIGURATION = """
name: kubernetes
stdlib: {exclude_functions: [{name: string}, {name: _<_}, {name: _<=_}, {name: _>_}, {name: _>=_}]}
extensions: [{name: sets}, {name: lists}, {name: two-var-comprehensions}]
"""
_TOO_DEEP = "expression recursion limit exceeded"


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression."""

    checked: Checked
    result_type: str
    """BOOL, STRING, DYN, LIST<STRING>, ..."""
    evaluate: Evaluate
    computed: Mapping[str, Lazy] = field(default_factory=dict)
    """Variables that other expressions stand for."""

    def cost(self, shapes: Shapes) -> int:
        """The most that it can cost on values of these shapes, in upstream's units."""
        return cost_of(self.checked, shapes)

    def run(self, variables: Mapping[str, Any]) -> Any:
        """The value. Raises EvaluationError; NeedsDecision where the authorizer has to be asked first."""
        return self.evaluation(variables).value()

    def evaluation(self, variables: Mapping[str, Any]) -> "Evaluation":
        return Evaluation(self.evaluate, Frame({**variables, **self.computed}))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Of a program on some values, once."""

    evaluate: Evaluate
    frame: Frame

    def value(self) -> Any:
        """Raises EvaluationError."""
        try:
            value = self.evaluate(self.frame)
        except RecursionError:
            raise EvaluationError("expression recursion limit exceeded") from None
        self.frame.charge(0)
        return plain(value)

    @property
    def cost(self) -> int:
        """What it has cost so far."""
        return self.frame.spent


def compile_expression(text: str, variables: Mapping[str, Declared], *, structs: bool = False) -> Program:
    """Compile an expression on variables of these types. Raises CompileError. Maps in it may be `structs`."""
    try:
        environment = _environment(tuple(variables.items()))
    except ImportError as error:
        raise CompileError(
            "expressions in CEL need the package cel-expr-python, which is not installed"
        ) from error
    try:
        expression = environment.compile(text)
        checked = read(expression.serialize())
        check_literals(checked, structs=structs)
        return Program(checked, str(expression.return_type().name()), evaluator(checked.root))
    except RuntimeError as error:  # RecursionError is one of these
        told = _TOO_DEEP if isinstance(error, RecursionError) else told_as_go_does(str(error), text)
        raise CompileError(f"compilation failed: {told}") from error
    except CompileError as error:
        if not error.node:
            raise
        raise CompileError(_located(text, str(error), checked.offsets.get(error.node, 0))) from None


def _located(text: str, problem: str, offset: int) -> str:
    """As the engine tells its own: with line and column, the line, and a mark below."""
    before = text[:offset]
    row, column = before.count("\n"), offset - (before.rfind("\n") + 1)
    return f"compilation failed: {issue(row + 1, column + 1, problem, text.split(chr(10))[row])}"


@lru_cache(maxsize=16)  # each takes up to 400 kB
def _environment(variables: tuple[tuple[str, Declared], ...]) -> Any:
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_optional, ext_strings

    extension, functions = _functions()
    structs = [each for _, declared in variables for each in structs_in(declared)]
    messages, names = message_pool(structs) if structs else (None, {})
    return cel.NewEnv(
        descriptor_pool=messages,
        config=cel.NewEnvConfigFromYaml(_CONFIGURATION),
        variables={name: engine_type(declared, cel.Type, names) for name, declared in variables},
        extensions=(ext_strings.ExtStrings(2), ext_optional.ExtOptional(), extension),
        functions=functions,
    )


@cache
def _functions() -> tuple[Any, list[Any]]:
    """The library as the engine declares it; what it does is not its business. What has more overloads in one
    of the engine's extensions has to be an extension, which cannot tell opaque types apart. What the language
    has fewer overloads of is declared here altogether: `string` of opaque types, comparisons of numbers of
    two types."""
    from cel_expr_python import cel

    from kubeade.api.cel.comparisons import COMPARISONS
    from kubeade.api.cel.conversions import CONVERSIONS
    from kubeade.api.cel.library import LIBRARY

    declared: dict[str, list[Any]] = {}
    strings = (each for each in CONVERSIONS if each.name == "string")
    for each in (*LIBRARY, *strings, *COMPARISONS):
        identity = f"kubernetes_{each.name}_{'_'.join(each.parameters)}"
        kinds = [engine_type(kind, cel.Type, {}) for kind in each.parameters]
        overload = cel.Overload(
            identity, engine_type(each.result, cel.Type, {}), kinds, is_member=each.member
        )
        declared.setdefault(each.name, []).append(overload)
    functions = {name: cel.FunctionDecl(name, overloads) for name, overloads in declared.items()}
    extension = cel.CelExtension("kubernetes", [functions.pop(name) for name in _OVERLOADED])
    return extension, list(functions.values())


_OVERLOADED = ("indexOf", "lastIndexOf")
