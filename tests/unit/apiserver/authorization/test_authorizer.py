"""Who may do what: the superuser, roles and bindings as they change, refusals in upstream's words."""

import pytest

from kubeade.apiserver.authorization import policy
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.authorization.forbidden import forbidden
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from kubeade.apiserver.seams import Attributes, User

ADMIN = User("admin", groups=("system:masters",))
JANE = User("jane", groups=("system:authenticated",))


def binding(name, role, subject, namespace="", role_kind="ClusterRole"):
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {
        "kind": kind,
        "metadata": metadata,
        "roleRef": {"kind": role_kind, "name": role},
        "subjects": [subject],
    }


@pytest.fixture
def defaults(cluster):
    for role in policy.cluster_roles():
        cluster.put(CLUSTER_ROLES, role)
    for found in policy.cluster_role_bindings():
        cluster.put(CLUSTER_ROLE_BINDINGS, found)
    return cluster


async def test_the_superuser_may_do_anything_even_without_roles(cluster):
    authorizer = build_authorizer(cluster).authorizer
    assert (await authorizer.authorize(Attributes(ADMIN, "delete", resource="nodes", name="n"))).allowed


async def test_a_binding_counts_from_the_moment_it_is_written_until_it_is_deleted(defaults):
    authorizer = build_authorizer(defaults).authorizer
    question = Attributes(JANE, "list", resource="pods", namespace="shop")
    assert not (await authorizer.authorize(question)).allowed
    subject = {"kind": "User", "name": "jane"}
    defaults.put(ROLE_BINDINGS, binding("viewers", "view", subject, "shop"))
    decision = await authorizer.authorize(question)
    assert decision.allowed
    assert (
        decision.reason == 'RBAC: allowed by RoleBinding "viewers/shop" of ClusterRole "view" to User "jane"'
    )
    assert not (
        await authorizer.authorize(Attributes(JANE, "list", resource="pods", namespace="other"))
    ).allowed
    assert not (await authorizer.authorize(Attributes(JANE, "list", resource="pods"))).allowed
    defaults.delete(ROLE_BINDINGS, "viewers", "shop")
    assert not (await authorizer.authorize(question)).allowed


async def test_a_changed_role_changes_what_its_holders_may_do(cluster):
    authorizer = build_authorizer(cluster).authorizer
    subject = {"kind": "ServiceAccount", "name": "robot"}
    cluster.put(ROLE_BINDINGS, binding("b", "r", subject, "shop", "Role"))
    robot = User("system:serviceaccount:shop:robot")
    question = Attributes(robot, "get", "apps", resource="deployments", namespace="shop", name="lemonade")
    assert not (await authorizer.authorize(question)).allowed
    rule = {
        "verbs": ["get"],
        "apiGroups": ["apps"],
        "resources": ["deployments"],
        "resourceNames": ["lemonade"],
    }
    cluster.put(ROLES, {"metadata": {"name": "r", "namespace": "shop"}, "rules": [rule]})
    assert (await authorizer.authorize(question)).allowed
    other = Attributes(robot, "get", "apps", resource="deployments", namespace="shop", name="tea")
    assert not (await authorizer.authorize(other)).allowed


@pytest.mark.parametrize(
    ("rule_resource", "resource", "subresource", "allowed"),
    [
        ("pods", "pods", "", True),
        ("pods", "pods", "log", False),
        ("pods/log", "pods", "log", True),
        ("*/scale", "deployments", "scale", True),
        ("*/scale", "deployments", "", False),
        ("*", "deployments", "scale", True),
    ],
)
async def test_subresources_are_granted_on_their_own(cluster, rule_resource, resource, subresource, allowed):
    authorizer = build_authorizer(cluster).authorizer
    rule = {"verbs": ["*"], "apiGroups": ["*"], "resources": [rule_resource]}
    cluster.put(CLUSTER_ROLES, {"metadata": {"name": "r"}, "rules": [rule]})
    cluster.put(CLUSTER_ROLE_BINDINGS, binding("b", "r", {"kind": "Group", "name": "system:authenticated"}))
    question = Attributes(JANE, "get", "apps", resource=resource, subresource=subresource)
    assert (await authorizer.authorize(question)).allowed is allowed


async def test_anybody_may_ask_for_health_and_version_only(defaults):
    authorizer = build_authorizer(defaults).authorizer
    anonymous = User("system:anonymous", groups=("system:unauthenticated",))
    for path, allowed in {"/readyz": True, "/version": True, "/metrics": False, "/apis": False}.items():
        question = Attributes(anonymous, "get", path=path, resource_request=False)
        assert (await authorizer.authorize(question)).allowed is allowed
    discovery = Attributes(JANE, "get", path="/apis/apps/v1", resource_request=False)
    assert (await authorizer.authorize(discovery)).allowed


def test_refusals_are_worded_as_upstream_words_them():
    listing = Attributes(User("x"), "list", resource="pods", namespace="default")
    assert forbidden(listing).message == (
        'pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    getting = Attributes(User("x"), "get", "apps", resource="deployments", subresource="scale", name="d")
    error = forbidden(getting, "because")
    assert error.message == (
        'deployments.apps "d" is forbidden: User "x" cannot get resource "deployments/scale" '
        'in API group "apps" at the cluster scope: because'
    )
    assert error.details == {"name": "d", "group": "apps", "kind": "deployments"}
    path = Attributes(User("<x>"), "get", path="/metrics", resource_request=False)
    assert forbidden(path).message == 'forbidden: User "&lt;x&gt;" cannot get path "/metrics"'
