"""Decides what becomes of a Job: pods to make, to end, to let go, and what its status says. Pure.

A pod is counted in two steps, so that a crash loses and doubles none: its uid goes into the status as
uncounted, then its finalizer goes, then the next look at it turns the uid into a count. The rules and their
order are those of upstream's pkg/controller/job.
"""

from dataclasses import dataclass, field
from datetime import datetime

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.pod_state import condition, is_active, is_finished, is_ready, phase
from kubeade.api.resource import Object
from kubeade.controllers.job.failures import (
    FailureRecord,
    finished_at,
    is_failed,
    judge,
    replaces_only_failed,
)
from kubeade.controllers.job.indexes import (
    failure_count,
    format_indexes,
    ignored_failure_count,
    index_of,
    parse_indexes,
)
from kubeade.controllers.job.pods import is_tracked, surplus
from kubeade.controllers.job.success import success_of
from kubeade.lib.timestamps import format_time, parse_time

BURST_PODS = 500
UNCOUNTED_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Successor:
    """A pod to create: for this index (None in a Job without), after this pod."""

    index: int | None = None
    replaces: Object | None = None


@dataclass(slots=True)
class Plan:
    """`end` are deleted and count as they end; `drop` are let go first and never count; `release` lose the
    finalizer once `status` is written."""

    status: Object
    create: tuple[Successor, ...] = ()
    end: tuple[Object, ...] = ()
    drop: tuple[Object, ...] = ()
    release: tuple[Object, ...] = ()
    record: FailureRecord = field(default_factory=FailureRecord)
    again_seconds: float | None = None


def finished(job: Object) -> Object | None:
    """The condition that closed the Job."""
    for kind in ("Complete", "Failed"):
        found = condition(job, kind)
        if found is not None and found.get("status") == "True":
            return found
    return None


def plan(job: Object, pods: list[Object], record: FailureRecord, now: datetime) -> Plan:
    return _Planner(job, pods, record, now).plan()


class _Planner:
    """One look at one Job. Made for the look, thrown away after it."""

    def __init__(self, job: Object, pods: list[Object], record: FailureRecord, now: datetime) -> None:
        self._job, self._spec, self._now = job, part(job, "spec"), now
        self._indexed = self._spec.get("completionMode") == "Indexed"
        self._per_index = self._spec.get("backoffLimitPerIndex") if self._indexed else None
        self._completions: int | None = self._spec.get("completions")
        self._suspended = bool(self._spec.get("suspend"))
        self._pods = pods
        self._active = [pod for pod in pods if is_active(pod)]
        self._terminating = [pod for pod in pods if is_being_deleted(pod) and not is_finished(pod)]
        self._tracked = [pod for pod in pods if is_tracked(pod)]
        self._count()
        self._record = record.extended(self._new_succeeded, self._new_failed)
        self._conditions = [dict(one) for one in parts(job, "status", "conditions")]
        self._plan = Plan({}, record=self._record)

    def _count(self) -> None:
        tracked = {pod["metadata"]["uid"] for pod in self._tracked}
        status, self._uncounted, self._totals = part(self._job, "status"), {}, {}
        for kind in ("succeeded", "failed"):
            listed = values(status, "uncountedTerminatedPods", kind)
            self._uncounted[kind] = [uid for uid in listed if uid in tracked]
            self._totals[kind] = number(status, kind) + len(listed) - len(self._uncounted[kind])
        known = {*self._uncounted["succeeded"], *self._uncounted["failed"]}
        new = [p for p in self._tracked if p["metadata"]["uid"] not in known and self._in_range(p)]
        self._new_succeeded = [pod for pod in new if phase(pod) == "Succeeded"]
        failed = [pod for pod in new if is_failed(pod, self._job)]
        self._new_failed = failed
        counted = [pod for pod in failed if judge(self._job, pod).counts]
        self._succeeded = self._totals["succeeded"] + len(self._uncounted["succeeded"])
        self._succeeded += len(self._new_succeeded)
        self._failed = self._totals["failed"] + len(self._uncounted["failed"]) + len(counted)
        self._read_indexes()

    def _read_indexes(self) -> None:
        limit = self._completions or 0
        status = part(self._job, "status")
        self._done_indexes = parse_indexes(text(status, "completedIndexes"), limit)
        self._failed_indexes = parse_indexes(text(status, "failedIndexes"), limit)
        self._replaceable: dict[int, Object] = {}
        if not self._indexed:
            return
        self._done_indexes |= {i for pod in self._new_succeeded if (i := index_of(pod)) is not None}
        self._succeeded = len(self._done_indexes)
        if self._per_index is not None:
            self._judge_indexes()

    def _judge_indexes(self) -> None:
        busy = {index_of(pod) for pod in self._active}
        for pod in sorted(self._tracked, key=lambda p: failure_count(p) + ignored_failure_count(p)):
            index = index_of(pod)
            if index is None or not self._in_range(pod) or not is_failed(pod, self._job):
                continue
            verdict = judge(self._job, pod)
            spent = verdict.counts and failure_count(pod) >= (self._per_index or 0)
            if spent or verdict.action == "FailIndex":
                self._failed_indexes.add(index)
            if index not in busy and index not in self._done_indexes:
                self._replaceable[index] = pod
        for index in self._failed_indexes:
            self._replaceable.pop(index, None)

    def _in_range(self, pod: Object) -> bool:
        if not self._indexed:
            return True
        index = index_of(pod)
        return index is not None and index < (self._completions or 0)

    def plan(self) -> Plan:
        target = self._standing_target() or self._failure() or self._success()
        started = self._started()
        if target is not None:
            self._plan.end = tuple(self._active)
        elif not is_being_deleted(self._job):
            self._manage()
            target = self._completion()
            started = self._follow_suspension(started)
        if target is not None:
            self._set_condition(*target)
        self._release(target)
        closed = self._close(target)
        self._plan.status = self._status(started, closed)
        return self._plan

    def _standing_target(self) -> tuple[str, str, str] | None:
        for kind in ("SuccessCriteriaMet", "FailureTarget"):
            found = condition(self._job, kind)
            if found is not None and found.get("status") == "True":
                return kind, found.get("reason", ""), found.get("message", "")
        return None

    def _failure(self) -> tuple[str, str, str] | None:
        found = self._policy_failure() or self._limit_failure() or self._index_failure()
        return ("FailureTarget", *found) if found else None

    def _policy_failure(self) -> tuple[str, str] | None:
        for pod in self._pods if self._spec.get("podFailurePolicy") else ():
            verdict = judge(self._job, pod) if is_failed(pod, self._job) else None
            if verdict is not None and verdict.action == "FailJob":
                return "PodFailurePolicy", verdict.message
        return None

    def _limit_failure(self) -> tuple[str, str] | None:
        limit = self._spec.get("backoffLimit", 6)
        if self._failed > limit or self._restarted_too_often(limit):
            return "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        deadline_seconds = self._spec.get("activeDeadlineSeconds")
        if deadline_seconds is None or self._suspended:
            return None
        start = text(self._job, "status", "startTime")
        running_seconds = (self._now - parse_time(start)).total_seconds() if start else 0.0
        if running_seconds >= deadline_seconds:
            return "DeadlineExceeded", "Job was active longer than specified deadline"
        self._again(deadline_seconds - running_seconds)
        return None

    def _restarted_too_often(self, limit: int) -> bool:
        if part(self._spec, "template", "spec").get("restartPolicy") != "OnFailure":
            return False
        restarts = sum(
            number(status, "restartCount")
            for pod in self._pods
            if phase(pod) in ("Pending", "Running")
            for kind in ("initContainerStatuses", "containerStatuses")
            for status in parts(pod, "status", kind)
        )
        return restarts >= max(limit, 1)

    def _index_failure(self) -> tuple[str, str] | None:
        most = self._spec.get("maxFailedIndexes")
        if self._per_index is None or not self._failed_indexes:
            return None
        if most is not None and len(self._failed_indexes) > most:
            return (
                "MaxFailedIndexesExceeded",
                "Job has exceeded the specified maximal number of failed indexes",
            )
        if len(self._failed_indexes) + len(self._done_indexes) >= (self._completions or 0):
            return "FailedIndexes", "Job has failed indexes"
        return None

    def _success(self) -> tuple[str, str, str] | None:
        message = success_of(self._job, self._done_indexes) if self._indexed else ""
        return ("SuccessCriteriaMet", "SuccessPolicy", message) if message else None

    def _completion(self) -> tuple[str, str, str] | None:
        if self._plan.create or len(self._active) > len(self._plan.drop):
            return None
        done = self._succeeded > 0 if self._completions is None else self._succeeded >= self._completions
        message = "Reached expected number of succeeded pods"
        return ("SuccessCriteriaMet", "CompletionsReached", message) if done else None

    def _started(self) -> str:
        return text(self._job, "status", "startTime") or ("" if self._suspended else format_time(self._now))

    def _follow_suspension(self, started: str) -> str:
        known = condition(self._job, "Suspended")
        if self._suspended and (known is None or known.get("status") != "True"):
            self._set_condition("Suspended", "JobSuspended", "Job suspended")
            return ""
        if not self._suspended and known is not None and known.get("status") == "True":
            self._set_condition("Suspended", "JobResumed", "Job resumed", "False")
            return format_time(self._now)
        return started

    def _manage(self) -> None:
        """Either fewer pods or more, never both in one look."""
        wanted = self._wanted()
        too_many = len(self._active) - wanted
        drop = surplus(self._job, self._active, max(0, too_many))
        if drop:
            self._plan.drop = tuple(drop if self._suspended else drop[:BURST_PODS])
            return
        missing = -too_many - (len(self._terminating) if replaces_only_failed(self._job) else 0)
        if missing > 0:
            self._plan.create = tuple(self._successors(min(missing, BURST_PODS)))

    def _wanted(self) -> int:
        if self._suspended:
            return 0
        parallelism = int(self._spec.get("parallelism", 1))
        if self._completions is None:
            return len(self._active) if self._succeeded else parallelism
        return max(0, min(parallelism, self._completions - self._succeeded))

    def _successors(self, count: int) -> list[Successor]:
        if self._per_index is None:
            wait_seconds = self._record.wait_seconds(self._now)
            if wait_seconds:
                self._again(wait_seconds)
                return []
        if not self._indexed:
            return [Successor()] * count
        return [Successor(i, self._replaceable.get(i)) for i in self._free_indexes(count) if self._is_due(i)]

    def _free_indexes(self, count: int) -> list[int]:
        holding = self._active + (self._terminating if replaces_only_failed(self._job) else [])
        taken = self._done_indexes | self._failed_indexes | {index_of(pod) for pod in holding}
        return [index for index in range(self._completions or 0) if index not in taken][:count]

    def _is_due(self, index: int) -> bool:
        pod = self._replaceable.get(index)
        if pod is None:
            return True
        failures = failure_count(pod) + ignored_failure_count(pod) + 1
        wait_seconds = FailureRecord(failures, finished_at(pod)).wait_seconds(self._now)
        if wait_seconds:
            self._again(wait_seconds)
        return not wait_seconds

    def _again(self, seconds: float) -> None:
        known = self._plan.again_seconds
        self._plan.again_seconds = seconds if known is None else min(known, seconds)

    def _release(self, target: tuple[str, str, str] | None) -> None:
        ending = target is not None or is_being_deleted(self._job)
        failing = target is not None and target[0] == "FailureTarget"
        released, dropped = [], {pod["metadata"]["uid"] for pod in self._plan.drop}
        for pod in self._tracked:
            if sum(map(len, self._uncounted.values())) >= UNCOUNTED_LIMIT:
                break
            failed = is_failed(pod, self._job)
            waiting = pod in self._replaceable.values()
            if pod["metadata"]["uid"] in dropped:
                continue
            if ending or phase(pod) == "Succeeded" or (failed and not waiting):
                released.append(pod)
                self._note(pod, failed or failing)
        self._plan.release = tuple(released)

    def _note(self, pod: Object, failed: bool) -> None:
        """Remember the pod as uncounted; indexes of succeeded pods are remembered by themselves."""
        uid = pod["metadata"]["uid"]
        if uid in self._uncounted["succeeded"] or uid in self._uncounted["failed"] or not self._in_range(pod):
            return
        if phase(pod) == "Succeeded":
            if not self._indexed:
                self._uncounted["succeeded"].append(uid)
        elif failed and judge(self._job, pod).counts:
            self._uncounted["failed"].append(uid)

    def _close(self, target: tuple[str, str, str] | None) -> bool:
        """The last condition, once nothing is left to run, to end or to count."""
        uncounted = any(self._uncounted.values())
        if target is None or self._active or self._terminating or self._plan.release or uncounted:
            return False
        kind, reason, message = target
        self._set_condition("Complete" if kind == "SuccessCriteriaMet" else "Failed", reason, message)
        return kind == "SuccessCriteriaMet"

    def _set_condition(self, kind: str, reason: str, message: str, status: str = "True") -> None:
        known = next((one for one in self._conditions if one.get("type") == kind), None)
        if known is not None and known.get("status") == status:
            return
        now = format_time(self._now)
        new = {"type": kind, "status": status, "reason": reason, "message": message}
        new |= {"lastProbeTime": now, "lastTransitionTime": now}
        self._conditions = [one for one in self._conditions if one is not known] + [new]

    def _status(self, started: str, complete: bool) -> Object:
        gone = [*self._plan.end, *self._plan.drop]
        status: Object = {
            "active": len(self._active) - len(gone) + len(self._plan.create),
            "succeeded": len(self._done_indexes) if self._indexed else self._totals["succeeded"],
            "failed": self._totals["failed"],
            "completedIndexes": format_indexes(self._done_indexes),
            "conditions": self._conditions,
            "startTime": started,
            "completionTime": format_time(self._now) if complete else "",
        }
        status = {key: value for key, value in status.items() if value}
        status["ready"] = sum(map(is_ready, self._active)) - sum(map(is_ready, gone))
        status["terminating"] = len(self._terminating) + len(gone)
        uncounted = {kind: uids for kind, uids in self._uncounted.items() if uids}
        status["uncountedTerminatedPods"] = uncounted
        if self._per_index is not None:
            status["failedIndexes"] = format_indexes(self._failed_indexes)
        return status
