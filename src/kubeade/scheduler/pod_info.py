"""A pod as the scheduler sees it."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from kubeade.api.parts import number, part, parts, text
from kubeade.api.pod_requests import DEFAULT_CPU_REQUEST, DEFAULT_MEMORY_REQUEST, pod_requests
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
    controller: str
    """The uid of the owner that controls it, if any."""
    kin: Hashable
    """Equal for pods that are alike to whoever selects pods by namespace and labels."""
    wishes: Hashable
    """Equal for pods that want the same of other pods; None for those that want nothing."""

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
            _controller(metadata),
            (namespace, frozenset((metadata.get("labels") or {}).items()), "deletionTimestamp" in metadata),
            _wishes(namespace, part(spec, "affinity")),
        )

    @property
    def spec(self) -> Object:
        return part(self.pod, "spec")

    @property
    def scoring_requests(self) -> tuple[int, int]:
        """(milli-CPU, bytes); a pod that asks for none counts as if it took a little, as upstream scores."""
        cpu, memory = self.requests.get("cpu", 0), self.requests.get("memory", 0)
        return cpu or DEFAULT_CPU_REQUEST, memory or DEFAULT_MEMORY_REQUEST


def _host_ports(spec: Object) -> Iterable[HostPort]:
    for container in (*parts(spec, "containers"), *parts(spec, "initContainers")):
        for port in parts(container, "ports"):
            if port.get("hostPort"):
                address = text(port, "hostIP") or "0.0.0.0"  # noqa: S104 - upstream's word for all addresses
                yield address, text(port, "protocol") or "TCP", number(port, "hostPort")


def _controller(metadata: Object) -> str:
    owners = parts(metadata, "ownerReferences")
    return next((text(owner, "uid") for owner in owners if owner.get("controller")), "")


def _wishes(namespace: str, affinity: Object) -> Hashable:
    near, far = part(affinity, "podAffinity"), part(affinity, "podAntiAffinity")
    return (namespace, repr(near), repr(far)) if near or far else None
