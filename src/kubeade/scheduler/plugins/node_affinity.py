"""nodeSelector and node affinity: what a pod demands of a node's labels, and what it would like."""

from kubeade.api.node_selectors import matches_required, preferred_weight
from kubeade.api.parts import part
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal, Scoring, scale_up
from kubeade.scheduler.pod_info import PodInfo

_REFUSAL = Refusal("node(s) didn't match Pod's node affinity/selector")


class NodeAffinity(Plugin):
    name = "NodeAffinity"
    weight = 2.0

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        selector, affinity = pod.spec.get("nodeSelector"), part(pod.affinity, "nodeAffinity")
        if not selector and not affinity:
            return None
        key = ("node affinity", repr(selector), repr(affinity))
        return Filter(lambda node: None if matches_required(pod.spec, node.node) else _REFUSAL, key)

    def score_for(self, pod: PodInfo, cluster: Cluster) -> Scoring | None:
        affinity = part(pod.affinity, "nodeAffinity")
        if not affinity.get("preferredDuringSchedulingIgnoredDuringExecution"):
            return None
        return Scoring(lambda node: float(preferred_weight(pod.spec, node.node)), scale_up)
