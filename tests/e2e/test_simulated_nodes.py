"""Nodes of `--simulated-nodes` answer for their pods, and say what they are."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import KUBEADE, Kubectl


@pytest.fixture(scope="module")
def simulated(
    tmp_path_factory: pytest.TempPathFactory, programs: dict[str, Path]
) -> Iterator[dict[str, Kubectl]]:
    """A cluster with two simulated nodes, a pod on the second, and both versions of kubectl."""
    data = tmp_path_factory.mktemp("simulated") / "data"
    up = [*KUBEADE, "up", "--detach", "--data-dir", str(data), "--simulated-nodes", "2"]
    subprocess.run(up, check=True, timeout=60)
    found = {name: Kubectl(program, data / "kubeconfig", "default") for name, program in programs.items()}
    spec = {"nodeName": "simulated-1", "containers": [{"name": "c", "image": "lemonade:1"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    found["newest"]("apply", "-f", "-", stdin=json.dumps(pod))
    found["newest"]("wait", "--for=condition=Ready", "pod/p", "--timeout=30s")
    yield found
    subprocess.run([*KUBEADE, "down", "--delete", "--data-dir", str(data)], check=True, timeout=60)


@pytest.mark.parametrize("version", ["newest", "1.27"])
def test_a_simulated_pod_says_that_it_has_no_processes(simulated: dict[str, Kubectl], version: str) -> None:
    kubectl = simulated[version]
    assert "the container is simulated" in kubectl.run("logs", "p").stderr
    assert "its containers have no processes" in kubectl.run("exec", "p", "--", "ls").stderr
    assert "its containers have no processes" in kubectl.run("attach", "p").stderr


def test_every_simulated_node_has_its_own_server(simulated: dict[str, Kubectl]) -> None:
    for node in ("simulated-0", "simulated-1"):
        raw = simulated["newest"]("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary")
        assert json.loads(raw)["node"]["nodeName"] == node
