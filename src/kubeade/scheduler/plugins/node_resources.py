"""Does the pod fit into what a node has left, and which node is then left best used?

`ResourcesFit` checks, and prefers the node with the most left (LeastAllocated); `BalancedAllocation`
prefers a node whose CPU and memory are used up evenly.
"""

from collections.abc import Iterable

from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import MAX_SCORE, Filter, Plugin, Refusal, Scoring
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo

_TOO_MANY_PODS = Refusal("Too many pods", resolvable=True)


class ResourcesFit(Plugin):
    name = "NodeResourcesFit"

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        wanted = tuple((name, amount) for name, amount in pod.requests.items() if amount)

        def check(node: NodeInfo) -> list[Refusal] | None:
            return _lacking(node, wanted) or None

        return Filter(check, key=("fits", wanted))

    def score_for(self, pod: PodInfo, cluster: Cluster) -> Scoring | None:
        def least_allocated(node: NodeInfo) -> float:
            used = _used_fractions(pod, node)
            return sum(1.0 - fraction for fraction in used) * MAX_SCORE / len(used) if used else 0.0

        return Scoring(least_allocated, key=("least allocated", pod.scoring_requests))


class BalancedAllocation(Plugin):
    name = "NodeResourcesBalancedAllocation"

    def score_for(self, pod: PodInfo, cluster: Cluster) -> Scoring | None:
        if not pod.requests.get("cpu") and not pod.requests.get("memory"):
            return None

        def balance(node: NodeInfo) -> float:
            used = _used_fractions(pod, node)
            return (1.0 - abs(used[0] - used[1]) / 2) * MAX_SCORE if len(used) == 2 else MAX_SCORE

        return Scoring(balance, key=("balance", pod.scoring_requests))


def _lacking(node: NodeInfo, wanted: Iterable[tuple[str, int]]) -> list[Refusal]:
    refusals = []
    if len(node.pods) >= node.allocatable.get("pods", 0):
        refusals.append(_TOO_MANY_PODS)
    for name, amount in wanted:
        capacity = node.allocatable.get(name, 0)
        if amount > capacity - node.requested.get(name, 0):
            refusals.append(Refusal(f"Insufficient {name}", resolvable=amount <= capacity))
    return refusals


def _used_fractions(pod: PodInfo, node: NodeInfo) -> list[float]:
    """Of CPU and memory, how much would be used with the pod on the node: 0..1 each."""
    capacities = (node.allocatable.get("cpu", 0), node.allocatable.get("memory", 0))
    sums = zip(pod.scoring_requests, node.scoring_requested, capacities, strict=True)
    return [min((own + there) / capacity, 1.0) for own, there, capacity in sums if capacity]
