"""Taints keep pods away that do not tolerate them; PreferNoSchedule taints only count against a node."""

from kubeade.api.taints import tolerated_by, untolerated
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal, Scoring, scale_reversed
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo


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

        return Filter(check, key=("tolerations", repr(tolerations)))

    def score_for(self, pod: PodInfo, cluster: Cluster) -> Scoring | None:
        if not cluster.soft_tainted:
            return None
        tolerations = pod.spec.get("tolerations")

        def count(node: NodeInfo) -> float:
            soft = [taint for taint in node.taints if taint.get("effect") == "PreferNoSchedule"]
            return float(sum(not tolerated_by(taint, tolerations) for taint in soft))

        return Scoring(count, scale_reversed)
