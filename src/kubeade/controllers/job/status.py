"""What a Job's status says after a look. Pure."""

from dataclasses import dataclass

from kubeade.api.pod_state import is_ready
from kubeade.api.resource import Object
from kubeade.controllers.job.conditions import Conditions
from kubeade.controllers.job.indexes import format_indexes
from kubeade.controllers.job.look import Look
from kubeade.controllers.job.release import Release
from kubeade.lib.timestamps import format_time


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the look decided. `gone` are the pods that it ends, `made` how many it makes."""

    release: Release
    gone: tuple[Object, ...]
    made: int
    conditions: Conditions
    start_time: str
    is_complete: bool


def status_of(look: Look, outcome: Outcome) -> Object:
    gone, counts, indexes = outcome.gone, look.counts, look.indexes
    status: Object = {
        "active": len(look.active) - len(gone) + outcome.made,
        "succeeded": len(indexes.done) if look.is_indexed else counts.total["succeeded"],
        "failed": counts.total["failed"],
        "completedIndexes": format_indexes(set(indexes.done)),
        "conditions": list(outcome.conditions),
        "startTime": outcome.start_time,
        "completionTime": format_time(look.now) if outcome.is_complete else "",
    }
    status = {key: value for key, value in status.items() if value}
    status["ready"] = sum(map(is_ready, look.active)) - sum(map(is_ready, gone))
    status["terminating"] = len(look.terminating) + len(gone)
    status["uncountedTerminatedPods"] = {
        kind: uids for kind, uids in outcome.release.uncounted.items() if uids
    }
    if look.failures_per_index is not None:
        status["failedIndexes"] = format_indexes(set(indexes.failed))
    return status
