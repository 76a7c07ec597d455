"""A cordoned node takes no pods but those that tolerate it."""

from kubeade.api.taints import tolerated_by
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal
from kubeade.scheduler.pod_info import PodInfo

_REFUSAL = Refusal("node(s) were unschedulable")
_TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class NodeUnschedulable(Plugin):
    name = "NodeUnschedulable"

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        if tolerated_by(_TAINT, pod.spec.get("tolerations")):
            return None
        return Filter(lambda node: _REFUSAL if node.unschedulable else None, key="cordon")
