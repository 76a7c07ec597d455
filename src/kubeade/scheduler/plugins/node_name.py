"""A pod that names its node goes there or nowhere."""

from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal
from kubeade.scheduler.pod_info import PodInfo

_REFUSAL = Refusal("node(s) didn't match the requested node name")


class NodeName(Plugin):
    name = "NodeName"

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        wanted = pod.spec.get("nodeName")
        if not wanted:
            return None
        return Filter(lambda node: None if node.name == wanted else _REFUSAL, key=("name", wanted))
