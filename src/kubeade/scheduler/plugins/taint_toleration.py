"""Taints keep pods away that do not tolerate them; PreferNoSchedule taints only count against a node."""

from collections.abc import Sequence

from kubeade.api.taints import tolerated_by, untolerated
from kubeade.scheduler.cluster import Cluster, NodeInfo, PodInfo
from kubeade.scheduler.framework import Filter, Plugin, Refusal, Scoring, scale_reversed


class TaintToleration(Plugin):
    name = "TaintToleration"
    weight = 3.0

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        tolerations = pod.spec.get("tolerations")

        def check(node: NodeInfo) -> Refusal | None:
            if not node.taints:
                return None
            taint = untolerated(node.taints, tolerations, ("NoSchedule", "NoExecute"))
            if taint is None:
                return None
            return Refusal(f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}")

        return check

    def score_for(self, pod: PodInfo, cluster: Cluster, nodes: Sequence[NodeInfo]) -> Scoring | None:
        if not any(taint.get("effect") == "PreferNoSchedule" for node in nodes for taint in node.taints):
            return None
        tolerations = pod.spec.get("tolerations")

        def count(node: NodeInfo) -> float:
            soft = [taint for taint in node.taints if taint.get("effect") == "PreferNoSchedule"]
            return float(sum(not tolerated_by(taint, tolerations) for taint in soft))

        return Scoring(count, scale_reversed)
