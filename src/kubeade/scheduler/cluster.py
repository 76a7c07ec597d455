"""The cluster as the scheduler sees it: nodes with the pods on them, kept in step one change at a time.

Placements that are decided but not yet visible through the API are assumed: they count like the pods that
are. Synchronous throughout: a decision sees no change half made.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.pod_requests import DEFAULT_CPU_REQUEST, DEFAULT_MEMORY_REQUEST, allocatable_of, pod_requests
from kubeade.api.resource import Object

HostPort = tuple[str, str, int]
"""(host address, protocol, port); the address 0.0.0.0 stands for all."""


@dataclass(frozen=True, slots=True)
class PodInfo:
    """A pod with what every cycle needs of it worked out once. Amounts as in `api.pod_requests`."""

    pod: Object
    key: str
    namespace: str
    labels: dict[str, str]
    priority: int
    requests: dict[str, int]
    host_ports: frozenset[HostPort]
    affinity: Object

    @classmethod
    def of(cls, pod: Object) -> "PodInfo":
        metadata, spec = pod["metadata"], pod["spec"]
        namespace = metadata.get("namespace", "")
        return cls(
            pod,
            f"{namespace}/{metadata['name']}",
            namespace,
            metadata.get("labels") or {},
            number(spec, "priority"),
            pod_requests(pod),
            frozenset(_host_ports(spec)),
            part(spec, "affinity"),
        )

    @property
    def spec(self) -> Object:
        return part(self.pod, "spec")

    @property
    def scoring_requests(self) -> tuple[int, int]:
        """(milli-CPU, bytes); a pod that asks for none counts as if it took a little, as upstream scores."""
        cpu, memory = self.requests.get("cpu", 0), self.requests.get("memory", 0)
        return cpu or DEFAULT_CPU_REQUEST, memory or DEFAULT_MEMORY_REQUEST

    def has_terms(self, kind: str) -> bool:
        return bool(part(self.affinity, kind))


@dataclass(slots=True)
class NodeInfo:
    """A node and what is on it.

    `image_bytes`: the images that it has, by name. `requested` sums the pods' requests. `kept` is what
    plugins have worked out of the node alone; it is forgotten when the node changes.
    """

    node: Object
    name: str
    labels: dict[str, str]
    taints: list[Object]
    unschedulable: bool
    allocatable: dict[str, int]
    image_bytes: dict[str, int] = field(default_factory=dict)
    pods: dict[str, PodInfo] = field(default_factory=dict)
    requested: dict[str, int] = field(default_factory=dict)
    scoring_requested: tuple[int, int] = (0, 0)
    host_ports: dict[HostPort, int] = field(default_factory=dict)
    kept: dict[Hashable, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, node: Object) -> "NodeInfo":
        spec = part(node, "spec")
        return cls(
            node,
            node["metadata"]["name"],
            node["metadata"].get("labels") or {},
            parts(spec, "taints"),
            bool(spec.get("unschedulable")),
            allocatable_of(node),
            _image_bytes(node),
        )

    def add(self, pod: PodInfo) -> None:
        self.remove(pod.key)
        self.pods[pod.key] = pod
        self._count(pod, +1)

    def remove(self, key: str) -> None:
        pod = self.pods.pop(key, None)
        if pod is not None:
            self._count(pod, -1)

    def copy(self) -> "NodeInfo":
        return replace(
            self,
            pods=dict(self.pods),
            requested=dict(self.requested),
            host_ports=dict(self.host_ports),
            kept={},
        )

    def _count(self, pod: PodInfo, sign: int) -> None:
        self.kept.clear()
        for name, amount in pod.requests.items():
            self.requested[name] = self.requested.get(name, 0) + sign * amount
        cpu, memory = pod.scoring_requests
        self.scoring_requested = (
            self.scoring_requested[0] + sign * cpu,
            self.scoring_requested[1] + sign * memory,
        )
        for port in pod.host_ports:
            self.host_ports[port] = self.host_ports.get(port, 0) + sign
            if not self.host_ports[port]:
                del self.host_ports[port]


class Cluster:
    """All nodes by name, and what else plugins look at: namespaces' labels, claims, volumes, classes."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.namespaces: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Object] = {}
        self.volumes: dict[str, Object] = {}
        self.storage_classes: dict[str, Object] = {}
        self.nominated: dict[str, PodInfo] = {}
        self._placed: dict[str, str] = {}
        self._homeless: dict[str, dict[str, PodInfo]] = {}
        self.pods_with_affinity: dict[str, PodInfo] = {}

    def set_node(self, node: Object) -> None:
        """Add a node, or replace what is known of it; its pods stay."""
        info = NodeInfo.of(node)
        known = self.nodes.get(info.name)
        waiting = known.pods if known else self._homeless.pop(info.name, {})
        for pod in waiting.values():
            info.add(pod)
        self.nodes[info.name] = info

    def remove_node(self, name: str) -> None:
        info = self.nodes.pop(name, None)
        if info is not None and info.pods:
            self._homeless[name] = info.pods

    def place(self, pod: PodInfo, node_name: str) -> None:
        """The pod is, or is assumed to be, on the node."""
        self.displace(pod.key)
        self._placed[pod.key] = node_name
        if pod.affinity:
            self.pods_with_affinity[pod.key] = pod
        info = self.nodes.get(node_name)
        if info is not None:
            info.add(pod)
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
        else:
            self._homeless.get(node_name, {}).pop(key, None)

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


def image_name(image: str) -> str:
    """With `:latest` where there is neither tag nor digest."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def _image_bytes(node: Object) -> dict[str, int]:
    images = parts(node, "status", "images")
    return {
        image_name(str(name)): number(image, "sizeBytes")
        for image in images
        for name in values(image, "names")
    }


def _host_ports(spec: Object) -> Iterable[HostPort]:
    for container in (*parts(spec, "containers"), *parts(spec, "initContainers")):
        for port in parts(container, "ports"):
            if port.get("hostPort"):
                address = text(port, "hostIP") or "0.0.0.0"  # noqa: S104 - upstream's word for all addresses
                yield address, text(port, "protocol") or "TCP", number(port, "hostPort")
