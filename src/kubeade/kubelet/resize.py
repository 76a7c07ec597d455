"""Changing the CPU and memory of a pod's containers while they run (upstream: in-place pod resize). Pure.

What a pod is *allocated* is what this node has granted: the resources it started with, and later those of
each change that fits. Everything else in the kubelet sees the allocated pod, so an order that does not fit
changes nothing but a condition.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubeade.api.pod_requests import amounts, container_amounts, pod_requests
from kubeade.api.resource import Object
from kubeade.cri.types import ContainerStatus, LinuxResources
from kubeade.kubelet import pods
from kubeade.kubelet.resources import linux_resources

PLACES = ("containers", "initContainers")
RESIZABLE = ("cpu", "memory")
CPU_FIELDS = ("cpu_period", "cpu_quota", "cpu_shares")

Allocation = Mapping[str, Object]
"""The resources granted to each container, by its name."""


@dataclass(frozen=True, slots=True)
class Change:
    """A running container whose cgroups are not what was granted; `restart`: its policy wants that."""

    container: Object
    status: ContainerStatus
    resources: LinuxResources
    restart: bool


def allocation_of(pod: Object) -> dict[str, Object]:
    """What the pod's spec asks for now."""
    spec = pod["spec"]
    return {each["name"]: each.get("resources") or {} for place in PLACES for each in spec.get(place) or []}


def granted_before(pod: Object) -> dict[str, Object]:
    """What an earlier run of the kubelet granted, from what it reported; else what the spec asks for."""
    granted = allocation_of(pod)
    status = pod.get("status") or {}
    for place in ("containerStatuses", "initContainerStatuses"):
        for each in status.get(place) or []:
            if each["name"] in granted and each.get("resources"):
                granted[each["name"]] = each["resources"]
    return granted


def with_allocation(pod: Object, allocation: Allocation) -> Object:
    """The pod as if it asked for what it was granted."""
    if allocation == allocation_of(pod):
        return pod
    spec = dict(pod["spec"])
    for place in PLACES:
        if spec.get(place):
            spec[place] = [
                {**each, "resources": allocation.get(each["name"], each.get("resources") or {})}
                for each in spec[place]
            ]
    return {**pod, "spec": spec}


def refusal(pod: Object, others: Iterable[Object], allocatable: Mapping[str, str]) -> Object | None:
    """The PodResizePending condition of a change that fits never (Infeasible), or not now (Deferred)."""
    capacity = amounts(dict(allocatable))
    used = [pod_requests(each) for each in others]
    for name, wanted in pod_requests(pod).items():
        if name not in RESIZABLE:
            continue
        room = capacity.get(name, 0)
        if wanted > room:
            numbers = f"requested: {wanted}, capacity: {room}"
            message = f"Node didn't have enough capacity: {name}, {numbers}"
            return _pending("Infeasible", message)
        taken = sum(each.get(name, 0) for each in used)
        if taken + wanted > room:
            numbers = f"requested: {wanted}, used: {taken}, capacity: {room}"
            return _pending("Deferred", f"Node didn't have enough resource: {name}, {numbers}")
    return None


def changes(pod: Object, running: Iterable[ContainerStatus], memory_capacity_bytes: int) -> list[Change]:
    """The running containers that have to be adjusted; what shrinks comes first."""
    found = []
    for status in running:
        container = pods.container_named(pod, status.metadata.name)
        if container is None or status.resources is None or not _is_resizable(pod, container):
            continue
        wanted = linux_resources(container, pod, memory_capacity_bytes)
        differing = [name for name in RESIZABLE if _part(wanted, name) != _part(status.resources, name)]
        if differing:
            found.append(Change(container, status, wanted, _wants_restart(container, differing)))
    return sorted(found, key=lambda each: each.resources.memory_limit_in_bytes)


def in_progress(message: str = "") -> Object:
    """The PodResizeInProgress condition; with a message: it met an error."""
    condition = {"type": "PodResizeInProgress", "status": "True"}
    return {**condition, "reason": "Error", "message": message} if message else condition


def _pending(reason: str, message: str) -> Object:
    return {"type": "PodResizePending", "status": "True", "reason": reason, "message": message}


def _is_resizable(pod: Object, container: Object) -> bool:
    """A container that asks for nothing is left alone; so are ephemeral ones."""
    asks = container_amounts(container, "requests") or container_amounts(container, "limits")
    return bool(asks) and all(each is not container for each in pods.ephemeral_containers(pod))


def _part(resources: LinuxResources, name: str) -> tuple[int, ...]:
    if name == "cpu":
        return tuple(getattr(resources, field) for field in CPU_FIELDS)
    return (resources.memory_limit_in_bytes,)


def _wants_restart(container: Object, differing: list[str]) -> bool:
    policies = {each["resourceName"]: each["restartPolicy"] for each in container.get("resizePolicy") or []}
    return any(policies.get(name) == "RestartContainer" for name in differing)
