"""When a finished Job has outlived its `ttlSecondsAfterFinished`. Pure."""

from datetime import datetime, timedelta

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part
from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.lib.timestamps import parse_time

FINISHED_CONDITIONS = ("Complete", "Failed")


def seconds_left(job: Object, now: datetime) -> float | None:
    """How long the Job may still stay, 0 or less when its time is up; None when it may stay for ever."""
    ttl_seconds = part(job, "spec").get("ttlSecondsAfterFinished")
    finished = finished_at(job)
    if ttl_seconds is None or finished is None or is_being_deleted(job):
        return None
    return (finished + timedelta(seconds=ttl_seconds) - now).total_seconds()


def finished_at(job: Object) -> datetime | None:
    """When the Job completed or failed; None while it does neither or does not say when."""
    for kind in FINISHED_CONDITIONS:
        found = condition(job, kind)
        if found and found.get("status") == "True" and found.get("lastTransitionTime"):
            return parse_time(found["lastTransitionTime"])
    return None
