"""What a Deployment's status says: counts and the conditions Available, Progressing, ReplicaFailure. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kubeade.api.parts import number, part, parts, text
from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.controllers.deployment.plan import (
    Sets,
    available,
    fenceposts,
    is_complete,
    ordered,
    replicas_of,
)
from kubeade.lib.timestamps import format_time, parse_time

NO_DEADLINE_SECONDS = 2**31 - 1
DEFAULT_DEADLINE_SECONDS = 600
TIMED_OUT = "ProgressDeadlineExceeded"
NEW_AVAILABLE = "NewReplicaSetAvailable"
PAUSED = "DeploymentPaused"


def deadline_seconds(deployment: Object) -> int | None:
    """progressDeadlineSeconds; None for "never"."""
    seconds = part(deployment, "spec").get("progressDeadlineSeconds", DEFAULT_DEADLINE_SECONDS)
    return None if seconds == NO_DEADLINE_SECONDS else int(seconds)


def counts(deployment: Object, sets: Sets) -> Object:
    """The status with fresh counts and Available; other conditions as they were."""
    total, ready_now = ordered(sets.all), available(sets.all)
    status: Object = {
        "observedGeneration": number(deployment, "metadata", "generation"),
        "replicas": _sum(sets.all, "replicas"),
        "updatedReplicas": _sum([sets.new] if sets.new else [], "replicas"),
        "readyReplicas": _sum(sets.all, "readyReplicas"),
        "availableReplicas": ready_now,
        "unavailableReplicas": max(0, total - ready_now),
    }
    status = {key: value for key, value in status.items() if value}
    status["terminatingReplicas"] = _sum(sets.all, "terminatingReplicas")
    collisions = part(deployment, "status").get("collisionCount")
    if collisions is not None:
        status["collisionCount"] = collisions
    status["conditions"] = list(parts(deployment, "status", "conditions"))
    return status


def with_conditions(deployment: Object, sets: Sets, now: datetime) -> Object:
    """The whole status after a look at progress."""
    status = counts(deployment, sets)
    set_available(deployment, sets, status, now)
    if deadline_seconds(deployment) is None:
        _remove(status, "Progressing")
    else:
        _progress(deployment, sets, status, now)
    _copy_failure(status, sets, now)
    return status


def set_available(deployment: Object, sets: Sets, status: Object, now: datetime) -> None:
    enough = available(sets.all) >= replicas_of(deployment) - fenceposts(deployment)[1]
    if enough:
        words = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        words = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    set_condition(status, "Available", words, now)


def _progress(deployment: Object, sets: Sets, status: Object, now: datetime) -> None:
    current = condition({"status": status}, "Progressing")
    reason = current.get("reason") if current else None
    settled = status.get("replicas") == status.get("updatedReplicas") and reason == NEW_AVAILABLE
    if settled:
        return
    name = _subject(deployment, sets)
    if is_complete(deployment, status):
        words = ("True", NEW_AVAILABLE, f"{name} has successfully progressed.")
        set_condition(status, "Progressing", words, now)
    elif _has_progressed(deployment, status):
        words = ("True", "ReplicaSetUpdated", f"{name} is progressing.")
        since = current.get("lastTransitionTime") if current and current["status"] == "True" else None
        _remove(status, "Progressing")
        set_condition(status, "Progressing", words, now, since=since)
    elif is_timed_out(deployment, status, now):
        words = ("False", TIMED_OUT, f"{name} has timed out progressing.")
        set_condition(status, "Progressing", words, now)


def _subject(deployment: Object, sets: Sets) -> str:
    if sets.new is not None:
        return f'ReplicaSet "{sets.new["metadata"]["name"]}"'
    return f'Deployment "{deployment["metadata"]["name"]}"'


def _has_progressed(deployment: Object, status: Object) -> bool:
    old = part(deployment, "status")

    def outdated(one: Object) -> int:
        return number(one, "replicas") - number(one, "updatedReplicas")

    return (
        number(status, "updatedReplicas") > number(old, "updatedReplicas")
        or outdated(status) < outdated(old)
        or number(status, "readyReplicas") > number(old, "readyReplicas")
        or number(status, "availableReplicas") > number(old, "availableReplicas")
    )


def is_timed_out(deployment: Object, status: Object, now: datetime) -> bool:
    current, seconds = condition({"status": status}, "Progressing"), deadline_seconds(deployment)
    if current is None or seconds is None or current.get("reason") == NEW_AVAILABLE:
        return False
    if current.get("reason") == TIMED_OUT:
        return True
    since = text(current, "lastUpdateTime")
    return bool(since) and parse_time(since) + timedelta(seconds=seconds) < now


def next_look_seconds(deployment: Object, status: Object, now: datetime) -> float | None:
    """When progress must be looked at again though nothing changes."""
    current, seconds = condition({"status": status}, "Progressing"), deadline_seconds(deployment)
    if current is None or seconds is None or current.get("reason") == TIMED_OUT:
        return None
    if part(deployment, "spec").get("paused") or is_complete(deployment, status):
        return None
    since = text(current, "lastUpdateTime")
    if not since:
        return None
    return max(1.0, (parse_time(since) + timedelta(seconds=seconds) - now).total_seconds() + 1)


def paused_condition(deployment: Object) -> tuple[str, str, str] | None:
    """Progressing as it should become when a Deployment was just paused or resumed; None: as it is."""
    current = condition(deployment, "Progressing")
    reason = current.get("reason") if current else None
    if deadline_seconds(deployment) is None or reason == TIMED_OUT:
        return None
    paused = bool(part(deployment, "spec").get("paused"))
    if paused and reason != PAUSED:
        return ("Unknown", PAUSED, "Deployment is paused")
    if not paused and reason == PAUSED:
        return ("Unknown", "DeploymentResumed", "Deployment is resumed")
    return None


def set_condition(
    status: Object, type: str, words: tuple[str, str, str], now: datetime, *, since: str | None = None
) -> None:
    """`words` are status, reason and message. The same status and reason: nothing changes."""
    value, reason, message = words
    current = condition({"status": status}, type)
    if current is not None and (current.get("status"), current.get("reason")) == (value, reason):
        return
    if current is not None and current.get("status") == value:
        since = current.get("lastTransitionTime")
    moment = format_time(now)
    new = {
        "type": type,
        "status": value,
        "lastUpdateTime": moment,
        "lastTransitionTime": since or moment,
        "reason": reason,
        "message": message,
    }
    _remove(status, type)
    status["conditions"] = [*status.get("conditions", []), new]


def _copy_failure(status: Object, sets: Sets, now: datetime) -> None:
    candidates = [sets.new, *sets.old] if sets.new else list(sets.old)
    failures = [condition(one, "ReplicaFailure") for one in candidates]
    failure = next((one for one in failures if one is not None), None)
    if failure is None:
        _remove(status, "ReplicaFailure")
        return
    words = (failure["status"], failure.get("reason", ""), failure.get("message", ""))
    set_condition(status, "ReplicaFailure", words, now, since=failure.get("lastTransitionTime"))


def _remove(status: Object, type: str) -> None:
    status["conditions"] = [one for one in status.get("conditions", []) if one.get("type") != type]


def _sum(sets: Iterable[Object], key: str) -> int:
    return sum(number(one, "status", key) for one in sets)
