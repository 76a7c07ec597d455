"""Decides which ReplicaSet gets how many replicas, step by step of a rollout.

Pure; the rules are those of upstream's pkg/controller/deployment. A ReplicaSet's status may be behind its
spec: what is counted as ordered comes from specs, what is counted as available from statuses.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import number, part, text
from kubeade.api.resource import Object
from kubeade.api.scaled_value import scaled_value
from kubeade.controllers.deployment.revisions import newest_revision_first, template_of

DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"


@dataclass(frozen=True, slots=True)
class Scale:
    """Give this ReplicaSet so many replicas."""

    replica_set: Object
    replicas: int


@dataclass(frozen=True, slots=True)
class Sets:
    """A Deployment's ReplicaSets: the one with its present template (if any), and the others."""

    new: Object | None
    old: tuple[Object, ...]

    @property
    def all(self) -> list[Object]:
        return [*self.old, self.new] if self.new is not None else list(self.old)


def replicas_of(item: Object) -> int:
    wanted = part(item, "spec").get("replicas")
    return 1 if wanted is None else int(wanted)


def ordered(sets: Iterable[Object]) -> int:
    return sum(replicas_of(one) for one in sets)


def available(sets: Iterable[Object]) -> int:
    return sum(number(one, "status", "availableReplicas") for one in sets)


def is_rolling(deployment: Object) -> bool:
    return text(deployment, "spec", "strategy", "type") != "Recreate"


def sort_sets(deployment: Object, sets: Iterable[Object]) -> Sets:
    """The oldest ReplicaSet with the Deployment's template is the new one."""
    template = template_of(deployment)
    by_age = sorted(sets, key=_age)
    new = next((one for one in by_age if template_of(one) == template), None)
    return Sets(new, tuple(one for one in by_age if one is not new))


def fenceposts(deployment: Object) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) in pods; never both nothing."""
    if not is_rolling(deployment):
        return 0, 0
    rolling, replicas = part(deployment, "spec", "strategy", "rollingUpdate"), replicas_of(deployment)
    surge = scaled_value(rolling.get("maxSurge", "25%"), replicas, round_up=True)
    unavailable = scaled_value(rolling.get("maxUnavailable", "25%"), replicas, round_up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, replicas)


def replicas_of_new(deployment: Object, sets: Sets) -> int:
    """How far the new ReplicaSet may grow now."""
    wanted = replicas_of(deployment)
    if not is_rolling(deployment):
        return wanted
    room = wanted + fenceposts(deployment)[0] - ordered(sets.all)
    current = replicas_of(sets.new) if sets.new is not None else 0
    return current + max(0, min(room, wanted - current))


def rolling_step(deployment: Object, sets: Sets) -> list[Scale]:
    """First the new one grows (or shrinks to what is ordered); when it cannot, the old ones shrink."""
    assert sets.new is not None
    current, wanted = replicas_of(sets.new), replicas_of(deployment)
    target = wanted if current > wanted else replicas_of_new(deployment, sets)
    if target != current:
        return [Scale(sets.new, target)]
    return _shrink_old(deployment, sets, sets.new)


def _shrink_old(deployment: Object, sets: Sets, new: Object) -> list[Scale]:
    minimum = replicas_of(deployment) - fenceposts(deployment)[1]
    not_yet = replicas_of(new) - number(new, "status", "availableReplicas")
    spare = ordered(sets.all) - minimum - not_yet
    if not ordered(sets.old) or spare <= 0:
        return []
    sizes = {one["metadata"]["uid"]: replicas_of(one) for one in sets.old}
    _drop(sets.old, sizes, spare, lambda one: sizes_over_available(one, sizes))
    _drop(sets.old, sizes, available(sets.all) - minimum, lambda one: sizes[one["metadata"]["uid"]])
    return [
        Scale(one, sizes[one["metadata"]["uid"]])
        for one in sets.old
        if sizes[one["metadata"]["uid"]] != replicas_of(one)
    ]


def sizes_over_available(replica_set: Object, sizes: dict[str, int]) -> int:
    """Replicas that serve nobody: they can go first."""
    unhealthy = sizes[replica_set["metadata"]["uid"]] - number(replica_set, "status", "availableReplicas")
    return max(0, unhealthy)


def _drop(
    sets: Iterable[Object], sizes: dict[str, int], budget: int, droppable: Callable[[Object], int]
) -> None:
    for one in sets:
        count = min(max(0, budget), droppable(one))
        sizes[one["metadata"]["uid"]] -= count
        budget -= count


def recreate_step(deployment: Object, sets: Sets) -> list[Scale]:
    """All old ones go to zero; the caller raises the new one once their pods are gone."""
    down = [Scale(one, 0) for one in sets.old if replicas_of(one)]
    if down or sets.new is None:
        return down
    wanted = replicas_of(deployment)
    return [Scale(sets.new, wanted)] if replicas_of(sets.new) != wanted else []


def is_scaling(deployment: Object, sets: Sets) -> bool:
    """Whether the number ordered has changed since the ReplicaSets were last sized."""
    wanted = str(replicas_of(deployment))
    noted = [text(one, "metadata", "annotations", DESIRED_REPLICAS) for one in sets.all if replicas_of(one)]
    return any(note and note != wanted for note in noted)


def scaling_step(deployment: Object, sets: Sets) -> list[Scale]:
    """Resize without rolling: in the middle of a rollout, all by their share."""
    wanted = replicas_of(deployment)
    only = _only_active(sets)
    if only is not None:
        return [Scale(only, wanted)] if replicas_of(only) != wanted else []
    if sets.new is not None and _is_saturated(deployment, sets.new):
        return [Scale(one, 0) for one in sets.old if replicas_of(one)]
    return _proportional(deployment, sets) if is_rolling(deployment) else []


def _only_active(sets: Sets) -> Object | None:
    active = [one for one in sets.all if replicas_of(one)]
    if len(active) > 1:
        return None
    if active:
        return active[0]
    return sets.new or max(sets.old, key=_age, default=None)


def _is_saturated(deployment: Object, new: Object) -> bool:
    wanted = replicas_of(deployment)
    noted = text(new, "metadata", "annotations", DESIRED_REPLICAS)
    return (
        replicas_of(new) == wanted
        and noted == str(wanted)
        and number(new, "status", "availableReplicas") == wanted
    )


def _proportional(deployment: Object, sets: Sets) -> list[Scale]:
    active = [one for one in sets.all if replicas_of(one)]
    wanted = replicas_of(deployment)
    allowed = wanted + fenceposts(deployment)[0] if wanted else 0
    to_add = allowed - ordered(active)
    newer_first = sorted(active, key=_age, reverse=to_add > 0)
    active = sorted(newer_first, key=replicas_of, reverse=True)
    added, sizes = 0, []
    for one in active:
        share = _share(deployment, one, to_add, added)
        sizes.append(replicas_of(one) + share)
        added += share
    if sizes and to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    return [Scale(one, size) for one, size in zip(active, sizes, strict=True)]


def _share(deployment: Object, replica_set: Object, to_add: int, added: int) -> int:
    size = replicas_of(replica_set)
    if not size or not to_add or to_add == added:
        return 0
    noted = text(replica_set, "metadata", "annotations", MAX_REPLICAS)
    former = int(noted) if noted.isdigit() and int(noted) else number(deployment, "status", "replicas")
    if not replicas_of(deployment):
        share = -size
    elif not former:
        share = 0
    else:
        grown = size * (replicas_of(deployment) + fenceposts(deployment)[0]) / former
        share = int(grown + 0.5) - size
    left = to_add - added
    return min(share, left) if to_add > 0 else max(share, left)


def is_complete(deployment: Object, status: Object) -> bool:
    """Every replica is of the new template and available, and no old one runs."""
    wanted = replicas_of(deployment)
    counts = [number(status, key) for key in ("updatedReplicas", "replicas", "availableReplicas")]
    generation = number(deployment, "metadata", "generation")
    return counts == [wanted] * 3 and number(status, "observedGeneration") >= generation


def expendable(deployment: Object, old: Iterable[Object]) -> list[Object]:
    """Old ReplicaSets beyond revisionHistoryLimit that have nothing left."""
    limit = part(deployment, "spec").get("revisionHistoryLimit")
    alive = [one for one in old if not is_being_deleted(one)]
    if limit is None or len(alive) <= limit:
        return []
    oldest_first = newest_revision_first(alive)[::-1]
    return [one for one in oldest_first[: len(alive) - limit] if _is_idle(one)]


def _is_idle(one: Object) -> bool:
    seen = number(one, "status", "observedGeneration") >= number(one, "metadata", "generation")
    return seen and not number(one, "status", "replicas") and not replicas_of(one)


def _age(item: Object) -> tuple[str, str]:
    return text(item, "metadata", "creationTimestamp"), text(item, "metadata", "name")
