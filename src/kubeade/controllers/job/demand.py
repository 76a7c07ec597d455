"""How many pods a Job that goes on is to have: some to make or some to end, never both in one look. Pure."""

from dataclasses import dataclass

from kubeade.api.resource import Object
from kubeade.controllers.job.failures import FailureRecord, finished_at, replaces_only_failed
from kubeade.controllers.job.indexes import failure_count, ignored_failure_count, index_of
from kubeade.controllers.job.look import Look
from kubeade.controllers.job.pods import surplus

BURST_PODS = 500


@dataclass(frozen=True, slots=True)
class Successor:
    """A pod to create: for this index (None in a Job without), after this pod."""

    index: int | None = None
    replaces: Object | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """`wait_seconds`: when one that failed may have a successor."""

    create: tuple[Successor, ...] = ()
    drop: tuple[Object, ...] = ()
    wait_seconds: float | None = None


def demand_of(look: Look) -> Demand:
    too_many = len(look.active) - _wanted(look)
    drop = surplus(look.job, list(look.active), max(0, too_many))
    if drop:
        return Demand(drop=tuple(drop if look.is_suspended else drop[:BURST_PODS]))
    missing = -too_many - (len(look.terminating) if replaces_only_failed(look.job) else 0)
    return _successors(look, min(missing, BURST_PODS)) if missing > 0 else Demand()


def _wanted(look: Look) -> int:
    if look.is_suspended:
        return 0
    parallelism = int(look.spec.get("parallelism", 1))
    if look.completions is None:
        return len(look.active) if look.succeeded else parallelism
    return max(0, min(parallelism, look.completions - look.succeeded))


def _successors(look: Look, count: int) -> Demand:
    if look.failures_per_index is None:
        wait_seconds = look.record.wait_seconds(look.now)
        if wait_seconds:
            return Demand(wait_seconds=wait_seconds)
    if not look.is_indexed:
        return Demand((Successor(),) * count)
    waits = {index: _wait_seconds(look, index) for index in _free_indexes(look, count)}
    due = tuple(Successor(index, look.indexes.replaced(index)) for index, wait in waits.items() if not wait)
    return Demand(due, wait_seconds=min((wait for wait in waits.values() if wait), default=None))


def _free_indexes(look: Look, count: int) -> list[int]:
    holding = [*look.active, *(look.terminating if replaces_only_failed(look.job) else ())]
    taken = look.indexes.done | look.indexes.failed | {index_of(pod) for pod in holding}
    return [index for index in range(look.completions or 0) if index not in taken][:count]


def _wait_seconds(look: Look, index: int) -> float:
    pod = look.indexes.replaced(index)
    if pod is None:
        return 0.0
    failures = failure_count(pod) + ignored_failure_count(pod) + 1
    return FailureRecord(failures, finished_at(pod)).wait_seconds(look.now)
