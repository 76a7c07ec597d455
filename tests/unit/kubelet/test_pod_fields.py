"""Nothing of a pod is passed over in silence."""

import importlib.util
from pathlib import Path

import pytest
from observations import pod, spec_container

from kubeade.api.schema import Schema
from kubeade.kubelet.pod_fields import FIELDS, Mode, ignored_fields

CORE = "io.k8s.api.core.v1."
TOOL = Path(__file__).parents[3] / "tools" / "build_pod_fields.py"


@pytest.mark.parametrize("definition", FIELDS)
def test_table_has_every_field_of_the_newest_version(definition):
    known = set(Schema.load().definition(CORE + definition).fields)
    assert set(FIELDS[definition]) == known


def test_page_is_made_from_the_table():
    spec = importlib.util.spec_from_file_location("build_pod_fields", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PAGE.read_text() == tool.page(), "run python tools/build_pod_fields.py"


def test_pod_that_asks_for_nothing_special_is_told_nothing():
    mounts = [{"name": "kube-api-access-x", "mountPath": "/t", "readOnly": True}]
    context = {"allowPrivilegeEscalation": True, "procMount": "Default"}
    ordered = pod(
        spec_container(volumeMounts=mounts, securityContext=context),
        dnsPolicy="ClusterFirst",
        securityContext={},
        volumes=[{"name": "d", "emptyDir": {}}],
    )
    assert ignored_fields(ordered, Mode.PROCESS) == []
    assert ignored_fields(ordered, Mode.NAMESPACES) == []


def test_plain_processes_leave_out_what_needs_isolation():
    context = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    apps = [
        spec_container(name, securityContext=context, resources={"limits": {"cpu": "1"}}) for name in "ab"
    ]
    ordered = pod(*apps, hostname="web", securityContext={"supplementalGroups": [5], "runAsNonRoot": True})
    assert ignored_fields(ordered, Mode.NAMESPACES) == []
    assert set(ignored_fields(ordered, Mode.PROCESS)) == {
        "spec.hostname",
        "spec.securityContext.supplementalGroups",
        "spec.containers[].resources.limits",
        "spec.containers[].securityContext.allowPrivilegeEscalation",
        "spec.containers[].securityContext.capabilities",
        "spec.containers[].securityContext.readOnlyRootFilesystem",
        "spec.containers[].securityContext.seccompProfile",
    }


def test_labels_of_mandatory_access_control_are_left_out_everywhere():
    ordered = pod(
        securityContext={"seLinuxOptions": {"level": "s0"}, "appArmorProfile": {"type": "Unconfined"}}
    )
    for mode in (Mode.NAMESPACES, Mode.PROCESS):
        assert ignored_fields(ordered, mode) == ["spec.securityContext.seLinuxOptions"]
