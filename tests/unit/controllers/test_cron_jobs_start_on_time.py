"""CronJobs make one Job for each date, as their policy allows."""

from datetime import UTC, datetime
from typing import Any

from controller_lab import ControllerLab

from kubeade.api.resource import Object
from kubeade.api.resources import CRON_JOBS, JOBS
from kubeade.controllers.cronjob import plan


def cron_job(schedule: str, **spec: Any) -> Object:
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "one"}]}
    template = {"spec": {"template": {"spec": pod}}}
    metadata = {"name": "tick", "creationTimestamp": "2026-01-31T11:59:30Z"}
    return {"metadata": metadata, "spec": {"schedule": schedule, "jobTemplate": template, **spec}}


def test_the_latest_date_since_creation_is_due() -> None:
    now = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    assert plan.due(cron_job("* * * * *"), now) == now
    assert plan.due(cron_job("30 * * * *"), now) is None


def test_the_schedule_is_in_its_time_zone() -> None:
    now = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    berlin = cron_job("0 9 * * *", timeZone="Europe/Berlin")
    assert plan.next_after(berlin, now) == datetime(2026, 2, 1, 8, 0, tzinfo=UTC)


async def test_a_job_is_made_when_it_is_due(lab: ControllerLab) -> None:
    await lab.client.create(CRON_JOBS, cron_job("* * * * *"), "default")
    lab.clock.advance(61)
    await lab.patch(CRON_JOBS, "tick", {"metadata": {"labels": {"look": "again"}}})
    (job,) = await lab.until(lambda: lab.items(JOBS))
    assert job["metadata"]["name"] == f"tick-{int(lab.clock.now().timestamp()) // 60}"
