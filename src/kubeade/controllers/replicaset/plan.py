"""Decides how many pods to add, which to remove, and what the status says.

Pure; the rules and their order are those of upstream's pkg/controller/replicaset.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubeade.api.parts import number, part, parts, text
from kubeade.api.pod_state import (
    condition,
    is_active,
    is_available,
    is_ready,
    phase,
    ready_since,
    restarts,
    seconds_until_available,
)
from kubeade.api.resource import Object
from kubeade.lib.timestamps import format_time, parse_time

BURST_REPLICAS = 500
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASE_RANK = {"Pending": 0, "Unknown": 1, "": 1, "Running": 2}


@dataclass(frozen=True, slots=True)
class Plan:
    """So many pods to create, and these to delete."""

    create: int = 0
    delete: tuple[Object, ...] = ()


def desired_replicas(owner: Object) -> int:
    wanted = part(owner, "spec").get("replicas")
    return 1 if wanted is None else int(wanted)


def plan(owner: Object, pods: Iterable[Object], related: Iterable[Object], now: datetime) -> Plan:
    """`pods` are the owner's, `related` all of the same Deployment (they share nodes when ranked)."""
    active = [pod for pod in pods if is_active(pod)]
    surplus = len(active) - desired_replicas(owner)
    if surplus < 0:
        return Plan(create=min(-surplus, BURST_REPLICAS))
    if surplus == 0:
        return Plan()
    count = min(surplus, BURST_REPLICAS)
    if count >= len(active):
        return Plan(delete=tuple(active))
    return Plan(delete=tuple(removal_order(active, related, now)[:count]))


def removal_order(pods: list[Object], related: Iterable[Object], now: datetime) -> list[Object]:
    """The pods whose loss costs least come first."""
    per_node: dict[str, int] = {}
    for pod in related:
        if is_active(pod):
            node = text(pod, "spec", "nodeName")
            per_node[node] = per_node.get(node, 0) + 1
    return sorted(pods, key=lambda pod: _rank(pod, per_node, now))


def _rank(pod: Object, per_node: dict[str, int], now: datetime) -> tuple[Any, ...]:
    node, ready = text(pod, "spec", "nodeName"), is_ready(pod)
    since = ready_since(pod)
    created = text(pod, "metadata", "creationTimestamp")
    return (
        bool(node),
        _PHASE_RANK.get(phase(pod), 3),
        ready,
        _deletion_cost(pod),
        -per_node.get(node, 0),
        _age_rank(now, since) if ready else 0,
        -restarts(pod),
        _age_rank(now, parse_time(created)) if created else 0,
        text(pod, "metadata", "uid"),
    )


def _age_rank(now: datetime, since: datetime | None) -> int:
    """Coarse (a power of two of seconds): the young go first, but about as old is as old."""
    if since is None:
        return -1
    return int(max(0.0, (now - since).total_seconds())).bit_length()


def _deletion_cost(pod: Object) -> int:
    try:
        return int(text(pod, "metadata", "annotations", DELETION_COST) or "0")
    except ValueError:
        return 0


def status_of(
    owner: Object, pods: Iterable[Object], failure: tuple[str, str] | None, now: datetime
) -> Object:
    """The status as it should be. `failure` is (reason, message) when replicas could not be managed."""
    pods = list(pods)
    active = [pod for pod in pods if is_active(pod)]
    min_ready_seconds = number(owner, "spec", "minReadySeconds")
    template_labels = part(owner, "spec", "template", "metadata", "labels").items()
    labelled = [p for p in active if template_labels <= (p["metadata"].get("labels") or {}).items()]
    status: Object = {
        "replicas": len(active),
        "fullyLabeledReplicas": len(labelled),
        "readyReplicas": sum(is_ready(pod) for pod in active),
        "availableReplicas": sum(is_available(pod, min_ready_seconds, now) for pod in active),
    }
    status = {key: value for key, value in status.items() if value or key == "replicas"}
    if owner["kind"] == "ReplicaSet":
        status["terminatingReplicas"] = sum(
            bool(pod["metadata"].get("deletionTimestamp")) and phase(pod) not in ("Succeeded", "Failed")
            for pod in pods
        )
    status["observedGeneration"] = number(owner, "metadata", "generation")
    conditions = _conditions(owner, failure, now)
    if conditions:
        status["conditions"] = conditions
    return status


def failure_of(owner: Object, plan: Plan, error: str) -> tuple[str, str]:
    return ("FailedCreate" if plan.create else "FailedDelete", error)


def _conditions(owner: Object, failure: tuple[str, str] | None, now: datetime) -> list[Object]:
    others = [c for c in parts(owner, "status", "conditions") if c.get("type") != "ReplicaFailure"]
    if failure is None:
        return others
    known = condition(owner, "ReplicaFailure")
    if known is not None:
        return [*others, known]
    reason, message = failure
    new = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": format_time(now),
    }
    return [*others, new]


def next_look_seconds(owner: Object, pods: Iterable[Object], now: datetime) -> float | None:
    """When the next ready pod becomes available only by the passing of time."""
    min_ready_seconds = number(owner, "spec", "minReadySeconds")
    waits = [seconds_until_available(p, min_ready_seconds, now) for p in pods if is_active(p)]
    return min((wait for wait in waits if wait is not None), default=None)
