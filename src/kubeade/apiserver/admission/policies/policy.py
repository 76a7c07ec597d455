"""A policy and a binding, read and compiled once each."""

from dataclasses import dataclass
from functools import cached_property

from kubeade.api.cel.environment import Program
from kubeade.api.cel.errors import CompileError
from kubeade.api.cel.requests import compile_to
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.policies import known_to, variables_of
from kubeade.apiserver.admission.dynamic.conditions import Conditions
from kubeade.apiserver.admission.dynamic.matching import Matcher


@dataclass(frozen=True, slots=True)
class Expression:
    """A program, or why there is none (`error`): what was stored earlier need not compile today."""

    text: str
    program: Program | None
    error: str = ""


@dataclass(frozen=True)
class Policy:
    """Either kind."""

    name: str
    spec: Object

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher.of(part(self.spec, "matchConstraints"))

    @cached_property
    def conditions(self) -> Conditions:
        return Conditions.of(self.spec)

    @property
    def fails(self) -> bool:
        return text(self.spec, "failurePolicy") != "Ignore"

    @property
    def param_kind(self) -> Object | None:
        found = self.spec.get("paramKind")
        return found if isinstance(found, dict) else None

    @property
    def reinvoked(self) -> bool:
        return text(self.spec, "reinvocationPolicy") == "IfNeeded"

    @cached_property
    def validations(self) -> list[tuple[Object, Expression, Expression | None]]:
        """Each validation with its expression and its messageExpression."""
        return [
            (
                each,
                self._compiled(text(each, "expression"), "BOOL"),
                self._compiled(told, "STRING") if (told := text(each, "messageExpression")) else None,
            )
            for each in parts(self.spec, "validations")
        ]

    @cached_property
    def audit_annotations(self) -> list[tuple[str, Expression]]:
        return [
            (text(each, "key"), self._compiled(text(each, "valueExpression"), "STRING", "NULL"))
            for each in parts(self.spec, "auditAnnotations")
        ]

    @cached_property
    def mutations(self) -> list[tuple[str, Expression]]:
        """Each mutation's patchType and expression."""
        return [self._mutation(each) for each in parts(self.spec, "mutations")]

    def _mutation(self, mutation: Object) -> tuple[str, Expression]:
        kind = text(mutation, "patchType")
        key, result = ("jsonPatch", "LIST") if kind == "JSONPatch" else ("applyConfiguration", "MAP")
        return kind, self._compiled(text(mutation, key, "expression"), result)

    def _compiled(self, expression: str, *result_types: str) -> Expression:
        try:
            known, variables = known_to(self.spec), variables_of(self.spec)
            return Expression(expression, compile_to(result_types, expression, known, variables))
        except CompileError as error:
            return Expression(expression, None, str(error))


@dataclass(frozen=True)
class Binding:
    name: str
    spec: Object

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher.of(part(self.spec, "matchResources"))

    @property
    def param_ref(self) -> Object | None:
        found = self.spec.get("paramRef")
        return found if isinstance(found, dict) else None

    @property
    def actions(self) -> list[str]:
        return list(self.spec.get("validationActions") or ())
