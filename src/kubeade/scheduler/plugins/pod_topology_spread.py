"""Pods of one kind are spread over domains (zones, nodes): demanded with DoNotSchedule, preferred otherwise.

A pod without constraints of its own is still spread, softly, away from pods of its own controller;
upstream's default constraints do the same through the selectors of Services and controllers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kubeade.api.node_selectors import matches_required
from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.selectors import LabelSelector
from kubeade.api.taints import untolerated
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal, Scoring, scale_reversed
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
_MISSING_LABEL = Refusal("node(s) didn't match pod topology spread constraints (missing required label)")
_SKEWED = Refusal("node(s) didn't match pod topology spread constraints", resolvable=True)


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint with the pods it counts in each domain of its topology."""

    key: str
    max_skew: int
    min_domains: int
    counts: dict[str, int]
    self_match: int

    @property
    def fewest(self) -> int:
        """The global minimum; 0 while there are fewer domains than demanded."""
        return min(self.counts.values(), default=0) if len(self.counts) >= self.min_domains else 0


class PodTopologySpread(Plugin):
    name = "PodTopologySpread"
    weight = 2.0

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        wanted = _of_kind(pod, "DoNotSchedule")
        if not wanted:
            return None
        constraints = [_counted(pod, one, wanted, cluster) for one in wanted]
        fewest = [constraint.fewest for constraint in constraints]

        def check(node: NodeInfo) -> Refusal | None:
            for constraint, minimum in zip(constraints, fewest, strict=True):
                if constraint.key not in node.labels:
                    return _MISSING_LABEL
                there = constraint.counts.get(node.labels[constraint.key], 0)
                if there + constraint.self_match - minimum > constraint.max_skew:
                    return _SKEWED
            return None

        return Filter(check)

    def score_for(self, pod: PodInfo, cluster: Cluster) -> Scoring | None:
        wanted = _of_kind(pod, "ScheduleAnyway")
        if not wanted:
            return _spread_by_controller(pod, cluster.nodes.values())
        constraints = [_counted(pod, one, wanted, cluster) for one in wanted]

        def crowding(node: NodeInfo) -> float:
            return float(sum(c.counts.get(node.labels.get(c.key, ""), 0) for c in constraints))

        return Scoring(crowding, scale_reversed)


def _of_kind(pod: PodInfo, when_unsatisfiable: str) -> list[Object]:
    constraints = parts(pod.spec, "topologySpreadConstraints")
    return [one for one in constraints if one.get("whenUnsatisfiable") == when_unsatisfiable]


def _counted(pod: PodInfo, constraint: Object, all_of_kind: list[Object], cluster: Cluster) -> Constraint:
    """Count the pods that the constraint selects, in each domain of the nodes that take part."""
    key = text(constraint, "topologyKey")
    selector = LabelSelector.from_object(constraint.get("labelSelector"))
    keys = [text(one, "topologyKey") for one in all_of_kind]
    same = {label: pod.labels[label] for label in values(constraint, "matchLabelKeys") if label in pod.labels}
    takes_part = _takes_part(pod, constraint)
    there = {
        node.name: node.labels[key]
        for node in cluster.nodes.values()
        if takes_part(node) and all(one in node.labels for one in keys)
    }
    counts = dict.fromkeys(there.values(), 0)
    for kind in cluster.kin:
        if _counts(kind.example, pod.namespace, selector, same):
            for name, count in kind.homes.items():
                if name in there:
                    counts[there[name]] += count
    own = int(_counts(pod, pod.namespace, selector, same))
    return Constraint(key, number(constraint, "maxSkew"), number(constraint, "minDomains") or 1, counts, own)


def _counts(other: PodInfo, namespace: str, selector: LabelSelector, same: dict[str, str]) -> bool:
    if other.namespace != namespace or other.pod["metadata"].get("deletionTimestamp"):
        return False
    if any(other.labels.get(label) != value for label, value in same.items()):
        return False
    return selector.matches(other.labels)


def _takes_part(pod: PodInfo, constraint: Object) -> Callable[[NodeInfo], bool]:
    """nodeAffinityPolicy (default Honor) and nodeTaintsPolicy (default Ignore)."""
    demands = bool(pod.spec.get("nodeSelector") or part(pod.affinity, "nodeAffinity"))
    by_affinity = demands and constraint.get("nodeAffinityPolicy", "Honor") == "Honor"
    by_taints = constraint.get("nodeTaintsPolicy", "Ignore") == "Honor"
    tolerations = pod.spec.get("tolerations")

    def check(node: NodeInfo) -> bool:
        if by_affinity and not matches_required(pod.spec, node.node):
            return False
        effects = ("NoSchedule", "NoExecute")
        return not by_taints or untolerated(node.taints, tolerations, effects) is None

    return check


def _spread_by_controller(pod: PodInfo, nodes: Iterable[NodeInfo]) -> Scoring | None:
    if not pod.controller:
        return None
    uid = pod.controller
    zones: dict[str, int] = {}
    for node in nodes:
        if (siblings := node.controllers.get(uid)) and (zone := node.labels.get(ZONE)):
            zones[zone] = zones.get(zone, 0) + siblings

    def crowding(node: NodeInfo) -> float:
        return float(node.controllers.get(uid, 0) + zones.get(node.labels.get(ZONE, ""), 0))

    return Scoring(crowding, scale_reversed)
