"""The authorizers in order: the superuser, nodes, roles, and further ones. The first that decides,
decides."""

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

    def ask(self, members: Sequence[Authorizer]) -> None:
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


Members = Sequence[str | Authorizer]
"""In the order in which they are asked; the cluster's own by name: Node, RBAC."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """All that the wiring needs of this room."""

    authorizer: Union
    policy: RbacPolicy
    escalation: EscalationCheck
    responders: Mapping[tuple[str, str, str], Responder]
    own: Mapping[str, Authorizer]

    def ask(self, members: Members) -> None:
        """From now on these, in this order."""
        self.authorizer.ask(_asked(members, self.own))


def build_authorizer(reader: Reader, members: Members = ("Node", "RBAC")) -> Authorization:
    """The authorizer over the cluster's own roles and pods, with what answers reviews from it."""
    policy = RbacPolicy(reader)
    own: dict[str, Authorizer] = {"Node": NodeAuthorizer(reader), "RBAC": RbacAuthorizer(policy)}
    authorizer = Union(_asked(members, own))
    responders = Reviews(authorizer, policy).responders()
    return Authorization(authorizer, policy, EscalationCheck(policy, authorizer), responders, own)


def _asked(members: Members, own: Mapping[str, Authorizer]) -> list[Authorizer]:
    return [own[each] if isinstance(each, str) else each for each in members]
