"""The authorizers in order: the superuser, nodes, roles, a webhook. The first that decides, decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubeade.apiserver.authorization.escalation import SUPERUSERS_GROUP, EscalationCheck
from kubeade.apiserver.authorization.node import NodeAuthorizer
from kubeade.apiserver.authorization.rbac import RbacAuthorizer, RbacPolicy
from kubeade.apiserver.authorization.reviews import Reviews
from kubeade.apiserver.seams import Attributes, Authorizer, Decision, Reader, Responder

_SUPERUSER = Decision(True)


class Union:
    """Allows what any of its members allows; a refusal carries all their reasons."""

    def __init__(self, members: Sequence[Authorizer]) -> None:
        self._members = members

    async def authorize(self, attributes: Attributes) -> Decision:
        if SUPERUSERS_GROUP in attributes.user.groups:
            return _SUPERUSER
        reasons = []
        for member in self._members:
            decision = await member.authorize(attributes)
            if decision.allowed:
                return decision
            if decision.reason:
                reasons.append(decision.reason)
            if decision.denied:
                break
        return Decision(False, "\n".join(reasons))


@dataclass(frozen=True, slots=True)
class Authorization:
    """All that the wiring needs of this room."""

    authorizer: Authorizer
    policy: RbacPolicy
    escalation: EscalationCheck
    responders: Mapping[tuple[str, str, str], Responder]


MODES = ("Node", "RBAC", "Webhook")


def build_authorizer(
    reader: Reader, modes: Sequence[str] = ("Node", "RBAC"), webhook: Authorizer | None = None
) -> Authorization:
    """The authorizer over the cluster's own roles and pods, with what answers reviews from it.

    `modes` are asked in this order; Webhook needs the `webhook`.
    """
    policy = RbacPolicy(reader)
    members: dict[str, Authorizer] = {"Node": NodeAuthorizer(reader), "RBAC": RbacAuthorizer(policy)}
    if webhook is not None:
        members["Webhook"] = webhook
    authorizer = Union([members[mode] for mode in modes])
    responders = Reviews(authorizer, policy).responders()
    return Authorization(authorizer, policy, EscalationCheck(policy, authorizer), responders)
