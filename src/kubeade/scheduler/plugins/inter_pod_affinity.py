"""Pods that want to be near others, or far from them, and others that want to be far from this one.

"Near" is a topology: nodes with the same value of a label. Terms of the incoming pod and the required
anti-affinity of pods that are already placed decide; preferred terms of both sides only score.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.selectors import LabelSelector
from kubeade.scheduler.census import Kind
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal, Scoring, scale_range
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_AFFINITY = Refusal("node(s) didn't match pod affinity rules")
_ANTI_AFFINITY = Refusal("node(s) didn't match pod anti-affinity rules", resolvable=True)
_EXISTING = Refusal("node(s) didn't satisfy existing pods anti-affinity rules", resolvable=True)
_HARD_AFFINITY_WEIGHT = 1.0

Domain = tuple[str, str]
"""A topology key and one of its values."""


@dataclass(frozen=True, slots=True)
class Term:
    """One affinity term, compiled: which pods it speaks of, and in which topology."""

    key: str
    pods: LabelSelector
    namespaces: frozenset[str]
    namespace_labels: LabelSelector | None

    @classmethod
    def of(cls, term: Object, owner: PodInfo) -> "Term":
        """Without namespaces and namespaceSelector a term speaks of its owner's namespace."""
        namespaces, selector = values(term, "namespaces"), term.get("namespaceSelector")
        if not namespaces and selector is None:
            namespaces = [owner.namespace]
        by_label = None if selector is None else LabelSelector.from_object(selector)
        pods = LabelSelector.from_object(term.get("labelSelector"))
        return cls(text(term, "topologyKey"), pods, frozenset(namespaces), by_label)

    def selects(self, other: PodInfo, cluster: Cluster) -> bool:
        if not self.pods.matches(other.labels):
            return False
        if other.namespace in self.namespaces:
            return True
        labels = cluster.namespaces.get(other.namespace)
        return self.namespace_labels is not None and self.namespace_labels.matches(labels)


class InterPodAffinity(Plugin):
    name = "InterPodAffinity"
    weight = 2.0

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        near, far = _required(pod, "podAffinity"), _required(pod, "podAntiAffinity")
        refused = _domains_that_refuse(pod, cluster)
        if not near and not far and not refused:
            return None
        attracting = _domains_with_all(near, cluster) if near else set()
        first_of_its_kind = near and not attracting and all(term.selects(pod, cluster) for term in near)
        repelling = _domains_with_any(far, cluster) if far else set()

        def check(node: NodeInfo) -> Refusal | None:
            there = all(term.key in node.labels for term in near)
            together = there and all((term.key, node.labels[term.key]) in attracting for term in near)
            if near and not (together or (there and first_of_its_kind)):
                return _AFFINITY
            if repelling and any(item in repelling for item in node.labels.items()):
                return _ANTI_AFFINITY
            return _EXISTING if refused and any(item in refused for item in node.labels.items()) else None

        return Filter(check)

    def score_for(self, pod: PodInfo, cluster: Cluster) -> Scoring | None:
        weights: dict[Domain, float] = {}
        own = [*_preferences(pod, "podAffinity", +1), *_preferences(pod, "podAntiAffinity", -1)]
        if own:
            for kind in cluster.kin:
                _weigh(weights, own, kind.example, kind, cluster)
        for kind in cluster.wishes:
            _weigh(weights, _wishes_of_placed(kind.example), pod, kind, cluster)
        if not any(weights.values()):
            return None
        return Scoring(lambda node: sum(weights.get(item, 0.0) for item in node.labels.items()), scale_range)


def _required(pod: PodInfo, kind: str) -> list[Term]:
    return [Term.of(term, pod) for term in parts(part(pod.affinity, kind), _REQUIRED)]


def _domains_with_all(terms: list[Term], cluster: Cluster) -> set[Domain]:
    """Domains that hold a pod which every term selects (upstream counts only such pods)."""
    found: set[Domain] = set()
    for kind in cluster.kin:
        if all(term.selects(kind.example, cluster) for term in terms):
            found.update(_domains_of(kind, terms, cluster))
    return found


def _domains_with_any(terms: list[Term], cluster: Cluster) -> set[Domain]:
    found: set[Domain] = set()
    for kind in cluster.kin:
        selecting = [term for term in terms if term.selects(kind.example, cluster)]
        found.update(_domains_of(kind, selecting, cluster))
    return found


def _domains_that_refuse(pod: PodInfo, cluster: Cluster) -> set[Domain]:
    """Where pods already are that do not want this one near."""
    found: set[Domain] = set()
    for kind in cluster.wishes:
        terms = [term for term in _required(kind.example, "podAntiAffinity") if term.selects(pod, cluster)]
        found.update(_domains_of(kind, terms, cluster))
    return found


def _domains_of(kind: Kind, terms: list[Term], cluster: Cluster) -> Iterable[Domain]:
    """Where pods of that kind are, in the terms' topologies."""
    if terms:
        for node, _ in cluster.homes(kind):
            for term in terms:
                if term.key in node.labels:
                    yield term.key, node.labels[term.key]


def _preferences(pod: PodInfo, kind: str, sign: int) -> list[tuple[Term, float]]:
    preferred = parts(part(pod.affinity, kind), _PREFERRED)
    return [(Term.of(part(one, "podAffinityTerm"), pod), sign * float(one["weight"])) for one in preferred]


def _wishes_of_placed(other: PodInfo) -> list[tuple[Term, float]]:
    hard = [(term, _HARD_AFFINITY_WEIGHT) for term in _required(other, "podAffinity")]
    return [*_preferences(other, "podAffinity", +1), *_preferences(other, "podAntiAffinity", -1), *hard]


def _weigh(
    weights: dict[Domain, float],
    wishes: list[tuple[Term, float]],
    about: PodInfo,
    kind: Kind,
    cluster: Cluster,
) -> None:
    """Add the weights of those `wishes` that speak of the pod `about`, wherever pods of that kind are."""
    heard = [(term.key, weight) for term, weight in wishes if term.selects(about, cluster)]
    if not heard:
        return
    for node, count in cluster.homes(kind):
        for key, weight in heard:
            if key in node.labels:
                domain = (key, node.labels[key])
                weights[domain] = weights.get(domain, 0.0) + weight * count
