"""What somebody else's server allows: SubjectAccessReviews to a webhook, its answers kept a while (upstream:
--authorization-webhook-config-file).

Of a request that a match condition makes false, it is not asked. A webhook that does not answer has no
opinion, and the other authorizers decide; or it denies, where its configuration says so.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from kubeade.api.cel.environment import Program, compile_expression
from kubeade.api.cel.errors import CompileError, EvaluationError
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.apiserver.authentication.users import user_info
from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.seams import Attributes, Decision
from kubeade.apiserver.webhooks.remote import TIMEOUT_SECONDS, RemoteError, WebhookPlace
from kubeade.lib.clock import Clock

_log = logging.getLogger(__name__)

AUTHORIZED_SECONDS = 300.0
UNAUTHORIZED_SECONDS = 30.0
_NO_OPINION = Decision(False)
_REMEMBERED_ANSWERS = 8192
_LARGEST_REMEMBERED_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """How long a yes and a no are believed."""

    authorized_seconds: float = AUTHORIZED_SECONDS
    unauthorized_seconds: float = UNAUTHORIZED_SECONDS


@dataclass(frozen=True, slots=True)
class WebhookTerms:
    """When it is asked, how long it is waited for, and what it means that it cannot be asked."""

    times: AnswerTimes = field(default_factory=AnswerTimes)
    timeout_seconds: float = TIMEOUT_SECONDS
    denies_on_failure: bool = False
    conditions: Sequence[Program] = ()


class AuthorizationWebhook:
    """An `Authorizer`."""

    def __init__(self, place: WebhookPlace, clock: Clock, terms: WebhookTerms) -> None:
        self._place = place
        self._clock = clock
        self._terms = terms
        self._known: BoundedCache[bytes, tuple[Decision, float]] = BoundedCache(_REMEMBERED_ANSWERS)

    async def authorize(self, attributes: Attributes) -> Decision:
        spec = _spec(attributes)
        try:
            if not self._concerned(spec):
                return _NO_OPINION
            return await self._answer(spec)
        except (RemoteError, EvaluationError) as error:
            _log.warning("the authorization webhook did not answer: %s", error)
            return Decision(False, f"webhook: {error}", self._terms.denies_on_failure)

    def _concerned(self, spec: Object) -> bool:
        """One false condition ends it; else one that comes to no value is a failure. Raises
        EvaluationError."""
        failed: EvaluationError | None = None
        for program in self._terms.conditions:
            try:
                if program.run({"request": spec}) is not True:
                    return False
            except EvaluationError as error:
                failed = error
        if failed is not None:
            raise failed
        return True

    async def _answer(self, spec: Object) -> Decision:
        """Raises RemoteError."""
        key, now = encode(spec), self._clock.now().timestamp()
        known = self._known.get(key)
        if known is not None and now < known[1]:
            return known[0]
        answer = await self._place.ask(self._review(spec), self._terms.timeout_seconds)
        decision, times = _decision(part(answer, "status")), self._terms.times
        kept_seconds = times.authorized_seconds if decision.allowed else times.unauthorized_seconds
        if kept_seconds and len(key) <= _LARGEST_REMEMBERED_BYTES:
            self._known.put(key, (decision, now + kept_seconds))
        return decision

    def _review(self, spec: Object) -> Object:
        version = self._place.version
        if version == "v1beta1" and "groups" in spec:  # it called them so
            spec = {("group" if key == "groups" else key): value for key, value in spec.items()}
        return {"kind": "SubjectAccessReview", "apiVersion": f"authorization.k8s.io/{version}", "spec": spec}

    async def close(self) -> None:
        await self._place.remote.close()


def compiled_condition(expression: str) -> Program:
    """Over `request`, the review's spec. Raises CompileError."""
    program = compile_expression(expression, {"request": "map<string, dyn>"})
    if program.result_type not in ("BOOL", "DYN"):
        raise CompileError("must evaluate to bool")
    return program


def _decision(status: Object) -> Decision:
    allowed, denied = status.get("allowed") is True, status.get("denied") is True
    if allowed and denied:
        return Decision(False, "webhook subject access review returned both allow and deny response", True)
    return Decision(allowed, text(status, "reason"), denied)


def _spec(attributes: Attributes) -> Object:
    user = user_info(attributes.user)
    spec: Object = {("user" if key == "username" else key): value for key, value in user.items()}
    if not attributes.resource_request:
        return {**spec, "nonResourceAttributes": {"path": attributes.path, "verb": attributes.verb}}
    asked = {
        "namespace": attributes.namespace,
        "verb": attributes.verb,
        "group": attributes.group,
        "version": attributes.version,
        "resource": attributes.resource,
        "subresource": attributes.subresource,
        "name": attributes.name,
    }
    resource: Object = {key: value for key, value in asked.items() if value}
    for name, selector in (
        ("fieldSelector", attributes.field_selector),
        ("labelSelector", attributes.label_selector),
    ):
        if selector:
            resource[name] = {"rawSelector": selector}
    return {**spec, "resourceAttributes": resource}
