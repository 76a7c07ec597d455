"""From a symptom to the first blocker, with evidence and advice."""

import json

from kubeade.courier.facts import Facts
from kubeade.courier.verdict import State
from kubeade.courier.why import why

NODE = {
    "kind": "Node",
    "metadata": {"name": "n1", "uid": "n1"},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}


def made(kind, name, owner=None, spec=None, status=None, **metadata):
    owners = [{"uid": owner["metadata"]["uid"], "controller": True}] if owner else []
    head = {"name": name, "namespace": "d", "uid": f"{kind}-{name}", "ownerReferences": owners, **metadata}
    return {"kind": kind, "metadata": head, "spec": spec or {}, "status": status or {}}


def event(about, reason, message, annotations=None):
    return {
        "metadata": {"name": "e", "annotations": annotations or {}},
        "involvedObject": {"uid": about["metadata"]["uid"]},
        "reason": reason,
        "message": message,
        "type": "Warning",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }


def order(pod_spec=None, pod_status=None, events=()):
    """A Deployment of one with its ReplicaSet and pod."""
    deployment = made("Deployment", "web", spec={"replicas": 1})
    replica_set = made("ReplicaSet", "web-1", deployment, {"replicas": 1})
    pod = made("Pod", "web-1-x", replica_set, {"nodeName": "n1", **(pod_spec or {})}, pod_status)
    facts = Facts(deployment, [deployment, replica_set, pod], nodes=[NODE])
    facts.events = [event(pod, *one) for one in events]
    return facts


def container(**status):
    return {"containerStatuses": [{"name": "c", "containerID": "x", **status}]}


def test_a_delivered_order_has_no_finding():
    facts = order()
    facts.root["status"] = {"availableReplicas": 1, "updatedReplicas": 1}
    facts.objects[1]["status"] = {"availableReplicas": 1}
    facts.objects[2]["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    assert why(facts).state is State.DELIVERED


def test_the_path_leads_from_the_order_to_the_blocker():
    facts = order(
        pod_status=container(state={"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}})
    )
    verdict = why(facts)
    assert verdict.path == ("Deployment d/web", "ReplicaSet d/web-1", "Pod d/web-1-x")
    assert verdict.finding.reason == "ImagePullBackOff"
    assert verdict.finding.evidence == ("no such tag",)
    assert "imagePullSecrets" in verdict.finding.advice


def test_a_crashing_container_shows_its_last_words():
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
    ended = {"terminated": {"exitCode": 3, "reason": "Error", "message": "no sugar"}}
    finding = why(order(pod_status=container(state=waiting, lastState=ended))).finding
    assert finding.evidence == ("back-off 10s", "c ended with exit code 3 (Error): no sugar")


def test_a_pending_pod_says_what_each_node_said():
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes ...",
    }
    said = {"scheduler.kubeade.dev/nodes": json.dumps({"n1": "Insufficient cpu"})}
    facts = order(
        {"nodeName": ""}, {"conditions": [condition]}, [("FailedScheduling", "0/1 nodes ...", said)]
    )
    finding = why(facts).finding
    assert finding.reason == "no node takes it"
    assert "node n1: Insufficient cpu" in finding.evidence


def test_a_missing_config_map_is_named():
    facts = order(events=[("FailedMount", 'configmap "menu" not found')])
    assert why(facts).finding.evidence == ('configmap "menu" not found',)


def test_a_failing_probe_is_named():
    facts = order(
        pod_status=container(state={"running": {"startedAt": "2026-01-01T00:00:00Z"}}, ready=False),
        events=[("Unhealthy", "Readiness probe failed: 503")],
    )
    assert why(facts).finding.reason == "its probe fails"


def test_a_used_up_quota_is_recognised():
    facts = order()
    facts.objects = facts.objects[:2]
    failure = {"type": "ReplicaFailure", "status": "True", "message": "forbidden: exceeded quota: pods"}
    facts.root["status"] = {"conditions": [failure]}
    verdict = why(facts)
    assert (verdict.state, verdict.finding.reason) == (State.BLOCKED, "a quota is used up")


def test_a_node_that_is_down_is_blamed_before_its_pods():
    facts = order()
    facts.nodes = [
        {**NODE, "status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "Gone"}]}}
    ]
    assert why(facts).finding.at == "Node n1"


def test_a_service_without_matching_pods_says_which_labels_it_looks_for():
    service = made("Service", "web", spec={"type": "ClusterIP", "selector": {"app": "web"}})
    facts = Facts(service, [service], services=[service])
    verdict = why(facts)
    assert (verdict.state, verdict.finding.reason) == (State.BLOCKED, "no pod has the labels app=web")


def test_a_pod_that_only_starts_is_under_way():
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    facts = order(pod_status={"containerStatuses": [{"name": "c", "state": waiting}]})
    assert why(facts).state is State.UNDER_WAY
