"""Acting as somebody else for some requests only: which rights each mode asks for, and what it refuses."""

from collections.abc import Mapping
from typing import Any

import pytest

from kubeade.api.errors import Forbidden
from kubeade.apiserver.authentication.constrained_impersonation import impersonated_for
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from kubeade.apiserver.seams import Attributes, User

AGENT = "system:serviceaccount:kube-system:agent"
NODE_EXTRA = {"authentication.kubernetes.io/node-name": ("n1",)}


class Desk:
    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.authorizer = build_authorizer(cluster).authorizer

    def allow(self, *rules: tuple[str, str, str]) -> None:
        """Verb, group and resource each, to AGENT."""
        made = [{"verbs": [verb], "apiGroups": [group], "resources": [what]} for verb, group, what in rules]
        self.cluster.put(CLUSTER_ROLES, {"metadata": {"name": "r"}, "rules": made})
        subjects = [{"kind": "User", "name": AGENT}]
        binding = {"metadata": {"name": "b"}, "subjects": subjects}
        self.cluster.put(CLUSTER_ROLE_BINDINGS, {**binding, "roleRef": {"kind": "ClusterRole", "name": "r"}})

    async def become(
        self,
        headers: Mapping[str, str],
        *,
        verb: str = "list",
        extra: Mapping[str, tuple[str, ...]] = NODE_EXTRA,
    ) -> tuple[User, str]:
        agent = User(AGENT, extra=extra)
        request = Attributes(agent, verb, resource="pods", version="v1", namespace="shop")
        return await impersonated_for(request, headers, self.authorizer)


@pytest.fixture
def desk(cluster: Any) -> Desk:
    return Desk(cluster)


AUTH = "authentication.k8s.io"


@pytest.mark.parametrize(
    ("mode", "resource", "name", "group"),
    [
        ("user-info", "users", "jane", "system:authenticated"),
        ("serviceaccount", "serviceaccounts", "system:serviceaccount:a:b", "system:serviceaccounts:a"),
        ("arbitrary-node", "nodes", "system:node:n2", "system:nodes"),
        ("associated-node", "nodes", "system:node:n1", "system:nodes"),
    ],
)
async def test_a_mode_needs_its_right_on_the_user_and_on_the_request(
    desk: Desk, mode: str, resource: str, name: str, group: str
) -> None:
    right_on_user, right_on_request = (
        (f"impersonate:{mode}", AUTH, resource),
        (f"impersonate-on:{mode}:list", "", "pods"),
    )
    for rules in ([right_on_user], [right_on_request]):
        desk.allow(*rules)
        with pytest.raises(Forbidden):
            await desk.become({"impersonate-user": name})
    desk.allow(right_on_user, right_on_request)
    user, constraint = await desk.become({"impersonate-user": name})
    assert user.name == name
    assert group in user.groups
    assert constraint == f"impersonate:{mode}"
    with pytest.raises(Forbidden, match=f"cannot impersonate-on:{mode}:delete"):
        await desk.become({"impersonate-user": name}, verb="delete")


async def test_the_old_right_is_for_all_requests(desk: Desk) -> None:
    desk.allow(("impersonate", "", "users"))
    user, constraint = await desk.become({"impersonate-user": "jane"}, verb="delete")
    assert (user.name, constraint) == ("jane", "")


async def test_an_account_of_another_node_is_not_associated_with_it(desk: Desk) -> None:
    desk.allow(
        ("impersonate:associated-node", AUTH, "nodes"), ("impersonate-on:associated-node:list", "", "pods")
    )
    with pytest.raises(Forbidden):
        await desk.become({"impersonate-user": "system:node:n2"})
    with pytest.raises(Forbidden):
        await desk.become({"impersonate-user": "system:node:n1"}, extra={})


async def test_no_mode_makes_superusers(desk: Desk) -> None:
    rights = [("impersonate:user-info", AUTH, what) for what in ("users", "groups")]
    desk.allow(*rights, ("impersonate-on:user-info:list", "", "pods"))
    headers = {"impersonate-user": "jane", "impersonate-group": "system:masters"}
    with pytest.raises(Forbidden, match="impersonating the system:masters group is not allowed"):
        await desk.become(headers)
    user, _ = await desk.become({**headers, "impersonate-group": "devs"})
    assert user.groups == ("devs", "system:authenticated")


async def test_each_part_is_a_right_of_its_own(desk: Desk) -> None:
    desk.allow(("impersonate:user-info", AUTH, "users"), ("impersonate-on:user-info:list", "", "pods"))
    for header in ("impersonate-group", "impersonate-uid", "impersonate-extra-example.org%2fa"):
        with pytest.raises(Forbidden, match="cannot impersonate:user-info"):
            await desk.become({"impersonate-user": "jane", header: "x"})
