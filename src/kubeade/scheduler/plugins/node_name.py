"""A pod that names its node goes there or nowhere."""

from kubeade.scheduler.cluster import Cluster, PodInfo
from kubeade.scheduler.framework import Filter, Plugin, Refusal

_REFUSAL = Refusal("node(s) didn't match the requested node name")


class NodeName(Plugin):
    name = "NodeName"

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        wanted = pod.spec.get("nodeName")
        if not wanted:
            return None
        return lambda node: None if node.name == wanted else _REFUSAL
