"""Which pods are let go: their uids are in the status then, so that they count once. Pure."""

from dataclasses import dataclass

from kubeade.api.ownership import is_being_deleted
from kubeade.api.pod_state import phase
from kubeade.api.resource import Object
from kubeade.controllers.job.failures import is_failed, judge
from kubeade.controllers.job.look import Look
from kubeade.controllers.job.target import FAILURE, Target

UNCOUNTED_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Release:
    """`pods` lose their finalizer once the status lists the `uncounted`."""

    pods: tuple[Object, ...]
    uncounted: dict[str, list[str]]


def release_of(look: Look, target: Target | None, dropped: tuple[Object, ...]) -> Release:
    uncounted = {kind: list(uids) for kind, uids in look.counts.uncounted.items()}
    ending = target is not None or is_being_deleted(look.job)
    failing = target is not None and target.kind == FAILURE
    released, gone = [], {pod["metadata"]["uid"] for pod in dropped}
    waiting = {pod["metadata"]["uid"] for _, pod in look.indexes.replaceable}
    for pod in look.tracked:
        if sum(map(len, uncounted.values())) >= UNCOUNTED_LIMIT:
            break
        uid, failed = pod["metadata"]["uid"], is_failed(pod, look.job)
        if uid in gone:
            continue
        if ending or phase(pod) == "Succeeded" or (failed and uid not in waiting):
            released.append(pod)
            _note(look, pod, uncounted, failed=failed or failing)
    return Release(tuple(released), uncounted)


def _note(look: Look, pod: Object, uncounted: dict[str, list[str]], *, failed: bool) -> None:
    """Remember the pod as uncounted; indexes of succeeded pods are remembered by themselves."""
    uid = pod["metadata"]["uid"]
    if uid in uncounted["succeeded"] or uid in uncounted["failed"] or not look.in_range(pod):
        return
    if phase(pod) == "Succeeded":
        if not look.is_indexed:
            uncounted["succeeded"].append(uid)
    elif failed and judge(look.job, pod).counts:
        uncounted["failed"].append(uid)
