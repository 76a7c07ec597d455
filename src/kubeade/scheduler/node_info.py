"""A node as the scheduler sees it, with the pods on it."""

from dataclasses import dataclass, field, replace

from kubeade.api.parts import number, part, parts, values
from kubeade.api.pod_requests import allocatable_of
from kubeade.api.resource import Object
from kubeade.scheduler.pod_info import HostPort, PodInfo


@dataclass(slots=True)
class NodeInfo:
    """A node and what is on it.

    `image_bytes`: the images that it has, by name. `requested` sums the pods' requests. `controllers` counts
    the pods of each controller.
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
    controllers: dict[str, int] = field(default_factory=dict)

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

    @property
    def is_soft_tainted(self) -> bool:
        return any(taint.get("effect") == "PreferNoSchedule" for taint in self.taints)

    def copy(self) -> "NodeInfo":
        return replace(
            self,
            pods=dict(self.pods),
            requested=dict(self.requested),
            host_ports=dict(self.host_ports),
            controllers=dict(self.controllers),
        )

    def _count(self, pod: PodInfo, sign: int) -> None:
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
        if pod.controller:
            self.controllers[pod.controller] = self.controllers.get(pod.controller, 0) + sign
            if not self.controllers[pod.controller]:
                del self.controllers[pod.controller]


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
