"""Whether a Job is to end, and how: by what was decided before, by failures, by a deadline, by success. Pure.

The rules and their order are those of upstream's pkg/controller/job.
"""

from typing import NamedTuple

from kubeade.api.parts import number, part, parts, text
from kubeade.api.pod_state import condition, phase
from kubeade.controllers.job.failures import is_failed, judge
from kubeade.controllers.job.look import Look
from kubeade.controllers.job.success import success_of
from kubeade.lib.timestamps import parse_time

FAILURE, SUCCESS = "FailureTarget", "SuccessCriteriaMet"


class Target(NamedTuple):
    """The condition that says so."""

    kind: str
    reason: str
    message: str


def target_of(look: Look) -> Target | None:
    """None for a Job that goes on, or is complete (`completion_of`)."""
    return _decided_before(look) or _failure(look) or _success(look)


def completion_of(look: Look) -> Target | None:
    """Of a Job of which nothing runs any more."""
    done = look.succeeded > 0 if look.completions is None else look.succeeded >= look.completions
    return (
        Target(SUCCESS, "CompletionsReached", "Reached expected number of succeeded pods") if done else None
    )


def deadline_seconds(look: Look) -> float | None:
    """How long until the Job has run for too long; None for one without such a limit."""
    limit_seconds = look.spec.get("activeDeadlineSeconds")
    if limit_seconds is None or look.is_suspended:
        return None
    start = text(look.job, "status", "startTime")
    running_seconds = (look.now - parse_time(start)).total_seconds() if start else 0.0
    return float(limit_seconds - running_seconds)


def _decided_before(look: Look) -> Target | None:
    for kind in (SUCCESS, FAILURE):
        found = condition(look.job, kind)
        if found is not None and found.get("status") == "True":
            return Target(kind, found.get("reason", ""), found.get("message", ""))
    return None


def _failure(look: Look) -> Target | None:
    found = _policy_failure(look) or _limit_failure(look) or _index_failure(look)
    return Target(FAILURE, *found) if found else None


def _policy_failure(look: Look) -> tuple[str, str] | None:
    for pod in look.pods if look.spec.get("podFailurePolicy") else ():
        verdict = judge(look.job, pod) if is_failed(pod, look.job) else None
        if verdict is not None and verdict.action == "FailJob":
            return "PodFailurePolicy", verdict.message
    return None


def _limit_failure(look: Look) -> tuple[str, str] | None:
    limit = look.spec.get("backoffLimit", 6)
    if look.counts.failed > limit or _restarted_too_often(look, limit):
        return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left_seconds = deadline_seconds(look)
    if left_seconds is not None and left_seconds <= 0:
        return "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def _restarted_too_often(look: Look, limit: int) -> bool:
    if part(look.spec, "template", "spec").get("restartPolicy") != "OnFailure":
        return False
    restarts = sum(
        number(status, "restartCount")
        for pod in look.pods
        if phase(pod) in ("Pending", "Running")
        for kind in ("initContainerStatuses", "containerStatuses")
        for status in parts(pod, "status", kind)
    )
    return restarts >= max(limit, 1)


def _index_failure(look: Look) -> tuple[str, str] | None:
    most, failed = look.spec.get("maxFailedIndexes"), look.indexes.failed
    if look.failures_per_index is None or not failed:
        return None
    if most is not None and len(failed) > most:
        told = "Job has exceeded the specified maximal number of failed indexes"
        return "MaxFailedIndexesExceeded", told
    if len(failed) + len(look.indexes.done) >= (look.completions or 0):
        return "FailedIndexes", "Job has failed indexes"
    return None


def _success(look: Look) -> Target | None:
    message = success_of(look.job, set(look.indexes.done)) if look.is_indexed else ""
    return Target(SUCCESS, "SuccessPolicy", message) if message else None
