"""When a CronJob is due, what its next Job is called, and which old ones go. Pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from kubeade.api.ownership import controller_reference
from kubeade.api.parts import part, text
from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.lib.timestamps import format_time, parse_time

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


def _schedule(cron_job: Object, moment: datetime, *, reverse: bool = False) -> CronSim:
    expression = text(cron_job, "spec", "schedule")
    local = moment.astimezone(zone_of(cron_job))
    return CronSim(_NAMED.get(expression, expression).replace("?", "*"), local, reverse=reverse)


def zone_of(cron_job: Object) -> ZoneInfo:
    return ZoneInfo(text(cron_job, "spec", "timeZone") or "UTC")


def next_after(cron_job: Object, moment: datetime) -> datetime:
    """Raises CronSimError or StopIteration for a schedule that cannot be kept."""
    return next(_schedule(cron_job, moment)).astimezone(UTC)


def due(cron_job: Object, now: datetime) -> datetime | None:
    """The latest date in the past that no Job was made for."""
    latest = next(_schedule(cron_job, now + timedelta(seconds=1), reverse=True)).astimezone(UTC)
    last = text(cron_job, "status", "lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
    return latest if latest > parse_time(last) else None


def is_too_late(cron_job: Object, scheduled: datetime, now: datetime) -> bool:
    deadline_seconds = part(cron_job, "spec").get("startingDeadlineSeconds")
    return deadline_seconds is not None and scheduled + timedelta(seconds=deadline_seconds) < now


def job_for(cron_job: Object, scheduled: datetime) -> Object:
    """Named by the minute it is for, so that it is never made twice."""
    template = part(cron_job, "spec", "jobTemplate")
    local = scheduled.astimezone(zone_of(cron_job)).isoformat().replace("+00:00", "Z")
    metadata = {
        "name": f"{cron_job['metadata']['name']}-{int(scheduled.timestamp()) // 60}",
        "namespace": cron_job["metadata"]["namespace"],
        "labels": dict(part(template, "metadata", "labels")),
        "annotations": {**part(template, "metadata", "annotations"), SCHEDULED_AT: local},
        "ownerReferences": [controller_reference(cron_job)],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


def outcome(job: Object) -> str:
    """Complete, Failed, or empty while it runs."""
    for kind in ("Complete", "Failed"):
        if (condition(job, kind) or {}).get("status") == "True":
            return kind
    return ""


def surplus(cron_job: Object, jobs: list[Object]) -> list[Object]:
    """The oldest finished Jobs beyond the history limits."""
    found: list[Object] = []
    for kind, field in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        limit = part(cron_job, "spec").get(field)
        ended = [job for job in jobs if outcome(job) == kind]
        ended.sort(key=lambda job: (text(job, "status", "startTime") or "9", job["metadata"]["name"]))
        found += ended[: max(0, len(ended) - limit)] if limit is not None else []
    return found


def status_of(cron_job: Object, jobs: list[Object], scheduled: datetime | None) -> Object:
    successes = [text(job, "status", "completionTime") for job in jobs if outcome(job) == "Complete"]
    status = {
        "active": [_reference(job) for job in jobs if not outcome(job)],
        "lastScheduleTime": format_time(scheduled) if scheduled else _known(cron_job, "lastScheduleTime"),
        "lastSuccessfulTime": max([*successes, _known(cron_job, "lastSuccessfulTime")]),
    }
    return {key: value for key, value in status.items() if value}


def _known(cron_job: Object, field: str) -> str:
    return text(cron_job, "status", field)


def _reference(job: Object) -> Object:
    metadata = job["metadata"]
    reference = {"apiVersion": "batch/v1", "kind": "Job"}
    return reference | {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")}
