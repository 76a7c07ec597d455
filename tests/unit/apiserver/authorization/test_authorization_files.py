"""Policies of ABAC, and who is asked in which order, as files say it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubeade.apiserver.authorization.abac import read_policies
from kubeade.apiserver.authorization.config import read_configuration, seconds
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.seams import Attributes, User

ALICE, BOB = User("alice", groups=("buyers",)), User("bob")
PODS = {"namespace": "shop", "resource": "pods", "apiGroup": "*"}


def policies(path: Path, *specs: dict[str, Any], **said: str) -> str:
    kind = {"apiVersion": "abac.authorization.kubernetes.io/v1beta1", "kind": "Policy", **said}
    file = path / "policies.jsonl"
    file.write_text("# who may what\n\n" + "\n".join(json.dumps({**kind, "spec": spec}) for spec in specs))
    return str(file)


def asks(user: User, verb: str, **where: str) -> Attributes:
    return Attributes(user, verb, **{"resource": "pods", "namespace": "shop", **where})


def path(user: User, url: str) -> Attributes:
    return Attributes(user, "get", path=url, resource_request=False)


@pytest.mark.parametrize(
    ("spec", "asked", "allowed"),
    [
        ({"user": "alice", **PODS}, asks(ALICE, "delete"), True),
        ({"user": "alice", **PODS}, asks(BOB, "get"), False),
        ({"group": "buyers", **PODS}, asks(ALICE, "get"), True),
        ({"group": "buyers", **PODS}, asks(BOB, "get"), False),
        ({"user": "*", **PODS}, asks(BOB, "get"), True),
        ({"user": "alice", "group": "sellers", **PODS}, asks(ALICE, "get"), False),
        (PODS, asks(ALICE, "get"), False),
        ({"user": "alice", "readonly": True, **PODS}, asks(ALICE, "watch"), True),
        ({"user": "alice", "readonly": True, **PODS}, asks(ALICE, "delete"), False),
        ({"user": "alice", **PODS}, asks(ALICE, "get", namespace="other"), False),
        ({"user": "alice", **PODS, "namespace": "*"}, asks(ALICE, "get", namespace=""), True),
        ({"user": "alice", **PODS}, asks(ALICE, "get", resource="secrets"), False),
        ({"user": "alice", **PODS, "apiGroup": ""}, asks(ALICE, "get", group="apps"), False),
        ({"user": "alice", **PODS}, path(ALICE, "/version"), False),
        ({"user": "alice", "nonResourcePath": "/version"}, path(ALICE, "/version"), True),
        ({"user": "alice", "nonResourcePath": "/healthz/*"}, path(ALICE, "/healthz/ping"), True),
        ({"user": "alice", "nonResourcePath": "*"}, path(ALICE, "/version"), True),
        ({"user": "alice", "nonResourcePath": "*"}, asks(ALICE, "get"), False),
    ],
)
async def test_a_policy_allows_what_it_names(
    tmp_path: Path, spec: dict[str, Any], asked: Attributes, allowed: bool
) -> None:
    authorizer = read_policies(policies(tmp_path, {"user": "nobody", **PODS}, spec))
    decision = await authorizer.authorize(asked)
    assert (decision.allowed, decision.denied) == (allowed, False)
    assert allowed or decision.reason == "No policy matched."


def test_policies_that_say_something_else_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 3: must be an abac"):
        read_policies(policies(tmp_path, PODS, apiVersion="v1"))
    with pytest.raises(ConfigError, match=r"line 3: .*unknown field `users`"):
        read_policies(policies(tmp_path, {"users": "alice"}))
    (tmp_path / "broken").write_text('{"user":"alice"}\n')
    with pytest.raises(ConfigError, match="line 1"):
        read_policies(str(tmp_path / "broken"))


def configuration(path: Path, *authorizers: dict[str, Any]) -> str:
    file = path / "authorization.yaml"
    said = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthorizationConfiguration"}
    file.write_text(yaml.safe_dump({**said, "authorizers": list(authorizers)}))
    return str(file)


def webhook(path: Path, **changes: Any) -> dict[str, Any]:
    file = path / "kubeconfig"
    file.touch()
    said = {
        "timeout": "3s",
        "authorizedTTL": "5m",
        "unauthorizedTTL": "30s",
        "subjectAccessReviewVersion": "v1",
        "failurePolicy": "Deny",
        "connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": str(file)},
        **changes,
    }
    return {"type": "Webhook", "name": "hook", "webhook": said}


OWN = ({"type": "Node", "name": "node"}, {"type": "RBAC", "name": "rbac"})


def test_authorizers_are_read_in_their_order(tmp_path: Path) -> None:
    found = read_configuration(configuration(tmp_path, webhook(tmp_path), *OWN))
    assert [each.type for each in found.authorizers] == ["Webhook", "Node", "RBAC"]
    assert found.authorizers[0].webhook is not None
    assert found.authorizers[0].webhook.cache_authorized_requests is True
    assert (seconds("1m30s"), seconds("250ms"), seconds("soon")) == (90.0, 0.25, 0.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"timeout": "31s"}, "<= 30s"),
        ({"timeout": "soon"}, "timeout: must be > 0s"),
        ({"authorizedTTL": "0s"}, "authorizedTTL: must be > 0s"),
        ({"failurePolicy": "Allow"}, "Invalid enum value 'Allow'"),
        ({"connectionInfo": {"type": "InClusterConfig"}}, "InClusterConfig is not supported"),
        ({"connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": "here"}}, "absolute path"),
        ({"connectionInfo": {"type": "KubeConfigFile", "kubeConfigFile": "/nowhere"}}, "regular file"),
        ({"matchConditions": [{"expression": "true"}]}, "required if match conditions"),
        ({"lemons": 1}, "unknown field `lemons`"),
    ],
)
def test_webhooks_that_cannot_be_kept_are_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_configuration(configuration(tmp_path, webhook(tmp_path, **change), *OWN))
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("authorizers", "told"),
    [
        ([OWN[0]], "Node and RBAC are required"),
        ([*OWN, {"type": "AlwaysAllow", "name": "all"}], "AlwaysAllow is not supported"),
        ([*OWN, {"type": "ABAC", "name": "rbac"}], "name: duplicate value"),
        ([*OWN, {"type": "RBAC", "name": "again"}], "type: duplicate value"),
        ([*OWN, {"type": "ABAC", "name": "A"}], "name: a lower-case DNS subdomain"),
        ([*OWN, {"type": "Webhook", "name": "hook"}], "webhook: required when type=Webhook"),
    ],
)
def test_lists_that_cannot_be_kept_are_refused(
    tmp_path: Path, authorizers: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_configuration(configuration(tmp_path, *authorizers))
    assert told in str(refused.value)
