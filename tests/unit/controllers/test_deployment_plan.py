"""One step of a rollout after the other, and how conditions tell of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.controllers.deployment import plan, revisions, status

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def deployment(replicas: int, surge: Any = 1, unavailable: Any = 0, **more: Any) -> Object:
    rolling = {"maxSurge": surge, "maxUnavailable": unavailable}
    spec = {
        "replicas": replicas,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"image": "new"}},
        **more.pop("spec", {}),
    }
    return {"metadata": {"name": "web", "generation": 1}, "spec": spec, **more}


def replica_set(name: str, replicas: int, available: int = 0, **annotations: str) -> Object:
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": f"2026-01-31T11:00:0{len(name)}Z",
            "annotations": {
                f"deployment.kubernetes.io/{k.replace('_', '-')}": v for k, v in annotations.items()
            },
        },
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "availableReplicas": available, "readyReplicas": available},
    }


def steps(found: list[plan.Scale]) -> dict[str, int]:
    return {one.replica_set["metadata"]["name"]: one.replicas for one in found}


@pytest.mark.parametrize(
    ("surge", "unavailable", "expected"),
    [("25%", "25%", (3, 2)), (0, 0, (0, 1)), (0, "1%", (0, 1)), (2, "100%", (2, 10)), ("5%", 1, (1, 1))],
)
def test_surge_rounds_up_and_unavailable_down(
    surge: Any, unavailable: Any, expected: tuple[int, int]
) -> None:
    assert plan.fenceposts(deployment(10, surge, unavailable)) == expected


def test_the_new_one_grows_by_the_surge() -> None:
    sets = plan.Sets(replica_set("new", 0), (replica_set("old", 3, 3),))
    assert steps(plan.rolling_step(deployment(3), sets)) == {"new": 1}


def test_the_old_one_waits_for_a_replacement() -> None:
    sets = plan.Sets(replica_set("new", 1, 0), (replica_set("old", 3, 3),))
    assert plan.rolling_step(deployment(3), sets) == []


def test_the_old_one_shrinks_as_far_as_availability_allows() -> None:
    sets = plan.Sets(replica_set("new", 1, 1), (replica_set("old", 3, 3),))
    assert steps(plan.rolling_step(deployment(3), sets)) == {"old": 2}


def test_what_serves_nobody_goes_first() -> None:
    sets = plan.Sets(replica_set("new", 1, 1), (replica_set("old", 3, 3), replica_set("sick", 2, 0)))
    assert steps(plan.rolling_step(deployment(5, surge=0, unavailable=2), sets))["sick"] == 0


def test_recreate_takes_all_old_ones_down_first() -> None:
    order = deployment(2, spec={"strategy": {"type": "Recreate"}})
    sets = plan.Sets(replica_set("new", 0), (replica_set("old", 2, 2),))
    assert steps(plan.recreate_step(order, sets)) == {"old": 0}
    assert steps(plan.recreate_step(order, plan.Sets(sets.new, (replica_set("old", 0),)))) == {"new": 2}


def test_scaling_in_the_middle_of_a_rollout_is_shared_out() -> None:
    noted = {"desired_replicas": "10", "max_replicas": "13"}
    sets = plan.Sets(replica_set("new", 5, 3, **noted), (replica_set("old", 8, 8, **noted),))
    order = deployment(20, surge=3, unavailable=2)
    assert plan.is_scaling(order, sets)
    found = steps(plan.scaling_step(order, sets))
    assert sum(found.values()) == 23
    assert found == {"old": 14, "new": 9}


def test_all_go_to_zero_together() -> None:
    noted = {"desired_replicas": "10", "max_replicas": "11"}
    sets = plan.Sets(replica_set("new", 5, 3, **noted), (replica_set("old", 6, 6, **noted),))
    assert set(steps(plan.scaling_step(deployment(0), sets)).values()) == {0}


def test_old_history_goes_when_it_is_empty() -> None:
    old = [
        replica_set("a", 0, revision="1"),
        replica_set("bb", 0, revision="2"),
        replica_set("ccc", 1, revision="3"),
    ]
    order = deployment(1, spec={"revisionHistoryLimit": 1})
    assert [one["metadata"]["name"] for one in plan.expendable(order, old)] == ["a", "bb"]


def progress(order: Object, sets: plan.Sets, now: datetime = NOW) -> Object:
    order["status"] = status.with_conditions(order, sets, now)
    return condition(order, "Progressing") or {}


def test_a_rollout_that_stands_still_is_reported_once_its_time_is_over() -> None:
    order = deployment(1, spec={"progressDeadlineSeconds": 60})
    sets = plan.Sets(replica_set("new", 1, 0), ())
    assert progress(order, sets)["reason"] == "ReplicaSetUpdated" or order["status"]
    order["status"]["conditions"] = [
        {
            "type": "Progressing",
            "status": "True",
            "reason": "ReplicaSetUpdated",
            "lastUpdateTime": "2026-01-31T12:00:00Z",
        }
    ]
    assert status.next_look_seconds(order, order["status"], NOW) == 61.0
    found = progress(order, sets, NOW + timedelta(seconds=61))
    assert (found["status"], found["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert found["message"] == 'ReplicaSet "new" has timed out progressing.'


def test_completion_is_reported_and_not_taken_back() -> None:
    order = deployment(1)
    done = plan.Sets(replica_set("new", 1, 1), ())
    assert progress(order, done)["reason"] == "NewReplicaSetAvailable"
    worse = plan.Sets(replica_set("new", 1, 0), ())
    assert progress(order, worse, NOW + timedelta(hours=1))["reason"] == "NewReplicaSetAvailable"
    assert (condition(order, "Available") or {})["status"] == "False"


def test_a_failure_of_a_replica_set_is_passed_on() -> None:
    broken = replica_set("new", 1)
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    broken["status"]["conditions"] = [failure]
    order = deployment(1)
    progress(order, plan.Sets(broken, ()))
    assert (condition(order, "ReplicaFailure") or {})["message"] == "quota"


def test_own_annotations_are_not_copied_to_the_replica_set() -> None:
    annotations = {"note": "x", "deployment.kubernetes.io/revision": "7"}
    order = deployment(1)
    order["metadata"]["annotations"] = annotations
    assert revisions.annotations_of_new(order, None, 2) == {
        "note": "x",
        "deployment.kubernetes.io/revision": "2",
    }
