"""The authorizers in order: the superuser, nodes, roles. The first that allows decides."""

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
        return Decision(False, "\n".join(reasons))


@dataclass(frozen=True, slots=True)
class Authorization:
    """All that the wiring needs of this room."""

    authorizer: Authorizer
    policy: RbacPolicy
    escalation: EscalationCheck
    responders: Mapping[tuple[str, str, str], Responder]


def build_authorizer(reader: Reader) -> Authorization:
    """The authorizer over the cluster's own roles and pods, with what answers reviews from it."""
    policy = RbacPolicy(reader)
    authorizer = Union([NodeAuthorizer(reader), RbacAuthorizer(policy)])
    responders = Reviews(authorizer, policy).responders()
    return Authorization(authorizer, policy, EscalationCheck(policy, authorizer), responders)
