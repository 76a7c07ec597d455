"""Restart rules of containers: what the kubelet cannot do is refused, not accepted and forgotten."""

from kubeade.api.resources import PODS
from kubeade.api.validation import validate_create


def refusals(action):
    rule = {"action": action, "exitCodes": {"operator": "In", "values": [3]}}
    container = {
        "name": "c",
        "image": "i",
        "restartPolicy": "Never",
        "restartPolicyRules": [rule],
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "Always",
    }
    spec = {"containers": [container], "restartPolicy": "Always", "dnsPolicy": "ClusterFirst"}
    pod = {"metadata": {"name": "p", "namespace": "d"}, "spec": spec}
    return [error.text() for error in validate_create(PODS, pod) if "restartPolicyRules" in error.path]


def test_restarting_one_container_is_accepted():
    assert refusals("Restart") == []


def test_restarting_all_containers_is_refused_by_name():
    path = "spec.containers[0].restartPolicyRules[0].action"
    assert refusals("RestartAllContainers") == [
        f'{path}: Unsupported value: "RestartAllContainers": supported values: "Restart"'
    ]
