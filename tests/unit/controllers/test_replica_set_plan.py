"""How many pods come or go, and which go first."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kubeade.api.resource import Object
from kubeade.controllers.replicaset.plan import failure_of, next_look_seconds, plan, removal_order, status_of

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def owner(replicas: int, **spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "web"}}}
    spec = {"replicas": replicas, "template": template, **spec}
    return {"kind": "ReplicaSet", "metadata": {"name": "web", "generation": 3}, "spec": spec}


def pod(name: str, *, node: str = "a", ready_at: str = "", phase: str = "Running", **more: Any) -> Object:
    conditions = [{"type": "Ready", "status": "True", "lastTransitionTime": ready_at}] if ready_at else []
    metadata = {
        "name": name,
        "uid": name,
        "labels": {"app": "web"},
        "creationTimestamp": "2026-01-31T11:00:00Z",
        **more.pop("metadata", {}),
    }
    status = {"phase": phase, "conditions": conditions, **more}
    return {"metadata": metadata, "spec": {"nodeName": node} if node else {}, "status": status}


READY = "2026-01-31T11:30:00Z"


def first_to_go(*pods: Object, related: tuple[Object, ...] = ()) -> str:
    return str(removal_order(list(pods), [*pods, *related], NOW)[0]["metadata"]["name"])


def test_missing_pods_are_created() -> None:
    assert plan(owner(3), [pod("one")], [], NOW).create == 2


def test_finished_and_leaving_pods_do_not_count() -> None:
    leaving = pod("leaving", metadata={"deletionTimestamp": READY})
    assert plan(owner(2), [pod("done", phase="Succeeded"), leaving, pod("one")], [], NOW).create == 1


def test_no_more_than_500_at_once() -> None:
    assert plan(owner(2000), [], [], NOW).create == 500


def test_zero_replicas_remove_all() -> None:
    assert len(plan(owner(0), [pod("one"), pod("two")], [], NOW).delete) == 2


@pytest.mark.parametrize(
    ("goes", "stays"),
    [
        (pod("x", node=""), pod("y")),
        (pod("x", phase="Pending"), pod("y", phase="Running")),
        (pod("x"), pod("y", ready_at=READY)),
        (pod("x", ready_at="2026-01-31T11:59:00Z"), pod("y", ready_at=READY)),
        (
            pod("x", containerStatuses=[{"restartCount": 4}]),
            pod("y", containerStatuses=[{"restartCount": 1}]),
        ),
        (pod("x", metadata={"creationTimestamp": "2026-01-31T11:59:50Z"}), pod("y")),
    ],
    ids=["unscheduled", "pending", "not ready", "ready for less long", "restarts", "younger"],
)
def test_what_costs_least_goes_first(goes: Object, stays: Object) -> None:
    assert first_to_go(goes, stays) == "x"
    assert first_to_go(stays, goes) == "x"


def test_the_annotated_cost_decides_among_ready_pods() -> None:
    cost = {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "-1"}}
    assert first_to_go(pod("x", ready_at=READY, metadata=cost), pod("y", ready_at=READY)) == "x"


def test_crowded_nodes_are_relieved() -> None:
    crowd = (pod("other", node="b"),)
    assert first_to_go(pod("y", node="a"), pod("x", node="b"), related=crowd) == "x"


def test_counts_in_the_status() -> None:
    pods = [pod("one", ready_at=READY), pod("two"), pod("three", phase="Failed")]
    pods.append(pod("four", metadata={"deletionTimestamp": READY}))
    status = status_of(owner(2, minReadySeconds=60), pods, None, NOW)
    assert status == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "terminatingReplicas": 1,
        "observedGeneration": 3,
    }


def test_a_pod_that_is_ready_too_briefly_is_not_available_yet() -> None:
    fresh = pod("one", ready_at="2026-01-31T11:59:45Z")
    patient = owner(1, minReadySeconds=60)
    assert "availableReplicas" not in status_of(patient, [fresh], None, NOW)
    assert next_look_seconds(patient, [fresh], NOW) == 45.0


def test_a_failure_becomes_a_condition_and_goes_again() -> None:
    failing = owner(1)
    failure = failure_of(failing, plan(failing, [], [], NOW), "no more pods")
    failing["status"] = status_of(failing, [], failure, NOW)
    (condition,) = failing["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("ReplicaFailure", "FailedCreate")
    assert condition["message"] == "no more pods"
    assert "conditions" not in status_of(failing, [pod("one")], None, NOW)
