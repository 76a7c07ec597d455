"""Making room: which pods of lower priority would have to go, on which node, for this pod to fit. Pure.

Upstream's DefaultPreemption: on every node where eviction could help, take all lower priorities away, put
back as many as fit (those protected by a disruption budget first), and choose the node where the least is
lost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubeade.api.parts import part, text
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.cycle import NoPlacement, filters_for, summary
from kubeade.scheduler.framework import Plugin, Refusal, check
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo

_NOT_HELPFUL = Refusal("Preemption is not helpful for scheduling")
_NO_VICTIMS = Refusal("No preemption victims found for incoming pod")

Protected = Callable[[Sequence[PodInfo]], set[str]]
"""The keys of those pods whose eviction would break a disruption budget."""

Fits = Callable[[NodeInfo], bool]

MINIMUM_CANDIDATES = 100
CANDIDATES_PERCENT = 10
"""In large clusters, as many nodes are compared as upstream compares."""


@dataclass(frozen=True, slots=True)
class Preemption:
    """Evict `victims` from the node, then the pod fits there."""

    node_name: str
    victims: tuple[PodInfo, ...]
    violations: int


def find(
    pod: PodInfo, cluster: Cluster, plugins: Sequence[Plugin], failed: NoPlacement, protected: Protected
) -> Preemption | str:
    """The cheapest preemption, or upstream's sentence on why there is none."""
    if pod.spec.get("preemptionPolicy") == "Never":
        return "preemption: not eligible due to preemptionPolicy=Never."
    candidates, refusals = [], []
    fits = _fitting(pod, cluster, plugins)
    enough = max(len(cluster.nodes) * CANDIDATES_PERCENT // 100, MINIMUM_CANDIDATES)
    for name, said in failed.refusals.items():
        if not all(refusal.resolvable for refusal in said):
            refusals.append([_NOT_HELPFUL])
            continue
        found = _victims_on(cluster.nodes[name], pod, fits, protected)
        if found is None:
            refusals.append([_NO_VICTIMS])
            continue
        candidates.append(found)
        if len(candidates) >= enough:
            break
    if not candidates:
        return f"preemption: {summary(refusals)}."
    return min(candidates, key=_cost)


def _victims_on(node: NodeInfo, pod: PodInfo, fits: Fits, protected: Protected) -> Preemption | None:
    lower = [other for other in node.pods.values() if other.priority < pod.priority]
    if not lower:
        return None
    trial = node.copy()
    for other in lower:
        trial.remove(other.key)
    if not fits(trial):
        return None
    violating = protected(lower)
    victims = []
    for other in sorted(lower, key=lambda one: (one.key not in violating, -one.priority, _started(one))):
        trial.add(other)
        if not fits(trial):
            trial.remove(other.key)
            victims.append(other)
    count = sum(other.key in violating for other in victims)
    return Preemption(node.name, tuple(victims), count) if victims else None


def _fitting(pod: PodInfo, cluster: Cluster, plugins: Sequence[Plugin]) -> Fits:
    """Whether the pod fits on a node from which pods have gone.

    Where nothing that is asked looks beyond the node, nothing does when there are fewer pods: the cluster
    as it is then serves for all trials.
    """
    filters = filters_for(pod, cluster, plugins)
    if all(one.key is not None for one in filters):
        return lambda node: check(node, filters) is None
    return lambda node: check(node, filters_for(pod, cluster.with_node(node), plugins)) is None


def _cost(one: Preemption) -> tuple[int, int, int, int]:
    """Fewest broken budgets, then the lowest top priority, the lowest sum, the fewest victims."""
    priorities = [victim.priority for victim in one.victims]
    return one.violations, max(priorities), sum(priorities), len(priorities)


def _started(pod: PodInfo) -> str:
    return text(part(pod.pod, "status"), "startTime")
