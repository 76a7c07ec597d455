"""What a pod's status means to those who manage pods (upstream: pkg/api/v1/pod)."""

from datetime import datetime, timedelta

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import parts, text
from kubeade.api.resource import Object
from kubeade.lib.timestamps import parse_time

FINISHED_PHASES = ("Succeeded", "Failed")


def phase(pod: Object) -> str:
    return text(pod, "status", "phase")


def is_finished(pod: Object) -> bool:
    return phase(pod) in FINISHED_PHASES


def is_active(pod: Object) -> bool:
    """Neither finished nor on its way out."""
    return not is_finished(pod) and not is_being_deleted(pod)


def condition(item: Object, type: str) -> Object | None:
    """The condition of this type in an object's status."""
    for one in parts(item, "status", "conditions"):
        if one.get("type") == type:
            return one
    return None


def is_ready(pod: Object) -> bool:
    ready = condition(pod, "Ready")
    return ready is not None and ready.get("status") == "True"


def ready_since(pod: Object) -> datetime | None:
    """When the Ready condition became true; None when it is not or the date is missing."""
    ready = condition(pod, "Ready")
    if ready is None or ready.get("status") != "True" or not ready.get("lastTransitionTime"):
        return None
    return parse_time(ready["lastTransitionTime"])


def is_available(pod: Object, min_ready_seconds: int, now: datetime) -> bool:
    """Ready for at least `min_ready_seconds`."""
    if not is_ready(pod):
        return False
    if not min_ready_seconds:
        return True
    since = ready_since(pod)
    return since is not None and since + timedelta(seconds=min_ready_seconds) <= now


def seconds_until_available(pod: Object, min_ready_seconds: int, now: datetime) -> float | None:
    """How long a ready pod must stay so to become available; None when it is, or is not ready."""
    since = ready_since(pod)
    if since is None or not min_ready_seconds:
        return None
    left = (since + timedelta(seconds=min_ready_seconds) - now).total_seconds()
    return left if left > 0 else None


def restarts(pod: Object) -> int:
    """The most restarts of any container."""
    statuses = parts(pod, "status", "containerStatuses")
    return max((int(one.get("restartCount") or 0) for one in statuses), default=0)
