"""What a look at a Job finds: its pods sorted by what they are, what is counted of them, and its indexes.
Pure.

A pod is counted in two steps, so that a crash loses and doubles none: its uid goes into the status as
uncounted, then its finalizer goes, then the next look at it turns the uid into a count.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import number, part, text, values
from kubeade.api.pod_state import is_active, is_finished, phase
from kubeade.api.resource import Object
from kubeade.controllers.job.failures import FailureRecord, is_failed, judge
from kubeade.controllers.job.indexes import failure_count, ignored_failure_count, index_of, parse_indexes
from kubeade.controllers.job.pods import is_tracked


@dataclass(frozen=True, slots=True)
class Counts:
    """`total` of pods that are counted, `uncounted` the uids of those that are about to be; by "succeeded"
    and "failed". `new` pods have ended since."""

    total: dict[str, int]
    uncounted: dict[str, tuple[str, ...]]
    new_succeeded: tuple[Object, ...]
    new_failed: tuple[Object, ...]
    failed: int
    """With those that are about to be counted."""


@dataclass(frozen=True, slots=True)
class Indexes:
    """Of an indexed Job. `replaceable` are failed pods whose index may have another one."""

    done: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    replaceable: tuple[tuple[int, Object], ...] = ()

    def replaced(self, index: int) -> Object | None:
        return next((pod for each, pod in self.replaceable if each == index), None)


@dataclass(frozen=True)
class Look:
    """One look at one Job."""

    job: Object
    pods: tuple[Object, ...]
    known: FailureRecord
    now: datetime

    @cached_property
    def spec(self) -> Object:
        return part(self.job, "spec")

    @cached_property
    def completions(self) -> int | None:
        return self.spec.get("completions")

    @cached_property
    def is_indexed(self) -> bool:
        return self.spec.get("completionMode") == "Indexed"

    @cached_property
    def failures_per_index(self) -> int | None:
        """How many an index may have, in a Job that counts them by index."""
        return self.spec.get("backoffLimitPerIndex") if self.is_indexed else None

    @cached_property
    def is_suspended(self) -> bool:
        return bool(self.spec.get("suspend"))

    @cached_property
    def active(self) -> tuple[Object, ...]:
        return tuple(pod for pod in self.pods if is_active(pod))

    @cached_property
    def terminating(self) -> tuple[Object, ...]:
        return tuple(pod for pod in self.pods if is_being_deleted(pod) and not is_finished(pod))

    @cached_property
    def tracked(self) -> tuple[Object, ...]:
        return tuple(pod for pod in self.pods if is_tracked(pod))

    @cached_property
    def counts(self) -> Counts:
        return _counts(self)

    @cached_property
    def indexes(self) -> Indexes:
        return _indexes(self)

    @cached_property
    def succeeded(self) -> int:
        """With those that are about to be counted."""
        if self.is_indexed:
            return len(self.indexes.done)
        counts = self.counts
        return counts.total["succeeded"] + len(counts.uncounted["succeeded"]) + len(counts.new_succeeded)

    @cached_property
    def record(self) -> FailureRecord:
        return self.known.extended(list(self.counts.new_succeeded), list(self.counts.new_failed))

    def in_range(self, pod: Object) -> bool:
        if not self.is_indexed:
            return True
        index = index_of(pod)
        return index is not None and index < (self.completions or 0)


def _counts(look: Look) -> Counts:
    status, tracked = part(look.job, "status"), {pod["metadata"]["uid"] for pod in look.tracked}
    total, uncounted = dict[str, int](), dict[str, tuple[str, ...]]()
    for kind in ("succeeded", "failed"):
        listed = values(status, "uncountedTerminatedPods", kind)
        uncounted[kind] = tuple(uid for uid in listed if uid in tracked)
        total[kind] = number(status, kind) + len(listed) - len(uncounted[kind])
    known = {*uncounted["succeeded"], *uncounted["failed"]}
    new = [pod for pod in look.tracked if pod["metadata"]["uid"] not in known and look.in_range(pod)]
    failed = tuple(pod for pod in new if is_failed(pod, look.job))
    counting = sum(judge(look.job, pod).counts for pod in failed)
    return Counts(
        total,
        uncounted,
        tuple(pod for pod in new if phase(pod) == "Succeeded"),
        failed,
        total["failed"] + len(uncounted["failed"]) + counting,
    )


def _indexes(look: Look) -> Indexes:
    limit, status = look.completions or 0, part(look.job, "status")
    done = set(parse_indexes(text(status, "completedIndexes"), limit))
    failed = set(parse_indexes(text(status, "failedIndexes"), limit))
    if not look.is_indexed:
        return Indexes(frozenset(done), frozenset(failed))
    done |= {index for pod in look.counts.new_succeeded if (index := index_of(pod)) is not None}
    if look.failures_per_index is None:
        return Indexes(frozenset(done), frozenset(failed))
    return _judged(look, done, failed, look.failures_per_index)


def _judged(look: Look, done: set[int], failed: set[int], most_failures: int) -> Indexes:
    busy, replaceable = {index_of(pod) for pod in look.active}, dict[int, Object]()
    for pod in sorted(look.tracked, key=lambda each: failure_count(each) + ignored_failure_count(each)):
        index = index_of(pod)
        if index is None or not look.in_range(pod) or not is_failed(pod, look.job):
            continue
        verdict = judge(look.job, pod)
        if (verdict.counts and failure_count(pod) >= most_failures) or verdict.action == "FailIndex":
            failed.add(index)
        if index not in busy and index not in done:
            replaceable[index] = pod
    kept = tuple((index, pod) for index, pod in replaceable.items() if index not in failed)
    return Indexes(frozenset(done), frozenset(failed), kept)
