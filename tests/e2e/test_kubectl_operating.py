"""What operators do with kubectl: rollouts, scaling, nodes, rights, certificates, debugging."""

import json
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kubectl_orders import IMAGE, deployment, field, manifest, pod_spec


def container(kubectl):
    return json.loads(kubectl("get", "deployment", "web", "-o", "json"))["spec"]["template"]["spec"][
        "containers"
    ][0]


def test_set_changes_the_template(kubectl):
    kubectl("apply", "-f", "-", stdin=deployment(replicas=0))
    kubectl("set", "env", "deployment/web", "A=b")
    assert "A=b" in kubectl("set", "env", "deployment/web", "--list")
    kubectl("set", "resources", "deployment/web", "-c=c", "--limits=memory=64Mi")
    kubectl("set", "serviceaccount", "deployment/web", "default")
    kubectl("set", "image", "deployment/web", "c=other:1")
    made = container(kubectl)
    assert (made["env"], made["image"]) == ([{"name": "A", "value": "b"}], "other:1")
    assert made["resources"]["limits"] == {"memory": "64Mi"}
    kubectl("set", "env", "deployment/web", "A-")
    assert "env" not in container(kubectl)


def test_scale_and_its_precondition(kubectl):
    kubectl("apply", "-f", "-", stdin=deployment(replicas=0))
    kubectl("scale", "deployment/web", "--replicas=1", "--current-replicas=0")
    refused = kubectl.run("scale", "deployment/web", "--replicas=2", "--current-replicas=9")
    assert "Expected replicas to be 9, was 1" in refused.stderr
    kubectl("autoscale", "deployment", "web", "--max=3", "--cpu-percent=50")
    assert field(kubectl, "hpa web", ".spec.maxReplicas") == "3"


def test_rollout_pause_resume_restart_and_undo_to_a_revision(kubectl):
    kubectl("apply", "-f", "-", stdin=deployment())
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    kubectl("rollout", "pause", "deployment/web")
    assert "already paused" in kubectl.run("rollout", "pause", "deployment/web").stderr
    kubectl("set", "env", "deployment/web", "A=b")
    kubectl("rollout", "resume", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    kubectl("rollout", "restart", "deployment/web")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert "A:\tb" in kubectl("rollout", "history", "deployment/web", "--revision=2")
    kubectl("rollout", "undo", "deployment/web", "--to-revision=1")
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert "env" not in container(kubectl)
    assert "unable to find" in kubectl.run("rollout", "undo", "deployment/web", "--to-revision=99").stderr


def node_of(kubectl):
    return field(kubectl, "nodes", ".items[0].metadata.name")


def test_taint_and_cordon_a_node(kubectl):
    node = node_of(kubectl)
    key = f"example.org/{kubectl.namespace}"
    kubectl("taint", "nodes", node, f"{key}=a:PreferNoSchedule")
    assert "--overwrite is false" in kubectl.run("taint", "nodes", node, f"{key}=b:PreferNoSchedule").stderr
    kubectl("taint", "nodes", node, f"{key}=b:PreferNoSchedule", "--overwrite")
    kubectl("taint", "nodes", node, f"{key}-")
    try:
        kubectl("cordon", node)
        assert "SchedulingDisabled" in kubectl("get", "node", node)
    finally:
        kubectl("uncordon", node)
    assert "SchedulingDisabled" not in kubectl("get", "node", node)


def test_drain_evicts_and_says_what_is_in_the_way(kubectl):
    mine = f"test={kubectl.namespace}"
    bare = manifest("v1", "Pod", "bare", {"test": kubectl.namespace}, spec=pod_spec())
    kubectl("apply", "-f", "-", stdin=json.dumps(bare))
    kubectl("wait", "pod/bare", "--for=condition=Ready", "--timeout=30s")
    node = field(kubectl, "pod bare", ".spec.nodeName")
    try:
        refused = kubectl.run("drain", node, f"--pod-selector={mine}", "--dry-run=client")
        assert "use --force to override" in refused.stderr
        assert "pod/bare evicted" in kubectl("drain", node, f"--pod-selector={mine}", "--force")
    finally:
        kubectl("uncordon", node)
    assert "NotFound" in kubectl.run("get", "pod", "bare").stderr


def test_rights_are_asked_for_listed_and_reconciled(kubectl):
    assert kubectl("auth", "can-i", "delete", "nodes").strip() == "yes"
    assert kubectl.run("auth", "can-i", "get", "pods", "--as=nobody").stdout.strip() == "no"
    reader = manifest(
        "rbac.authorization.k8s.io/v1",
        "Role",
        "reader",
        rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    )
    reader["metadata"]["namespace"] = kubectl.namespace
    assert "role.rbac.authorization.k8s.io/reader reconciled" in kubectl(
        "auth", "reconcile", "-f", "-", stdin=json.dumps(reader)
    )
    kubectl("create", "rolebinding", "reading", "--role=reader", "--user=jane")
    listed = kubectl("auth", "can-i", "--list", "--as=jane")
    assert any(line.split() == ["pods", "[]", "[]", "[get]"] for line in listed.splitlines())
    assert kubectl("auth", "can-i", "get", "pods", "--as=jane").strip() == "yes"


@pytest.mark.parametrize("kubectl", ["newest"], indirect=True)
def test_whoami(kubectl):
    """kubectl 1.27 asks for versions of this API that are gone."""
    assert "kubernetes-admin" in kubectl("auth", "whoami")


def signing_request(name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane")])
    pem = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    request = b64encode(pem.public_bytes(serialization.Encoding.PEM)).decode()
    spec = {
        "request": request,
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    }
    return json.dumps(manifest("certificates.k8s.io/v1", "CertificateSigningRequest", name, spec=spec))


def test_certificate_approve_and_deny(kubectl):
    for verb, condition in (("approve", "Approved"), ("deny", "Denied")):
        name = f"{kubectl.namespace}-{verb}"
        kubectl("apply", "-f", "-", stdin=signing_request(name))
        assert field(kubectl, f"csr {name}", ".spec.username") == "kubernetes-admin"
        kubectl("certificate", verb, name)
        assert condition in kubectl("get", "csr", name)
        assert "Common Name:    jane" in kubectl("describe", "csr", name)
        kubectl("delete", "csr", name)


def test_debug_a_pod_with_an_ephemeral_container(kubectl):
    kubectl("run", "one", f"--image={IMAGE}", "--", "sleep", "1000")
    kubectl("wait", "pod/one", "--for=condition=Ready", "--timeout=30s")
    kubectl("debug", "one", f"--image={IMAGE}", "-c", "look", "--", "echo", "looked")
    seen = "jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}=0"
    kubectl("wait", "pod/one", f"--for={seen}", "--timeout=30s")
    assert kubectl("logs", "one", "-c", "look") == "looked\n"
    assert "Ephemeral Containers:" in kubectl("describe", "pod", "one")
    kubectl("delete", "pod", "one", "--now", "--wait=false")


def test_debug_a_node(kubectl):
    said = kubectl.run("debug", f"node/{node_of(kubectl)}", f"--image={IMAGE}", "--", "true")
    pod = next(word for word in (said.stdout + said.stderr).split() if word.startswith("node-debugger-"))
    kubectl("wait", f"pod/{pod}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=30s")


def test_the_cluster_is_dumped(kubectl, tmp_path):
    kubectl("cluster-info", "dump", f"--output-directory={tmp_path}")
    assert "NodeList" in (tmp_path / "nodes.json").read_text()
