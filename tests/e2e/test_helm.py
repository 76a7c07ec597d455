"""Helm 4, its own Go code: one chart with hooks and a custom kind installed, upgraded, refused, rolled back,
removed."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import Kubectl

PROGRAM = Path(__file__).parent / "programs" / "helm_action.py"
CHART = str(Path(__file__).parent / "charts" / "stand")
WAITING = {"timeout": 40, "wait": "watcher"}


@dataclass(frozen=True)
class Helm:
    """The release `stand` in one namespace."""

    kubectl: Kubectl

    def run(self, action: str, **arguments: Any) -> "subprocess.CompletedProcess[str]":
        """Whatever comes of it."""
        place = [str(self.kubectl.kubeconfig), self.kubectl.namespace]
        command = [sys.executable, str(PROGRAM), *place, action, json.dumps({"name": "stand", **arguments})]
        return subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)

    def __call__(self, action: str, **arguments: Any) -> Any:
        """What it answers; it must succeed."""
        done = self.run(action, **arguments)
        assert done.returncode == 0, f"helm {action}: {done.stderr}"
        return json.loads(done.stdout)

    def found(self, kind: str, name: str) -> dict[str, Any]:
        """The object in the cluster, or an empty one."""
        text = self.kubectl("get", kind, name, "--ignore-not-found", "--output", "json")
        return json.loads(text) if text else {}

    def menu(self) -> dict[str, str]:
        data: dict[str, str] = self.found("configmap", "stand-menu")["data"]
        return data


@pytest.mark.parametrize("kubectl", ["newest"], indirect=True)
def test_a_release_from_install_to_uninstall(kubectl: Kubectl) -> None:
    helm = Helm(kubectl)
    helm("install", chart=CHART, **WAITING)
    assert helm.found("deployment", "stand")["status"]["readyReplicas"] == 1, "it waits for what it ordered"
    assert helm.found("recipe", "stand")["spec"] == {"lemons": 1, "sugar": "cane"}
    assert helm.menu()["apps"] == "true", "discovery tells which kinds there are"
    assert helm.menu()["namespace"] == "kube-system", "a template looks an object up"
    assert not helm.found("job", "stand-prepare"), "a hook that succeeded is gone"

    helm("upgrade", chart=CHART, values={"replicas": 2, "price": "2.50"}, **WAITING)
    assert helm.found("deployment", "stand")["status"]["readyReplicas"] == 2
    assert helm.found("recipe", "stand")["spec"]["lemons"] == 2
    assert (helm.menu()["revision"], helm.menu()["price"]) == ("2", "2.50")

    refused = helm.run("upgrade", chart=CHART, values={"hookExitCode": 1, "price": "9.00"}, **WAITING)
    assert "HelmReleaseError" in refused.stderr
    assert helm.menu()["price"] == "2.50", "an upgrade whose hook fails changes nothing"

    helm("rollback", version=1, **WAITING)
    assert helm.found("deployment", "stand")["spec"]["replicas"] == 1
    assert (helm.menu()["revision"], helm.menu()["price"]) == ("1", "2.00")
    statuses = [revision["status"] for revision in helm("history")]
    assert statuses == ["superseded", "superseded", "failed", "deployed"]

    assert "lemons are here" in helm("test", timeout=40, logs=True)["logs"]
    helm("uninstall", **WAITING)
    left = [helm.found(kind, "stand") for kind in ("deployment", "service", "recipe")]
    assert left == [{}, {}, {}]
    assert helm.found("crd", "recipes.stand.example"), "Helm lets kinds be"
