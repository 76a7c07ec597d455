"""The cluster as the scheduler sees it: nodes with the pods on them, kept in step one change at a time.

Placements that are decided but not yet visible through the API are assumed: they count like the pods that
are. Synchronous throughout: a decision sees no change half made.
"""

from collections import Counter
from collections.abc import Iterator

from kubeade.api.resource import Object
from kubeade.scheduler.census import Census, Kind, Move
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
        self.kin = Census()
        """Pods by `PodInfo.kin`."""
        self.wishes = Census()
        """Those that want something of other pods, by `PodInfo.wishes`."""
        self._placed: dict[str, tuple[PodInfo, str]] = {}
        self._homeless: dict[str, dict[str, PodInfo]] = {}
        self._image_nodes: Counter[str] = Counter()

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
        self._placed[pod.key] = pod, node_name
        self._count(pod, node_name, +1)
        info = self.nodes.get(node_name)
        if info is not None:
            info.add(pod)
            self.roster.touch(node_name)
        else:
            self._homeless.setdefault(node_name, {})[pod.key] = pod

    def displace(self, key: str) -> None:
        """The pod is on no node (any more)."""
        if key not in self._placed:
            return
        pod, node_name = self._placed.pop(key)
        self._count(pod, node_name, -1)
        if node_name in self.nodes:
            self.nodes[node_name].remove(key)
            self.roster.touch(node_name)
        else:
            self._homeless.get(node_name, {}).pop(key, None)

    def nodes_with_image(self, image: str) -> int:
        return self._image_nodes[image]

    def node_of(self, key: str) -> str:
        return self._placed[key][1] if key in self._placed else ""

    def with_node(self, info: NodeInfo) -> "Cluster":
        """This cluster with one node's content exchanged: what would be if."""
        other = Cluster.__new__(Cluster)
        other.__dict__.update(self.__dict__)
        other.nodes = {**self.nodes, info.name: info}
        before, after = self.nodes[info.name].pods, info.pods
        moves: list[Move] = [(pod, info.name, -1) for key, pod in before.items() if key not in after]
        moves += [(pod, info.name, +1) for key, pod in after.items() if key not in before]
        other.kin = self.kin.after((move[0].kin, move) for move in moves)
        other.wishes = self.wishes.after((move[0].wishes, move) for move in moves if move[0].wishes)
        return other

    def homes(self, kind: Kind) -> Iterator[tuple[NodeInfo, int]]:
        """The nodes, of those that exist, which have pods of that kind, and how many."""
        for name, count in kind.homes.items():
            node = self.nodes.get(name)
            if node is not None:
                yield node, count

    def _count(self, pod: PodInfo, node_name: str, step: int) -> None:
        self.kin.count(pod.kin, (pod, node_name, step))
        if pod.wishes:
            self.wishes.count(pod.wishes, (pod, node_name, step))

    def _note(self, old: NodeInfo | None, new: NodeInfo | None) -> None:
        """What is counted over all nodes."""
        if old is not None:
            self._image_nodes.subtract(old.image_bytes.keys())
            self.soft_tainted.discard(old.name)
        if new is not None:
            self._image_nodes.update(new.image_bytes.keys())
            if new.is_soft_tainted:
                self.soft_tainted.add(new.name)
