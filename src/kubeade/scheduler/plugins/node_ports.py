"""Two pods cannot hold the same port of one host."""

from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import HostPort, PodInfo

_REFUSAL = Refusal("node(s) didn't have free ports for the requested pod ports", resolvable=True)
_ALL = "0.0.0.0"  # noqa: S104 - upstream's word for all addresses


class NodePorts(Plugin):
    name = "NodePorts"

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        if not pod.host_ports:
            return None

        def check(node: NodeInfo) -> Refusal | None:
            taken = any(conflicts(port, other) for port in pod.host_ports for other in node.host_ports)
            return _REFUSAL if taken else None

        return Filter(check, key=("ports", pod.host_ports))


def conflicts(one: HostPort, other: HostPort) -> bool:
    """Same protocol and port, and an address in common."""
    return one[1:] == other[1:] and (one[0] == other[0] or _ALL in (one[0], other[0]))
