"""One decision: which node gets this pod, or why none does. Pure and synchronous.

Filter, then score what is left. In large clusters only a share of the nodes is looked at, starting where
the last cycle stopped, with upstream's formula for the share; equal scores go to the first in that order,
which spreads pods.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from kubeade.scheduler.board import Board, Boards, Weighted
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal, check
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo

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
    pod: PodInfo,
    cluster: Cluster,
    plugins: Sequence[Plugin],
    start: int = 0,
    boards: Boards | None = None,
) -> Placement | NoPlacement:
    """Find the best node, looking at nodes from position `start` on.

    `boards` remembers what earlier decisions found out; it changes what a decision costs, and nothing else.
    """
    nodes = cluster.roster.nodes
    if not nodes:
        return NoPlacement()
    filters, scorings = filters_for(pod, cluster, plugins), _scorings_for(pod, cluster, plugins)
    board = (Boards() if boards is None else boards).board(
        [one for one in filters if one.key is not None],
        [one for one in scorings if one[1].key is not None],
        cluster.roster,
    )
    further = _further_check(pod, cluster, plugins, [one for one in filters if one.key is None])
    feasible, refusals = _feasible(nodes, board, start % len(nodes), further)
    if not feasible:
        return NoPlacement(refusals)
    looked_at_all = len(feasible) < nodes_to_find(len(nodes))
    seen = len(nodes) if looked_at_all else (feasible[-1] - start) % len(nodes) + 1
    chosen = _best(feasible, nodes, board, [one for one in scorings if one[1].key is None])
    return Placement(nodes[chosen].name, seen)


def filters_for(pod: PodInfo, cluster: Cluster, plugins: Sequence[Plugin]) -> list[Filter]:
    made = (plugin.filter_for(pod, cluster) for plugin in plugins)
    return [one for one in made if one is not None]


def _scorings_for(pod: PodInfo, cluster: Cluster, plugins: Sequence[Plugin]) -> list[Weighted]:
    made = ((plugin.weight, plugin.score_for(pod, cluster)) for plugin in plugins)
    return [(weight, scoring) for weight, scoring in made if scoring is not None]


Further = Callable[[NodeInfo], list[Refusal] | None]


def _further_check(
    pod: PodInfo, cluster: Cluster, plugins: Sequence[Plugin], filters: Sequence[Filter]
) -> Further | None:
    """What a board cannot know of a node: checks that look at other nodes too, and promises."""
    if not filters and not cluster.nominated:
        return None
    return lambda node: check(node, filters) or _nominated_in_the_way(pod, node, cluster, plugins)


def _feasible(
    nodes: Sequence[NodeInfo], board: Board, start: int, further: Further | None
) -> tuple[list[int], dict[str, list[Refusal]]]:
    """The positions of enough feasible nodes; where there is none, why not."""
    order = chain(range(start, len(nodes)), range(start))
    refusals = board.refusals
    found = (position for position in order if refusals[position] is None)
    later: dict[int, list[Refusal]] = {}
    if further is not None:
        found = (one for one in found if not _is_refused(nodes[one], one, further, later))
    feasible = list(islice(found, nodes_to_find(len(nodes))))
    if feasible:
        return feasible, {}
    return [], {node.name: refusals[n] or later.get(n, []) for n, node in enumerate(nodes)}


def _is_refused(node: NodeInfo, position: int, further: Further, later: dict[int, list[Refusal]]) -> bool:
    said = further(node)
    if said:
        later[position] = said
    return bool(said)


def _best(
    feasible: Sequence[int], nodes: Sequence[NodeInfo], board: Board, scorings: Sequence[Weighted]
) -> int:
    """The position with the highest weighted sum of scores; the first of equals."""
    totals = [board.totals[position] for position in feasible]
    for weight, scoring in scorings:
        scores = scoring.normalize([scoring.score(nodes[position]) for position in feasible])
        totals = [total + weight * score for total, score in zip(totals, scores, strict=True)]
    return feasible[totals.index(max(totals))]


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
