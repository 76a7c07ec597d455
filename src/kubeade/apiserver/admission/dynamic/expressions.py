"""Running expressions on a request; the authorizer may have to be asked in between (upstream:
admission/plugin/cel)."""

from dataclasses import dataclass, field
from typing import Any

from kubeade.api.cel.authorizer import authorizer_variables
from kubeade.api.cel.environment import Program
from kubeade.api.cel.errors import CostExceeded, NeedsDecision
from kubeade.api.cel.questions import Answer, Question
from kubeade.api.resource import Object
from kubeade.apiserver.admission.dynamic.view import View
from kubeade.apiserver.seams import AdmissionAttributes, Attributes, Authorizer, User

_MOST_QUESTIONS = 2
"""In one expression: upstream makes a question so costly that a third is over the limit."""


@dataclass(slots=True)
class Scope:
    """What the variables of expressions are for one request, and whom `authorizer` asks.

    `answers` are the authorizer's, kept for all expressions on the request.
    """

    attributes: AdmissionAttributes
    authorizer: Authorizer
    values: dict[str, Any]
    answers: dict[Question, Answer] = field(default_factory=dict)

    @classmethod
    def of(
        cls, attributes: AdmissionAttributes, authorizer: Authorizer, view: View, request: Object
    ) -> "Scope":
        values = {"object": view.object, "oldObject": view.old_object, "request": request}
        return cls(attributes, authorizer, values)

    def also(self, **values: Any) -> "Scope":
        """With more variables."""
        return Scope(self.attributes, self.authorizer, {**self.values, **values}, self.answers)

    async def evaluate(self, program: Program) -> Any:
        """Raises EvaluationError."""
        for _ in range(_MOST_QUESTIONS + 1):
            try:
                return program.run({**self.values, **self._authorizer()})
            except NeedsDecision as needed:
                self.answers[needed.question] = await self._ask(needed.question)
        raise CostExceeded

    def _authorizer(self) -> Object:
        found = self.attributes
        about = Question(
            group=found.resource.group,
            resource=found.resource.plural,
            subresource=found.subresource,
            namespace=found.namespace,
            name=found.name,
        )
        return authorizer_variables(self.answers, about)

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
