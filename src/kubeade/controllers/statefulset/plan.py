"""Decides which pod of a StatefulSet is made or deleted next, and what the status says.

Pure; the rules and their order are those of upstream's pkg/controller/statefulset.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import number, part
from kubeade.api.pod_state import is_available, is_finished, is_ready, phase, seconds_until_available
from kubeade.api.resource import Object
from kubeade.api.scaled_value import scaled_value
from kubeade.controllers.statefulset.identity import (
    ordinal_of,
    ordinals_of,
    replicas_of,
    revision_of,
)


@dataclass(frozen=True, slots=True)
class View:
    """All that a decision depends on. `condemned` are the pods beyond the range, highest first."""

    stateful_set: Object
    pods: dict[int, Object]
    condemned: tuple[Object, ...]
    current: Object
    update: Object
    now: datetime

    def available(self, pod: Object) -> bool:
        seconds = number(self.stateful_set, "spec", "minReadySeconds")
        return is_available(pod, seconds, self.now) and not is_being_deleted(pod)


@dataclass(frozen=True, slots=True)
class Plan:
    """Numbers of pods to make, and pods to delete."""

    create: tuple[int, ...] = ()
    delete: tuple[Object, ...] = ()


def view(
    stateful_set: Object, pods: Iterable[Object], revisions: tuple[Object, Object], now: datetime
) -> View:
    """`revisions` are the current one and the one to update to."""
    by_ordinal = {ordinal_of(stateful_set, pod): pod for pod in pods}
    wanted = ordinals_of(stateful_set)
    inside = {number: pod for number, pod in by_ordinal.items() if number is not None and number in wanted}
    outside = [number for number in by_ordinal if number is not None and number not in wanted]
    condemned = tuple(by_ordinal[number] for number in sorted(outside, reverse=True))
    return View(stateful_set, inside, condemned, *revisions, now)


def plan(view: View) -> Plan:
    """In order one step at a time, or with podManagementPolicy Parallel all at once."""
    if part(view.stateful_set, "spec").get("podManagementPolicy") == "Parallel":
        return _parallel(view)
    for ordinal in ordinals_of(view.stateful_set):
        pod = view.pods.get(ordinal)
        if pod is None:
            return Plan(create=(ordinal,))
        if is_finished(pod) and not is_being_deleted(pod):
            return Plan(delete=(pod,))
        if not view.available(pod):
            return Plan()
    if view.condemned:
        return _next_condemned(view)
    return Plan(delete=_outdated(view))


def _next_condemned(view: View) -> Plan:
    first_unhealthy = next((pod for pod in reversed(view.condemned) if not view.available(pod)), None)
    last = view.condemned[0]
    if is_being_deleted(last) or not (view.available(last) or last is first_unhealthy):
        return Plan()
    return Plan(delete=(last,))


def _parallel(view: View) -> Plan:
    missing = tuple(number for number in ordinals_of(view.stateful_set) if number not in view.pods)
    doomed = [pod for pod in view.pods.values() if is_finished(pod)] + list(view.condemned)
    alive = tuple(pod for pod in doomed if not is_being_deleted(pod))
    if missing or alive:
        return Plan(missing, alive)
    return Plan(delete=_outdated(view))


def _outdated(view: View) -> tuple[Object, ...]:
    """Old pods to replace now: highest first, down to the partition, within maxUnavailable."""
    strategy = part(view.stateful_set, "spec", "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return ()
    ordinals, value = ordinals_of(view.stateful_set), part(strategy, "rollingUpdate").get("maxUnavailable")
    allowed = max(1, scaled_value(1 if value is None else value, len(ordinals), round_up=False))
    missing = [one for one in ordinals if one not in view.pods or not view.available(view.pods[one])]
    updatable = ordinals[number(strategy, "rollingUpdate", "partition") :]
    old = [
        view.pods[one]
        for one in reversed(updatable)
        if one in view.pods
        and revision_of(view.pods[one]) != view.update["metadata"]["name"]
        and not is_being_deleted(view.pods[one])
    ]
    return tuple(old[: max(0, allowed - len(missing))])


def revision_for(view: View, ordinal: int) -> Object:
    """The revision that a new pod is of: below the partition it is the current one."""
    strategy = part(view.stateful_set, "spec", "updateStrategy")
    rolling = strategy.get("rollingUpdate")
    if rolling is None:
        kept = number(view.stateful_set, "status", "currentReplicas")
    else:
        kept = number(rolling, "partition")
    is_kept = strategy.get("type") != "OnDelete" and ordinal in ordinals_of(view.stateful_set)[:kept]
    return view.current if is_kept else view.update


def status_of(view: View, collisions: int) -> Object:
    pods = [pod for pod in (*view.pods.values(), *view.condemned) if phase(pod)]
    staying = [pod for pod in pods if not is_being_deleted(pod)]
    ready = [pod for pod in pods if phase(pod) == "Running" and is_ready(pod)]
    current, update = view.current["metadata"]["name"], view.update["metadata"]["name"]
    seconds = number(view.stateful_set, "spec", "minReadySeconds")
    status: Object = {
        "observedGeneration": number(view.stateful_set, "metadata", "generation"),
        "replicas": len(pods),
        "readyReplicas": len(ready),
        "currentReplicas": sum(revision_of(pod) == current for pod in staying),
        "updatedReplicas": sum(revision_of(pod) == update for pod in staying),
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": collisions,
        "availableReplicas": sum(is_available(pod, seconds, view.now) for pod in ready),
    }
    wanted = replicas_of(view.stateful_set)
    is_rolling = part(view.stateful_set, "spec", "updateStrategy").get("type") != "OnDelete"
    counts = [status[key] for key in ("updatedReplicas", "readyReplicas", "replicas")]
    if is_rolling and counts == [wanted] * 3:
        status |= {"currentRevision": update, "currentReplicas": status["updatedReplicas"]}
    always = ("replicas", "availableReplicas", "collisionCount")
    conditions = part(view.stateful_set, "status").get("conditions")
    return {key: value for key, value in status.items() if value or key in always} | (
        {"conditions": conditions} if conditions else {}
    )


def next_look_seconds(view: View) -> float | None:
    """When the next ready pod becomes available only by the passing of time."""
    seconds = number(view.stateful_set, "spec", "minReadySeconds")
    waits = [seconds_until_available(pod, seconds, view.now) for pod in view.pods.values()]
    return min((wait for wait in waits if wait is not None), default=None)
