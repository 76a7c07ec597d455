"""What a receipt says, and what it leaves open."""

from kubeade.courier.facts import Facts
from kubeade.courier.gap import gap_of
from kubeade.courier.receipt import receipt_of


def deployment(available):
    template = {"spec": {"containers": [{"name": "stand", "image": "lemonade:1"}]}}
    return {
        "kind": "Deployment",
        "metadata": {
            "name": "lemonade",
            "namespace": "default",
            "uid": "u1",
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "resourceVersion": "9",
        },
        "spec": {"replicas": 2, "template": template},
        "status": {"availableReplicas": available, "updatedReplicas": available, "observedGeneration": 1},
    }


def pod(name, second, ready=True):
    times = {"lastTransitionTime": f"2026-01-01T00:00:0{second}Z"}
    conditions = [
        {"type": "PodScheduled", "status": "True", **times},
        {"type": "Ready", "status": str(ready), **times},
    ]
    running = {
        "name": "stand",
        "imageID": "sha256:abc",
        "state": {"running": {"startedAt": times["lastTransitionTime"]}},
    }
    return {
        "kind": "Pod",
        "metadata": {"name": name, "uid": name},
        "spec": {"nodeName": "n"},
        "status": {"conditions": conditions, "containerStatuses": [running]},
    }


def facts(available, *pods):
    root = deployment(available)
    return Facts(root, [root, *pods], provenance={"creator": "kubernetes-admin", "createRevision": 7})


def test_a_delivered_order():
    receipt = receipt_of(facts(2, pod("a", 1), pod("b", 3)))
    assert (receipt.ordered, receipt.delivered, receipt.gap) == (2, 2, "")
    assert (receipt.ordered_by, receipt.revision) == ("kubernetes-admin", "7")
    assert receipt.lines[0].digests == ("sha256:abc",)
    assert receipt.scheduled == receipt.ready == "2026-01-01T00:00:03Z"


def test_a_step_that_is_not_complete_has_no_time():
    receipt = receipt_of(facts(1, pod("a", 1), pod("b", 3, ready=False)))
    assert receipt.ready == ""
    assert receipt.gap == "Deployment default/lemonade: 1 of 2 replicas"


def test_reachable_is_the_last_walk_through_a_service_that_leads_there():
    order = facts(2, pod("a", 1), pod("b", 1))
    order.services = [
        {
            "kind": "Service",
            "metadata": {"uid": "s"},
            "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80}]},
        }
    ]
    order.events = [
        {
            "metadata": {},
            "reason": "Reachable",
            "involvedObject": {"uid": "s"},
            "lastTimestamp": "2026-01-01T00:00:05Z",
        },
        {
            "metadata": {},
            "reason": "Reachable",
            "involvedObject": {"uid": "z"},
            "lastTimestamp": "2026-01-01T00:00:09Z",
        },
    ]
    receipt = receipt_of(order)
    assert (receipt.reachable, receipt.reachable_at) == ("2026-01-01T00:00:05Z", ("10.0.0.1:80",))


def test_a_status_of_an_older_generation_is_a_gap():
    changed = deployment(2)
    changed["metadata"]["generation"] = 2
    assert str(gap_of(changed)) == "Deployment default/lemonade: 1 of 2 replicas"
