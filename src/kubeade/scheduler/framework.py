"""What a scheduling plugin is. Pure: a plugin looks at a pod and at the cluster as it is, and answers.

A plugin that has nothing to say about a pod returns None once, and then costs nothing per node: this is
what keeps a plain pod on a thousand nodes cheap. Upstream: kube-scheduler framework (PreFilter+Filter,
PreScore+Score).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo

MAX_SCORE = 100.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a node does not fit, in upstream's words. `resolvable`: evicting pods from it could help."""

    reason: str
    resolvable: bool = False


Check = Callable[[NodeInfo], Sequence[Refusal] | Refusal | None]
Score = Callable[[NodeInfo], float]
Normalize = Callable[[list[float]], list[float]]


@dataclass(frozen=True, slots=True)
class Filter:
    """How to check one node for one pod.

    `key` says that the answer follows from this key and the node alone. It is then worked out once for all
    pods with the same keys (those of one template have them), until the node changes: see `board`. In the
    order of the plugins, those whose filters have keys come first.
    """

    check: Check
    key: Hashable = None


@dataclass(frozen=True, slots=True)
class Scoring:
    """How to score one pod's feasible nodes; after `normalize` every score lies in 0..100.

    `key` as of a Filter; a score with a key is not normalized, since that would look at other nodes.
    """

    score: Score
    normalize: Normalize = list
    key: Hashable = None


class Plugin:
    """Base of all plugins: no opinion. `weight` multiplies the scores (upstream's defaults)."""

    name = ""
    weight = 1.0

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        """A check of one node for this pod, or None when the pod asks nothing of this plugin."""
        return None

    def score_for(self, pod: PodInfo, cluster: Cluster) -> Scoring | None:
        """A scoring of nodes, or None."""
        return None


def check(node: NodeInfo, filters: Sequence[Filter]) -> list[Refusal] | None:
    """The reasons of the first filter that refuses the node."""
    for one in filters:
        said = one.check(node)
        if said is not None:
            return [said] if isinstance(said, Refusal) else list(said)
    return None


def scale_up(scores: list[float]) -> list[float]:
    """The highest becomes 100, the others in proportion."""
    highest = max(scores, default=0.0)
    return [score * MAX_SCORE / highest for score in scores] if highest else scores


def scale_reversed(scores: list[float]) -> list[float]:
    """The lowest is best: the highest becomes 0."""
    highest = max(scores, default=0.0)
    if not highest:
        return [MAX_SCORE] * len(scores)
    return [MAX_SCORE - score * MAX_SCORE / highest for score in scores]


def scale_range(scores: list[float]) -> list[float]:
    """The lowest becomes 0 and the highest 100."""
    lowest, highest = min(scores, default=0.0), max(scores, default=0.0)
    if highest == lowest:
        return [0.0] * len(scores)
    return [(score - lowest) * MAX_SCORE / (highest - lowest) for score in scores]
