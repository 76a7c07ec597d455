"""What people do with kubectl all day, with the newest one and the oldest that we promise, on real pods."""

import json
import urllib.request
from pathlib import Path

from kubectl_orders import deployment, field

LEMONADE = str(Path(__file__).parents[2] / "examples" / "lemonade" / "lemonade.yaml")


def test_the_lemonade_is_delivered_and_answers(kubectl):
    kubectl("apply", "-f", LEMONADE)
    kubectl("rollout", "status", "deployment/lemonade", "--timeout=30s")
    address = field(kubectl, "service lemonade", ".status.loadBalancer.ingress[0].ip")
    with urllib.request.urlopen(f"http://{address}:8080/", timeout=5) as answer:
        page = answer.read().decode()
    assert "<h1>Lemonade</h1>" in page


def test_scale_set_image_rollout_history_and_undo(kubectl):
    kubectl("apply", "-f", "-", stdin=deployment())
    kubectl("scale", "deployment/web", "--replicas=2")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    kubectl("set", "image", "deployment/web", "c=kubeade.local/host:latest")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert "2" in kubectl("rollout", "history", "deployment/web").splitlines()[-2]
    kubectl("rollout", "undo", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert field(kubectl, "deployment web", ".spec.template.spec.containers[0].image") == "kubeade.local/host"


def test_delete_with_each_propagation(kubectl):
    for policy, left in (("background", ""), ("foreground", ""), ("orphan", "replicaset")):
        kubectl("apply", "-f", "-", stdin=deployment(policy))
        kubectl("rollout", "status", f"deployment/{policy}", "--timeout=30s")
        kubectl("delete", "deployment", policy, f"--cascade={policy}")
        if left:
            assert f"app={policy}" in kubectl("get", "replicasets", "--show-labels")
        else:
            kubectl("wait", "--for=delete", "replicaset", "-l", f"app={policy}", "--timeout=20s")


def test_a_wrong_manifest_gets_kubernetes_errors(kubectl):
    bad = json.loads(deployment())
    bad["spec"]["selector"]["matchLabels"] = {"app": "other"}
    refused = kubectl.run("apply", "-f", "-", stdin=json.dumps(bad))
    assert 'spec.template.metadata.labels: Invalid value: {"app":"web"}' in refused.stderr
    unknown = json.loads(deployment())
    unknown["spec"]["lemons"] = 3
    refused = kubectl.run("apply", "--validate=strict", "-f", "-", stdin=json.dumps(unknown))
    assert 'unknown field "spec.lemons"' in refused.stderr


def test_a_custom_resource_from_definition_to_object(kubectl):
    plural = f"drinks{kubectl.namespace.replace('-', '')}"
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1}}}},
    }
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": plural, "singular": f"{plural}x", "kind": plural.capitalize()}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.org"},
        "spec": {"group": "example.org", "scope": "Namespaced", "names": names, "versions": [version]},
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(definition))
    kubectl("wait", f"crd/{plural}.example.org", "--for=condition=Established", "--timeout=10s")
    drink = {
        "apiVersion": "example.org/v1",
        "kind": names["kind"],
        "metadata": {"name": "tea"},
        "spec": {"size": 2},
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(drink))
    assert field(kubectl, f"{plural} tea", ".spec.size") == "2"
    drink["spec"]["size"] = 0
    refused = kubectl.run("apply", "-f", "-", stdin=json.dumps(drink))
    assert "should be greater than or equal to 1" in refused.stderr
    kubectl("delete", "crd", f"{plural}.example.org")
