"""Expressions on requests: variables, and the authorizer that may have to be asked in between.

Upstream: admission/plugin/cel. `variables.x` of a policy becomes a binding around the expression, so it is
computed when it is used and not before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubeade.api.cel.authorizer import Answer, Question, authorizer
from kubeade.api.cel.environment import NeedsDecision, Program, compile_expression
from kubeade.api.cel.structs import structs_as_maps
from kubeade.api.cel.tokens import code_only, replace_code
from kubeade.api.resource import Object
from kubeade.apiserver.admission.dynamic.view import View
from kubeade.apiserver.seams import AdmissionAttributes, Attributes, Authorizer, User

_TYPES = dict.fromkeys(("object", "oldObject", "request", "params", "namespaceObject", "authorizer"), "dyn")
_VARIABLE = re.compile(r"(?<![\w.])variables\s*\.\s*(\w+)")
_BOUND = "variables__"


@dataclass(slots=True)
class Scope:
    """What the variables of expressions are for one request, and whom `authorizer` asks."""

    attributes: AdmissionAttributes
    authorizer: Authorizer
    values: dict[str, Any]
    answers: dict[Question, Answer] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        attributes: AdmissionAttributes,
        authorizer: Authorizer,
        view: View,
        request: Object,
        namespace: Object | None = None,
        params: Object | None = None,
    ) -> "Scope":
        values = {
            "object": view.object,
            "oldObject": view.old_object,
            "request": request,
            "params": params,
            "namespaceObject": namespace,
        }
        return cls(attributes, authorizer, values)

    async def evaluate(self, program: Program) -> Any:
        """Raises EvaluationError."""
        while True:
            try:
                return program.run({**self.values, "authorizer": self._authorizer()})
            except NeedsDecision as needed:
                self.answers[needed.question] = await self._ask(needed.question)

    def _authorizer(self) -> Object:
        found = self.attributes
        about = Question(
            group=found.resource.group,
            resource=found.resource.plural,
            subresource=found.subresource,
            namespace=found.namespace,
            name=found.name,
        )
        return authorizer(self.answers, about)

    async def _ask(self, question: Question) -> Answer:
        asked = Attributes(
            self._who(question),
            question.verb,
            question.group,
            "*" if question.resource else "",
            question.resource,
            question.subresource,
            question.namespace,
            question.name,
            question.path,
            not question.path,
            question.field_selector,
            question.label_selector,
        )
        decision = await self.authorizer.authorize(asked)
        return Answer(decision.allowed, decision.reason)

    def _who(self, question: Question) -> User:
        if not question.service_account:
            return self.attributes.user
        namespace, _, name = question.service_account.partition("/")
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return User(f"system:serviceaccount:{namespace}:{name}", groups=groups)


def compile_on_request(text: str, variables: Sequence[tuple[str, str]] = ()) -> Program:
    """An expression on a request; `variables` are those of its policy, in order. Raises CompileError."""
    return compile_expression(_bound(structs_as_maps(text), variables), _TYPES)


def _bound(text: str, variables: Sequence[tuple[str, str]]) -> str:
    known: Mapping[str, str] = dict(variables)
    used = _used(text)
    text = _renamed(text)
    for name, expression in reversed(list(known.items())):
        if name in used:
            inner = structs_as_maps(expression)
            used |= _used(inner)
            text = f"cel.bind({_BOUND}{name}, ({_renamed(inner)}), ({text}))"
    return text


def _used(text: str) -> set[str]:
    return set(_VARIABLE.findall(code_only(text)))


def _renamed(text: str) -> str:
    return replace_code(text, lambda code: _VARIABLE.sub(rf"{_BOUND}\1", code))
