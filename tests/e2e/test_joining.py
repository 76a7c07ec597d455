"""A second node: let in by a token, known by a hash, with certificates that the cluster signed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubectl_orders import field, manifest, pod_spec

KUBEADE = [sys.executable, "-m", "kubeade.cli.main"]
NODE = f"second-{os.getpid()}"
newest = pytest.mark.parametrize("kubectl", ["newest"], indirect=True)


def kubeade(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*KUBEADE, *arguments], capture_output=True, text=True, timeout=50)


@pytest.fixture(scope="module")
def invitation(cluster: Path) -> list[str]:
    """The words of the join command that the cluster prints."""
    said = kubeade("token", "create", "--ttl=10m", "--print-join-command", "--data-dir", str(cluster))
    assert said.returncode == 0, said.stderr
    words = said.stdout.split()
    assert words[:2] == ["kubeade", "join"]
    return words[1:]


@pytest.fixture(scope="module")
def node(cluster: Path, invitation: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    data = tmp_path_factory.mktemp("second") / "data"
    joined = kubeade(
        *invitation, "--node-name", NODE, "--node-labels", "place=second", "--detach", "--data-dir", str(data)
    )
    assert joined.returncode == 0, joined.stderr
    yield data
    left = kubeade("down", "--delete", "--data-dir", str(data))
    assert left.returncode == 0, left.stderr
    assert not data.exists()
    gone = kubeade("kubectl", "--data-dir", str(cluster), "delete", "node", NODE)
    assert gone.returncode == 0, gone.stderr


@pytest.fixture
def second(kubectl, node: Path) -> Iterator[str]:
    yield NODE
    kubectl("delete", "pod", "--all", "--now")


@newest
def test_a_joined_node_runs_pods_and_serves_their_logs_and_commands(kubectl, second):
    assert field(kubectl, f"node {second}", ".metadata.labels.place") == "second"
    spec = {
        **pod_spec(command=["sh", "-c", "echo here; exec sleep 1000"]),
        "nodeSelector": {"place": "second"},
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(manifest("v1", "Pod", "p", spec=spec)))
    kubectl("wait", "pod/p", "--for=condition=Ready", "--timeout=30s")
    assert field(kubectl, "pod p", ".spec.nodeName") == second
    signers = kubectl(
        "get", "csr", "-o", "jsonpath={.items[?(@.status.certificate)].spec.signerName}"
    ).split()
    assert {"kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving"} <= set(signers)
    assert kubectl("logs", "p") == "here\n"
    assert kubectl("exec", "p", "--", "echo", "there") == "there\n"


def test_a_cluster_with_another_authority_is_not_joined(invitation, tmp_path: Path):
    other = [re.sub(r"sha256:.*", f"sha256:{'0' * 64}", word) for word in invitation]
    refused = kubeade(*other, "--node-name", "x", "--data-dir", str(tmp_path / "data"))
    assert refused.returncode == 1
    assert "is not the cluster that was meant: its authority has another hash" in refused.stderr


def test_a_token_that_does_not_count_lets_nobody_in(invitation, tmp_path: Path):
    other = [re.sub(r"^[a-z0-9]{6}\.[a-z0-9]{16}$", "abcdef.0123456789abcdef", word) for word in invitation]
    refused = kubeade(*other, "--node-name", "x", "--data-dir", str(tmp_path / "data"))
    assert refused.returncode == 1
    assert "the token does not let this node in" in refused.stderr


def test_tokens_are_listed_and_deleted(cluster: Path):
    where = ["--data-dir", str(cluster)]
    token = kubeade("token", "create", "--description", "for a moment", *where).stdout.strip()
    token_id = token.partition(".")[0]
    assert f"{token_id}\t" in kubeade("token", "list", *where).stdout
    assert kubeade("token", "delete", token, *where).returncode == 0
    assert token_id not in kubeade("token", "list", *where).stdout
    again = kubeade("token", "delete", token, *where)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
