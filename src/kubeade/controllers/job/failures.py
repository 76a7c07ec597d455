"""When a pod counts as failed, what the Job's podFailurePolicy makes of it, and how long to
wait after it. Pure.

The rules are those of upstream's pkg/controller/job (pod_failure_policy.go, backoff_utils.go).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.pod_state import condition, phase
from kubeade.api.resource import Object
from kubeade.lib.backoff import Backoff
from kubeade.lib.timestamps import parse_time

POD_FAILURE_BACKOFF = Backoff(initial_seconds=10.0, limit_seconds=600.0)


def replaces_only_failed(job: Object) -> bool:
    """Whether a pod on its way out keeps its place until it has really ended."""
    spec = part(job, "spec")
    return spec.get("podReplacementPolicy") == "Failed" or bool(spec.get("podFailurePolicy"))


def is_failed(pod: Object, job: Object) -> bool:
    if phase(pod) == "Failed":
        return True
    return not replaces_only_failed(job) and is_being_deleted(pod) and phase(pod) != "Succeeded"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says of a failed pod: its action ("" without a match) and, for FailJob, why."""

    action: str = ""
    message: str = ""

    @property
    def counts(self) -> bool:
        return self.action != "Ignore"


def judge(job: Object, pod: Object) -> Verdict:
    """The first rule that matches decides."""
    metadata = pod["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    for number_, rule in enumerate(parts(job, "spec", "podFailurePolicy", "rules")):
        action = text(rule, "action")
        why = _exit_code_match(pod, rule, name) or _condition_match(pod, rule, name)
        if why:
            return Verdict(action, f"{why} matching {action} rule at index {number_}")
    return Verdict()


def _exit_code_match(pod: Object, rule: Object, name: str) -> str:
    wanted = part(rule, "onExitCodes")
    for status in _statuses(pod) if wanted else ():
        code = number(status, "state", "terminated", "exitCode")
        named = wanted.get("containerName") in (None, status.get("name"))
        if code and named and (code in values(wanted, "values")) == (wanted.get("operator") == "In"):
            return f"Container {status['name']} for pod {name} failed with exit code {code}"
    return ""


def _condition_match(pod: Object, rule: Object, name: str) -> str:
    if rule.get("onExitCodes"):
        return ""
    for one in parts(pod, "status", "conditions"):
        for pattern in parts(rule, "onPodConditions"):
            if (one.get("type"), one.get("status")) == (pattern.get("type"), pattern.get("status", "True")):
                return f"Pod {name} has condition {one['type']}"
    return ""


def _statuses(pod: Object) -> list[Object]:
    return parts(pod, "status", "containerStatuses") + parts(pod, "status", "initContainerStatuses")


def finished_at(pod: Object) -> datetime:
    """By its containers, else by when it became unready, was deleted, was created."""
    statuses = parts(pod, "status", "containerStatuses")
    ends = [text(status, "state", "terminated", "finishedAt") for status in statuses]
    if ends and all(ends):
        return max(parse_time(end) for end in ends)
    ready, metadata = condition(pod, "Ready"), pod["metadata"]
    if ready is not None and ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return parse_time(ready["lastTransitionTime"])
    if is_being_deleted(pod):
        grace = timedelta(seconds=number(pod, "metadata", "deletionGracePeriodSeconds"))
        return parse_time(metadata["deletionTimestamp"]) - grace
    return parse_time(metadata["creationTimestamp"])


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """Failures since the last success, and when the last was."""

    failures: int = 0
    last: datetime | None = None

    def extended(self, succeeded: Iterable[Object], failed: Iterable[Object]) -> "FailureRecord":
        ends = sorted(finished_at(pod) for pod in failed)
        success = max((finished_at(pod) for pod in succeeded), default=None)
        if success is not None:
            ends = [end for end in ends if end > success]
            return FailureRecord(len(ends), ends[-1] if ends else None)
        return FailureRecord(self.failures + len(ends), ends[-1]) if ends else self

    def wait_seconds(self, now: datetime) -> float:
        if not self.failures or self.last is None:
            return 0.0
        return max(0.0, POD_FAILURE_BACKOFF.delay_seconds(self.failures) - (now - self.last).total_seconds())
