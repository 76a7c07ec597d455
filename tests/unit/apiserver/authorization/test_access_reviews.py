"""The reviews answer what the authorizer would."""

import pytest

from kubeade.api.errors import Invalid
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.authorization.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from kubeade.apiserver.seams import Question, User

GROUP = "authorization.k8s.io"
PODS = {"verb": "list", "resource": "pods", "namespace": "shop"}
JANE = User("jane")


@pytest.fixture
def ask(cluster):
    rule = {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}
    cluster.put(CLUSTER_ROLES, {"metadata": {"name": "r"}, "rules": [rule]})
    role_ref = {"kind": "ClusterRole", "name": "r"}
    subjects = [{"kind": "User", "name": "jane"}]
    cluster.put(CLUSTER_ROLE_BINDINGS, {"metadata": {"name": "b"}, "roleRef": role_ref, "subjects": subjects})
    responders = build_authorizer(cluster).responders

    async def ask(plural, spec, user=JANE, namespace=""):
        answer = await responders[GROUP, plural, ""](Question(user, namespace, "", {"spec": spec}))
        return answer["status"]

    return ask


async def test_one_may_ask_about_oneself(ask):
    assert (await ask("selfsubjectaccessreviews", {"resourceAttributes": PODS}))["allowed"]
    status = await ask("selfsubjectaccessreviews", {"resourceAttributes": {**PODS, "verb": "delete"}})
    assert status == {"allowed": False}


async def test_one_may_ask_about_others(ask):
    spec = {"user": "jane", "resourceAttributes": PODS}
    status = await ask("subjectaccessreviews", spec, User("admin"))
    assert status["reason"] == 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to User "jane"'
    assert not (await ask("subjectaccessreviews", {**spec, "user": "joe"}))["allowed"]


async def test_a_local_review_stays_in_its_namespace(ask):
    spec = {"user": "jane", "resourceAttributes": PODS}
    assert (await ask("localsubjectaccessreviews", spec, namespace="shop"))["allowed"]
    with pytest.raises(Invalid, match=r"must match metadata\.namespace"):
        await ask("localsubjectaccessreviews", spec, namespace="other")


async def test_a_review_without_subject_or_target_is_invalid(ask):
    with pytest.raises(Invalid, match="at least one of user or group must be specified"):
        await ask("subjectaccessreviews", {"resourceAttributes": PODS})
    with pytest.raises(Invalid, match="exactly one of nonResourceAttributes or resourceAttributes"):
        await ask("selfsubjectaccessreviews", {})


async def test_the_rules_review_lists_what_one_holds(ask):
    status = await ask("selfsubjectrulesreviews", {"namespace": "shop"})
    assert status["resourceRules"] == [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]
    assert status["incomplete"] is False
