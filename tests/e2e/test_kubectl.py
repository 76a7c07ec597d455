"""What people do with kubectl all day, with the newest one and the oldest that we promise, on real pods."""

import json
import urllib.request
from pathlib import Path

LEMONADE = str(Path(__file__).parents[2] / "examples" / "lemonade" / "lemonade.yaml")


def deployment(name="web", replicas=1, **extra):
    container = {"name": "c", "image": "kubeade.local/host", "command": ["sleep", "1000"], **extra}
    labels = {"app": name}
    pod = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return json.dumps(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
    )


def field(kubectl, what, path):
    return kubectl("get", *what.split(), "-o", f"jsonpath={{{path}}}")


def test_the_lemonade_is_delivered_and_answers(kubectl):
    kubectl("apply", "-f", LEMONADE)
    kubectl("rollout", "status", "deployment/lemonade", "--timeout=30s")
    address = field(kubectl, "service lemonade", ".status.loadBalancer.ingress[0].ip")
    with urllib.request.urlopen(f"http://{address}:8080/", timeout=5) as answer:
        page = answer.read().decode()
    assert "<h1>Lemonade</h1>" in page


def test_api_resources_and_explain(kubectl):
    listed = kubectl("api-resources")
    assert all(word in listed for word in ("deployments", "customresourcedefinitions", "cronjobs", "leases"))
    assert "Number of desired pods" in kubectl("explain", "deployment.spec.replicas")


def test_apply_diff_and_get_in_every_form(kubectl):
    kubectl("apply", "-f", "-", stdin=deployment())
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert kubectl.run("diff", "-f", "-", stdin=deployment()).returncode == 0
    changed = kubectl.run("diff", "-f", "-", stdin=deployment(replicas=2))
    assert changed.returncode == 1
    assert "+  replicas: 2" in changed.stdout
    assert "kubeade.local/host" in kubectl("get", "deployment", "web", "-o", "wide")
    assert json.loads(kubectl("get", "deployment", "web", "-o", "json"))["spec"]["replicas"] == 1
    assert "replicas: 1" in kubectl("get", "deployment", "web", "-o", "yaml")
    assert "Normal" in kubectl("describe", "deployment", "web")


def test_server_side_apply_has_conflicts_and_force(kubectl):
    kubectl("apply", "--server-side", "--field-manager=one", "-f", "-", stdin=deployment())
    other = ["apply", "--server-side", "--field-manager=two", "-f", "-"]
    refused = kubectl.run(*other, stdin=deployment(replicas=3))
    assert refused.returncode != 0
    assert 'conflict with "one"' in refused.stderr
    kubectl(*other, "--force-conflicts", stdin=deployment(replicas=3))
    assert field(kubectl, "deployment web", ".spec.replicas") == "3"


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


def test_label_annotate_patch_and_edit(kubectl):
    kubectl("create", "configmap", "menu", "--from-literal=drink=lemonade")
    kubectl("label", "configmap", "menu", "season=summer")
    kubectl("patch", "configmap", "menu", "-p", '{"data":{"drink":"tea"}}')
    kubectl(
        "patch",
        "configmap",
        "menu",
        "--type=json",
        "-p",
        '[{"op":"add","path":"/data/size","value":"large"}]',
    )
    kubectl("annotate", "configmap", "menu", "checked=yes")
    data = json.loads(kubectl("get", "configmap", "menu", "-o", "json"))
    assert data["data"] == {"drink": "tea", "size": "large"}
    assert data["metadata"]["labels"] == {"season": "summer"}
    assert "menu" in kubectl("get", "configmaps", "-l", "season=summer", "-o", "name")


def test_run_expose_and_wait(kubectl):
    kubectl("run", "one", "--image=kubeade.local/host", "--port=80", "--", "sleep", "1000")
    kubectl("wait", "pod/one", "--for=condition=Ready", "--timeout=30s")
    kubectl("expose", "pod", "one", "--port=80")
    assert field(kubectl, "service one", ".spec.ports[0].port") == "80"
    kubectl("delete", "pod", "one", "--grace-period=0", "--force")
    assert "NotFound" in kubectl.run("get", "pod", "one").stderr


def test_delete_with_each_propagation(kubectl):
    for policy, left in (("background", ""), ("foreground", ""), ("orphan", "replicaset")):
        kubectl("apply", "-f", "-", stdin=deployment(policy))
        kubectl("rollout", "status", f"deployment/{policy}", "--timeout=30s")
        kubectl("delete", "deployment", policy, f"--cascade={policy}")
        if left:
            assert f"app={policy}" in kubectl("get", "replicasets", "--show-labels")
        else:
            kubectl("wait", "--for=delete", "replicaset", "-l", f"app={policy}", "--timeout=20s")


def test_auth_can_i(kubectl):
    assert kubectl("auth", "can-i", "delete", "nodes").strip() == "yes"
    assert kubectl.run("auth", "can-i", "get", "pods", "--as=nobody").stdout.strip() == "no"


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
