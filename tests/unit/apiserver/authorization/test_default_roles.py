"""The default roles: complete, labelled, and gathered as upstream's controller would."""

from kubeade.apiserver.authorization import policy
from kubeade.apiserver.authorization.aggregation import stale_roles


def by_name(objects):
    return {found["metadata"]["name"]: found for found in objects}


def test_every_default_role_is_labelled_and_updated_automatically():
    for found in [
        *policy.cluster_roles(),
        *policy.cluster_role_bindings(),
        *policy.roles(),
        *policy.role_bindings(),
    ]:
        assert found["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
        assert found["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] == "true"


def test_the_gathered_roles_are_already_what_the_aggregation_makes_of_them():
    assert stale_roles(policy.cluster_roles()) == []


def test_admin_holds_what_edit_and_view_hold():
    roles = by_name(policy.cluster_roles())
    admin = roles["admin"]["rules"]
    assert all(rule in admin for rule in roles["edit"]["rules"])
    assert all(rule in admin for rule in roles["view"]["rules"])
    assert roles["view"]["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"] == "true"


def test_every_binding_names_a_role_that_exists():
    cluster_roles, roles = by_name(policy.cluster_roles()), policy.roles()
    places = {(role["metadata"]["namespace"], role["metadata"]["name"]) for role in roles}
    assert all(found["roleRef"]["name"] in cluster_roles for found in policy.cluster_role_bindings())
    for found in policy.role_bindings():
        assert (found["metadata"]["namespace"], found["roleRef"]["name"]) in places


def test_a_rule_with_names_and_a_rule_with_paths_are_read():
    roles = by_name(policy.cluster_roles())
    assert {
        "verbs": ["get"],
        "nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"],
    } in roles["system:public-info-viewer"]["rules"]
    named = [rule for rule in roles["system:kube-scheduler"]["rules"] if "resourceNames" in rule]
    assert named[0]["resourceNames"] == ["kube-scheduler"]
    assert named[0]["apiGroups"] == ["coordination.k8s.io"]
