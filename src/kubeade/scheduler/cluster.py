"""The cluster as the scheduler sees it: nodes with the pods on them, kept in step one change at a time.

Placements that are decided but not yet visible through the API are assumed: they count like the pods that
are. Synchronous throughout: a decision sees no change half made.
"""

from collections import Counter
from collections.abc import Iterator

from kubeade.api.resource import Object
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo
from kubeade.scheduler.roster import Roster


class Cluster:
    """All nodes by name, and what else plugins look at: namespaces' labels, claims, volumes, classes."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.roster = Roster()
        self.soft_tainted: set[str] = set()
        self.namespaces: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Object] = {}
        self.volumes: dict[str, Object] = {}
        self.storage_classes: dict[str, Object] = {}
        self.nominated: dict[str, PodInfo] = {}
        self._placed: dict[str, str] = {}
        self._homeless: dict[str, dict[str, PodInfo]] = {}
        self._image_nodes: Counter[str] = Counter()
        self.pods_with_affinity: dict[str, PodInfo] = {}

    def set_node(self, node: Object) -> None:
        """Add a node, or replace what is known of it; its pods stay."""
        info = NodeInfo.of(node)
        known = self.nodes.get(info.name)
        waiting = known.pods if known else self._homeless.pop(info.name, {})
        for pod in waiting.values():
            info.add(pod)
        self.nodes[info.name] = info
        self.roster.put(info)
        self._note(known, info)

    def remove_node(self, name: str) -> None:
        info = self.nodes.pop(name, None)
        if info is None:
            return
        self.roster.remove(name)
        self._note(info, None)
        if info.pods:
            self._homeless[name] = info.pods

    def place(self, pod: PodInfo, node_name: str) -> None:
        """The pod is, or is assumed to be, on the node."""
        self.displace(pod.key)
        self._placed[pod.key] = node_name
        if pod.has_terms("podAffinity") or pod.has_terms("podAntiAffinity"):
            self.pods_with_affinity[pod.key] = pod
        info = self.nodes.get(node_name)
        if info is not None:
            info.add(pod)
            self.roster.touch(node_name)
        else:
            self._homeless.setdefault(node_name, {})[pod.key] = pod

    def displace(self, key: str) -> None:
        """The pod is on no node (any more)."""
        node_name = self._placed.pop(key, None)
        self.pods_with_affinity.pop(key, None)
        if node_name is None:
            return
        if node_name in self.nodes:
            self.nodes[node_name].remove(key)
            self.roster.touch(node_name)
        else:
            self._homeless.get(node_name, {}).pop(key, None)

    def nodes_with_image(self, image: str) -> int:
        return self._image_nodes[image]

    def node_of(self, key: str) -> str:
        return self._placed.get(key, "")

    def with_node(self, info: NodeInfo) -> "Cluster":
        """This cluster with one node's content exchanged: what would be if."""
        other = Cluster.__new__(Cluster)
        other.__dict__.update(self.__dict__)
        other.nodes = {**self.nodes, info.name: info}
        before = self.nodes[info.name].pods
        other.pods_with_affinity = {
            key: pod for key, pod in self.pods_with_affinity.items() if key not in before or key in info.pods
        }
        return other

    def pods(self) -> Iterator[tuple[NodeInfo, PodInfo]]:
        for info in self.nodes.values():
            for pod in info.pods.values():
                yield info, pod

    def _note(self, old: NodeInfo | None, new: NodeInfo | None) -> None:
        """What is counted over all nodes."""
        if old is not None:
            self._image_nodes.subtract(old.image_bytes.keys())
            self.soft_tainted.discard(old.name)
        if new is not None:
            self._image_nodes.update(new.image_bytes.keys())
            if new.is_soft_tainted:
                self.soft_tainted.add(new.name)
