"""Finished Jobs go when their time is up, and no other Job goes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kubeade.controllers.ttlafterfinished.plan import seconds_left

NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)


def job(ttl: int | None, *conditions: tuple[str, str], **metadata: Any) -> dict[str, Any]:
    date = "2026-01-31T12:00:00Z"
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl}
    listed = [{"type": kind, "status": status, "lastTransitionTime": date} for kind, status in conditions]
    return {"metadata": metadata, "spec": spec, "status": {"conditions": listed}}


@pytest.mark.parametrize("type", ["Complete", "Failed"])
@pytest.mark.parametrize(("ttl", "left"), [(100, 70.0), (30, 0.0), (0, -30.0)])
def test_time_counts_from_the_end_of_the_job(type: str, ttl: int, left: float) -> None:
    assert seconds_left(job(ttl, (type, "True")), NOW) == left


def test_a_job_without_a_limit_stays() -> None:
    assert seconds_left(job(None, ("Complete", "True")), NOW) is None


@pytest.mark.parametrize("conditions", [(), (("Complete", "False"),), (("FailureTarget", "True"),)])
def test_a_job_that_has_not_finished_stays(conditions: tuple[tuple[str, str], ...]) -> None:
    assert seconds_left(job(0, *conditions), NOW) is None


def test_a_job_on_its_way_out_is_left_alone() -> None:
    leaving = job(0, ("Complete", "True"), deletionTimestamp="2026-01-31T12:00:10Z")
    assert seconds_left(leaving, NOW) is None
