"""Which requests a policy keeps how much of, and which policies are refused."""

from pathlib import Path

import pytest

from kubeade.apiserver.audit.policy import Policy, read_policy
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.seams import Attributes, User

ALICE = User("alice", groups=("buyers",))
HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"


def policy(tmp_path: Path, text: str) -> Policy:
    file = tmp_path / "policy.yaml"
    file.write_text(HEAD + text)
    return read_policy(str(file))


def level(found: Policy, attributes: Attributes) -> str:
    verdict = found.verdict(attributes)
    return verdict.level if verdict else "None"


def get(resource: str, subresource: str = "", namespace: str = "") -> Attributes:
    return Attributes(ALICE, "get", resource=resource, subresource=subresource, namespace=namespace)


def test_the_first_rule_that_matches_decides(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        """
rules:
- {level: None, users: [bob]}
- {level: Metadata, resources: [{group: "", resources: [secrets]}]}
- {level: Request, userGroups: [buyers], verbs: [create]}
- {level: None, nonResourceURLs: ["/healthz*"]}
- {level: RequestResponse, namespaces: [shop]}
""",
    )
    assert level(found, get("secrets", namespace="shop")) == "Metadata"
    assert level(found, get("pods", namespace="shop")) == "RequestResponse"
    assert level(found, get("pods", namespace="else")) == "None"
    assert level(found, Attributes(ALICE, "create", resource="pods", namespace="shop")) == "Request"
    assert level(found, Attributes(ALICE, "get", path="/healthz/etcd", resource_request=False)) == "None"


@pytest.mark.parametrize(
    ("named", "resource", "subresource", "matches"),
    [
        ("pods", "pods", "", True),
        ("pods", "pods", "log", False),
        ("pods/log", "pods", "log", True),
        ("pods/*", "pods", "log", True),
        ("*/log", "pods", "log", True),
        ("*/log", "pods", "exec", False),
        ("*", "pods", "exec", True),
    ],
)
def test_a_rule_for_a_resource_does_not_cover_its_subresources(
    tmp_path: Path, named: str, resource: str, subresource: str, matches: bool
) -> None:
    found = policy(tmp_path, f'rules: [{{level: Metadata, resources: [{{resources: ["{named}"]}}]}}]')
    assert (level(found, get(resource, subresource)) == "Metadata") is matches


def test_stages_to_omit_add_up_and_managed_fields_are_the_rules_own(tmp_path: Path) -> None:
    found = policy(
        tmp_path,
        """
omitStages: [RequestReceived]
omitManagedFields: true
rules: [{level: Metadata, omitStages: [ResponseStarted], omitManagedFields: false}]
""",
    )
    verdict = found.verdict(get("pods"))
    assert verdict is not None
    assert verdict.omit_stages == {"RequestReceived", "ResponseStarted"}
    assert not verdict.omit_managed_fields


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules: []", "0 rules"),
        ("rules: [{level: Loud}]", "Loud"),
        ("rules: [{level: Metadata, resource: []}]", "unknown field `resource`"),
        ("rules: [{level: Metadata, nonResourceURLs: [healthz]}]", "must begin with a '/'"),
        ("rules: [{level: Metadata, nonResourceURLs: ['/a*b']}]", "must be the final character"),
        ("rules: [{level: Metadata, nonResourceURLs: ['/a'], namespaces: [b]}]", "cannot apply to both"),
        ("rules: [{level: Metadata, resources: [{resourceNames: [a]}]}]", "at least one resource"),
        ("rules: [{level: Metadata, resources: [{group: apps/v1}]}]", "apps/v1"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=r"policy\.yaml") as refused:
        policy(tmp_path, text)
    assert told in str(refused.value)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("apiVersion: v1\nkind: Pod\n")
    with pytest.raises(ConfigError, match=r"must be audit\.k8s\.io/v1 Policy, and is v1 Pod"):
        read_policy(str(file))
