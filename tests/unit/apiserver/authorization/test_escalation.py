"""Nobody gives away what he does not hold."""

import pytest

from kubeade.api.errors import Forbidden, NotFound
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES
from kubeade.apiserver.seams import AdmissionAttributes, Operation, User

JANE = User("jane", groups=("devs",))


def grant(cluster, *rules):
    cluster.put(CLUSTER_ROLES, {"metadata": {"name": "own"}, "rules": list(rules)})
    role_ref = {"kind": "ClusterRole", "name": "own"}
    subjects = [{"kind": "User", "name": "jane"}]
    cluster.put(
        CLUSTER_ROLE_BINDINGS, {"metadata": {"name": "own"}, "roleRef": role_ref, "subjects": subjects}
    )


def rule(verbs, resources, group="", **more):
    return {"verbs": verbs, "apiGroups": [group], "resources": resources, **more}


async def write(cluster, resource, written, user=JANE, old=None):
    operation = Operation.UPDATE if old else Operation.CREATE
    namespace = "shop" if resource.namespaced else ""
    attributes = AdmissionAttributes(
        operation, user, resource, resource.kind, namespace, "new", object=written, old_object=old
    )
    await build_authorizer(cluster).escalation.validate(attributes)


async def test_a_role_beyond_its_authors_rights_is_refused_with_the_missing_ones(cluster):
    grant(cluster, rule(["get"], ["pods"]))
    wanted = {"metadata": {"name": "new"}, "rules": [rule(["get", "list", "watch"], ["pods", "secrets"])]}
    with pytest.raises(Forbidden) as refused:
        await write(cluster, ROLES, wanted)
    assert refused.value.message == (
        'roles.rbac.authorization.k8s.io "new" is forbidden: user "jane" (groups=["devs"]) is attempting '
        "to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list" "watch"]}'
    )


@pytest.mark.parametrize(
    "owned",
    [
        rule(["*"], ["*"], "*"),
        rule(["get", "list"], ["pods", "services"]),
        rule(["escalate"], ["roles"], "rbac.authorization.k8s.io"),
    ],
)
async def test_a_role_within_its_authors_rights_is_accepted(cluster, owned):
    grant(cluster, owned)
    await write(cluster, ROLES, {"metadata": {"name": "new"}, "rules": [rule(["get", "list"], ["pods"])]})


async def test_rights_to_one_name_do_not_cover_all_names(cluster):
    grant(cluster, rule(["get"], ["pods"], resourceNames=["a"]))
    await write(cluster, ROLES, {"metadata": {}, "rules": [rule(["get"], ["pods"], resourceNames=["a"])]})
    with pytest.raises(Forbidden):
        await write(cluster, ROLES, {"metadata": {}, "rules": [rule(["get"], ["pods"])]})


async def test_a_binding_needs_the_roles_rights_or_the_right_to_bind(cluster):
    cluster.put(CLUSTER_ROLES, {"metadata": {"name": "strong"}, "rules": [rule(["*"], ["secrets"])]})
    wanted = {"metadata": {"name": "new"}, "roleRef": {"kind": "ClusterRole", "name": "strong"}}
    grant(cluster, rule(["get"], ["pods"]))
    with pytest.raises(Forbidden):
        await write(cluster, ROLE_BINDINGS, wanted)
    grant(cluster, rule(["bind"], ["clusterroles"], "rbac.authorization.k8s.io", resourceNames=["strong"]))
    await write(cluster, ROLE_BINDINGS, wanted)
    with pytest.raises(NotFound):
        await write(cluster, ROLE_BINDINGS, {"metadata": {}, "roleRef": {"kind": "Role", "name": "absent"}})


async def test_gathering_roles_is_for_those_who_hold_everything(cluster):
    gathering = {"metadata": {"name": "new"}, "aggregationRule": {"clusterRoleSelectors": [{}]}}
    grant(cluster, rule(["get"], ["*"], "*"))
    with pytest.raises(Forbidden, match="must have cluster-admin privileges to use the aggregationRule"):
        await write(cluster, CLUSTER_ROLES, gathering)
    grant(cluster, rule(["*"], ["*"], "*"))
    await write(cluster, CLUSTER_ROLES, gathering)


async def test_the_garbage_collector_may_let_go_of_what_it_could_not_grant(cluster):
    old = {"metadata": {"name": "new", "finalizers": ["x"]}, "rules": [rule(["*"], ["secrets"])]}
    new = {**old, "metadata": {"name": "new", "finalizers": []}}
    await write(cluster, ROLES, new, old=old)
