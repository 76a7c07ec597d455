"""Which files are static pods, and which pods they are."""

import os

import pytest

from kubeade.api.errors import BadRequest
from kubeade.kubelet.static.manifests import BadManifest, Manifests, static_pod

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers: [{name: app, image: lemonade:1}]
"""


def made(text, tmp_path, node="n1"):
    return static_pod(text.encode(), tmp_path / "web.yaml", node)


def test_pod_is_named_after_its_node_complete_and_marked(tmp_path):
    pod = made(POD, tmp_path)
    metadata, spec = pod["metadata"], pod["spec"]
    assert (metadata["name"], metadata["namespace"]) == ("web-n1", "default")
    assert metadata["annotations"]["kubernetes.io/config.source"] == "file"
    assert metadata["annotations"]["kubernetes.io/config.hash"] == metadata["uid"]
    assert (spec["nodeName"], spec["restartPolicy"]) == ("n1", "Always")
    assert {"operator": "Exists", "effect": "NoExecute"} in spec["tolerations"]


def test_same_file_is_the_same_pod_and_a_changed_one_another(tmp_path):
    uid = made(POD, tmp_path)["metadata"]["uid"]
    assert made(POD, tmp_path)["metadata"]["uid"] == uid
    assert made(POD.replace("lemonade:1", "lemonade:2"), tmp_path)["metadata"]["uid"] != uid
    assert made(POD, tmp_path, node="n2")["metadata"]["uid"] != uid


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not YAML"),
        ("[]", "not a Pod"),
        ("apiVersion: apps/v1\nkind: Deployment\n", "not a Pod"),
        (POD.replace("name: app", "name: App"), "spec.containers"),
        (POD.replace("containers: [", "serviceAccountName: me\n  containers: ["), "service account"),
        (POD + "  volumes: [{name: v, secret: {secretName: s}}]\n", "may not refer to API objects"),
    ],
)
def test_what_cannot_be_a_static_pod_is_refused(tmp_path, text, why):
    with pytest.raises(BadManifest, match=why):
        made(text, tmp_path)


def test_unknown_fields_and_wrong_types_are_refused(tmp_path):
    with pytest.raises(BadRequest, match="unknown field"):
        made(POD + "  lemons: 3\n", tmp_path)
    with pytest.raises(BadRequest):
        made(POD.replace("[{name: app, image: lemonade:1}]", "3"), tmp_path)


def test_directory_is_followed(tmp_path, caplog):
    manifests = Manifests(tmp_path / "manifests", "n1")
    assert manifests.read() == {}
    (tmp_path / "manifests").mkdir()
    file = tmp_path / "manifests" / "web.yaml"
    file.write_text(POD)
    (tmp_path / "manifests" / ".hidden.yaml").write_text(POD)
    (tmp_path / "manifests" / "bad.yaml").write_text("[]")
    (uid,) = manifests.read()
    assert list(manifests.read()) == [uid]
    assert caplog.text.count("bad.yaml") == 1
    file.write_text(POD.replace("lemonade:1", "lemonade:2"))
    os.utime(file, ns=(1, 1))
    (changed,) = manifests.read()
    assert changed != uid
    file.unlink()
    assert manifests.read() == {}
