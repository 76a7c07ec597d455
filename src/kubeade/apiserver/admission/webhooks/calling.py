"""Asking one webhook about one request; who is asked at all, and what becomes of a call that fails."""

import asyncio
from dataclasses import dataclass
from typing import Any

from kubeade.api.errors import ApiError, BadRequest, InternalError
from kubeade.api.resource import Resource
from kubeade.apiserver.admission.dynamic.conditions import ConditionError
from kubeade.apiserver.admission.dynamic.expressions import Scope
from kubeade.apiserver.admission.dynamic.view import View, Views, admission_request
from kubeade.apiserver.admission.webhooks.hooks import Hook
from kubeade.apiserver.admission.webhooks.review import Answer, InvalidAnswer, read_answer, refusal, review
from kubeade.apiserver.authorization.forbidden import forbidden_because
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Authorizer, Kinds
from kubeade.apiserver.webhooks.client import CallError, WebhookClient
from kubeade.lib.ids import Ids


class Unanswered(Exception):
    """The webhook did not answer; its failure policy says what that means."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What both plugins call webhooks with."""

    client: WebhookClient
    namespaces: ObjectIndex
    authorizer: Authorizer
    ids: Ids

    async def invited(self, hook: Hook, attributes: AdmissionAttributes, views: Views) -> Resource | None:
        """As which resource the webhook wants to see the request; None where it does not. Raises Forbidden
        for match conditions that fail."""
        resource = hook.matcher.match(attributes, views.kinds, self.namespaces)
        if resource is None or not hook.conditions:
            return resource
        view = await views.of(resource)
        request = admission_request(attributes, view, "", views.kinds)
        scope = Scope.of(attributes, self.authorizer, view, request)
        try:
            return resource if await hook.conditions.hold(scope) else None
        except ConditionError as error:
            found = attributes.resource
            raise forbidden_because(found.group, found.plural, attributes.name, str(error)) from None

    async def ask(
        self, hook: Hook, attributes: AdmissionAttributes, view: View, kinds: Kinds, mutating: bool
    ) -> Answer:
        """A permission. Raises Refused; Unanswered; BadRequest where a dry run would have effects."""
        if attributes.dry_run and not hook.dry_runs:
            raise BadRequest(f'admission webhook "{hook.name}" does not support dry run')
        uid, version = self.ids.uid(), hook.review_version
        request = admission_request(attributes, view, uid, kinds)
        asked = review(version, request, view.object, view.old_object)
        try:
            found: Any = await self.client.ask(hook.client_config, asked, hook.timeout_seconds)
            answer = read_answer(found, version, uid, mutating)
        except CallError as error:
            raise Unanswered(f"failed to call webhook: {error}") from None
        except InvalidAnswer as error:
            raise Unanswered(f"received invalid webhook response: {error}") from None
        attributes.warnings.extend(answer.warnings)
        for key, value in answer.audit_annotations.items():
            attributes.audit_annotations[f"{hook.name}/{key}"] = value
        if not answer.allowed:
            raise refusal(hook.name, answer.status)
        return answer


def failed_closed(hook: Hook, error: Unanswered) -> InternalError:
    why = f'failed calling webhook "{hook.name}": {error}'
    return InternalError(f"Internal error occurred: {why}", details={"causes": [{"message": why}]})


async def all_of(*tasks: Any) -> None:
    """Together; the first failure in their order is raised when all have ended."""
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [each for each in ended if isinstance(each, BaseException)]
    for failure in failures:
        if not isinstance(failure, ApiError):
            raise failure
    if failures:
        raise failures[0]
