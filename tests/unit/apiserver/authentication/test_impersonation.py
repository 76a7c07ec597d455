"""Acting as somebody else: each part of it is a right of its own."""

import pytest

from kubeade.api.errors import BadRequest, Forbidden
from kubeade.apiserver.authentication.impersonation import impersonated
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from kubeade.apiserver.seams import User

ADMIN = User("admin", groups=("system:masters",))
JOE = User("joe")


@pytest.fixture
def become(cluster):
    authorizer = build_authorizer(cluster).authorizer

    async def ask(user=ADMIN, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return await impersonated(user, headers, authorizer)

    return ask


async def test_a_group_may_have_a_comma_in_its_name(cluster):
    headers = {"impersonate-user": ["jane"], "impersonate-group": ["cn=a,dc=b", "ops"]}
    jane = await impersonated(ADMIN, headers, build_authorizer(cluster).authorizer)
    assert jane.groups == ("cn=a,dc=b", "ops", "system:authenticated")


async def test_the_superuser_may_be_anybody(become):
    jane = await become(
        impersonate_user="jane", impersonate_group="devs, ops", impersonate_extra_scopes="a, b"
    )
    assert jane.groups == ("devs", "ops", "system:authenticated")
    assert jane.extra == {"scopes": ("a", "b")}


async def test_groups_that_go_without_saying_are_added(become):
    account = await become(impersonate_user="system:serviceaccount:shop:seller")
    assert account.groups == ("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated")
    anonymous = await become(impersonate_user="system:anonymous")
    assert anonymous.groups == ("system:unauthenticated",)


async def test_others_need_the_right_to_each_part(become, cluster):
    with pytest.raises(Forbidden) as refused:
        await become(JOE, impersonate_user="jane")
    assert refused.value.message == (
        'users "jane" is forbidden: User "joe" cannot impersonate resource "users" in API group "" '
        "at the cluster scope"
    )
    rule = {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["jane"]}
    cluster.put(CLUSTER_ROLES, {"metadata": {"name": "r"}, "rules": [rule]})
    role_ref = {"kind": "ClusterRole", "name": "r"}
    subjects = [{"kind": "User", "name": "joe"}]
    cluster.put(CLUSTER_ROLE_BINDINGS, {"metadata": {"name": "b"}, "roleRef": role_ref, "subjects": subjects})
    assert (await become(JOE, impersonate_user="jane")).name == "jane"
    for more in ({"impersonate_group": "devs"}, {"impersonate_uid": "1"}, {"impersonate_extra_scopes": "a"}):
        with pytest.raises(Forbidden):
            await become(JOE, impersonate_user="jane", **more)


async def test_a_group_without_a_user_is_a_mistake(become):
    with pytest.raises(BadRequest, match="without impersonating a user"):
        await become(impersonate_group="devs")
