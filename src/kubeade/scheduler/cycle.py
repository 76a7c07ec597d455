"""One decision: which node gets this pod, or why none does. Pure and synchronous.

Filter, then score what is left. In large clusters only a share of the nodes is looked at, starting where
the last cycle stopped, with upstream's formula for the share; equal scores go to the first in that order,
which spreads pods.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kubeade.scheduler.cluster import Cluster, NodeInfo, PodInfo
from kubeade.scheduler.framework import Filter, Plugin, Refusal, Scoring

MINIMUM_FEASIBLE_NODES = 100
MINIMUM_FEASIBLE_PERCENT = 5


@dataclass(frozen=True, slots=True)
class Placement:
    """The pod fits; this node is the best of those looked at."""

    node_name: str
    nodes_seen: int


@dataclass(slots=True)
class NoPlacement:
    """The pod fits nowhere; what each node said."""

    refusals: dict[str, list[Refusal]] = field(default_factory=dict)

    def message(self, preemption: str = "") -> str:
        """Upstream's summary: `0/3 nodes are available: 1 Insufficient cpu, 2 ...`."""
        if not self.refusals:
            return "no nodes available to schedule pods"
        return f"{summary(list(self.refusals.values()))}.{preemption and ' ' + preemption}"

    def per_node(self) -> dict[str, str]:
        """Each node's own reasons, for whoever asks why."""
        return {name: ", ".join(one.reason for one in said) for name, said in self.refusals.items()}


def summary(refusals: Sequence[Sequence[Refusal]]) -> str:
    """How many nodes gave each reason, reasons in alphabetical order of their text, counts first."""
    counts: dict[str, int] = {}
    for said in refusals:
        for refusal in said:
            counts[refusal.reason] = counts.get(refusal.reason, 0) + 1
    texts = sorted(f"{count} {reason}" for reason, count in counts.items())
    return f"0/{len(refusals)} nodes are available: {', '.join(texts)}"


def decide(
    pod: PodInfo, cluster: Cluster, plugins: Sequence[Plugin], start: int = 0
) -> Placement | NoPlacement:
    """Find the best node, looking at nodes from position `start` on."""
    filters = filters_for(pod, cluster, plugins)
    nodes = list(cluster.nodes.values())
    nodes = nodes[start % len(nodes) :] + nodes[: start % len(nodes)] if nodes else []
    enough = nodes_to_find(len(nodes))
    feasible: list[NodeInfo] = []
    refusals: dict[str, list[Refusal]] = {}
    seen = 0
    for node in nodes:
        seen += 1
        said = check(node, filters) or _nominated_in_the_way(pod, node, cluster, plugins)
        if said:
            refusals[node.name] = said
            continue
        feasible.append(node)
        if len(feasible) >= enough:
            break
    if not feasible:
        return NoPlacement(refusals)
    return Placement(best(pod, cluster, plugins, feasible).name, seen)


def filters_for(pod: PodInfo, cluster: Cluster, plugins: Sequence[Plugin]) -> list[Filter]:
    made = (plugin.filter_for(pod, cluster) for plugin in plugins)
    return [one for one in made if one is not None]


def check(node: NodeInfo, filters: Sequence[Filter]) -> list[Refusal] | None:
    """The reasons of the first plugin that refuses the node."""
    for one in filters:
        said = one(node)
        if said is not None:
            return [said] if isinstance(said, Refusal) else list(said)
    return None


def best(pod: PodInfo, cluster: Cluster, plugins: Sequence[Plugin], nodes: Sequence[NodeInfo]) -> NodeInfo:
    """The node with the highest weighted sum of scores; the first of equals."""
    if len(nodes) == 1:
        return nodes[0]
    totals = [0.0] * len(nodes)
    for plugin in plugins:
        scoring = plugin.score_for(pod, cluster, nodes)
        if scoring is None:
            continue
        scores = scoring.normalize(_scores(scoring, nodes))
        totals = [total + plugin.weight * score for total, score in zip(totals, scores, strict=True)]
    return nodes[max(range(len(nodes)), key=lambda i: (totals[i], -i))]


def _scores(scoring: Scoring, nodes: Sequence[NodeInfo]) -> list[float]:
    key = scoring.key
    if key is None:
        return [scoring.score(node) for node in nodes]
    found = []
    for node in nodes:
        score = node.kept.get(key)
        if score is None:
            score = node.kept[key] = scoring.score(node)
        found.append(score)
    return found


def nodes_to_find(count: int) -> int:
    """How many feasible nodes are enough (upstream: numFeasibleNodesToFind)."""
    if count < MINIMUM_FEASIBLE_NODES:
        return count
    percent = max(50 - count // 125, MINIMUM_FEASIBLE_PERCENT)
    return max(count * percent // 100, MINIMUM_FEASIBLE_NODES)


def _nominated_in_the_way(
    pod: PodInfo, node: NodeInfo, cluster: Cluster, plugins: Sequence[Plugin]
) -> list[Refusal] | None:
    """A node that pods of equal or higher priority were promised counts as if they were there already."""
    if not cluster.nominated:
        return None
    promised = [
        other
        for name, other in cluster.nominated.items()
        if name != pod.key and other.priority >= pod.priority and _promised_node(other) == node.name
    ]
    if not promised:
        return None
    full = node.copy()
    for other in promised:
        full.add(other)
    return check(full, filters_for(pod, cluster.with_node(full), plugins))


def _promised_node(pod: PodInfo) -> str:
    return str(pod.pod.get("status", {}).get("nominatedNodeName") or "")
