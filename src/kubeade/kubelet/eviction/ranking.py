"""Who goes first, and what the evicted are told. Pure; order and words are those of upstream's eviction."""

from collections.abc import Mapping
from dataclasses import dataclass

from kubeade.api.pod_requests import amount, container_amounts, pod_amounts, pod_requests
from kubeade.api.resource import Object
from kubeade.kubelet import pods
from kubeade.kubelet.eviction.signals import DISK, MEMORY, PIDS, Shortage
from kubeade.kubelet.stats.summary import ephemeral_storage
from kubeade.kubelet.stats.usage import ContainerUsage, PodUsage, Size


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a pod has to go. `disrupts`: the pod is told by its condition DisruptionTarget."""

    message: str
    disrupts: bool = True


def ranked(found: list[PodUsage], resource: str) -> list[PodUsage]:
    """The first to go first: those above what they asked for, the less important, the greediest."""
    candidates = [each for each in found if not pods.is_critical(each.pod)]
    return sorted(candidates, key=lambda each: _rank(each, resource))


def _rank(pod: PodUsage, resource: str) -> tuple[bool, int, int]:
    priority = int(pod.pod["spec"].get("priority") or 0)
    used = usage_of(pod, resource)
    if resource == PIDS:
        return False, priority, -used
    requested = pod_requests(pod.pod).get(resource, 0)
    return used <= requested, priority, requested - used


def usage_of(pod: PodUsage, resource: str) -> int:
    if resource == MEMORY:
        return sum(each.stats.memory_working_set_bytes for each in pod.containers)
    if resource == PIDS:
        return sum(each.stats.processes for each in pod.containers)
    storage = ephemeral_storage(pod)
    return storage.used_bytes if resource == DISK else storage.inodes


def eviction_message(pod: PodUsage, shortage: Shortage) -> str:
    resource = shortage.resource
    numbers = f"Threshold quantity: {_quantity(shortage.threshold)}, available: {_kibi(shortage.available)}."
    message = f"The node was low on resource: {resource}. {numbers} "
    for each in pod.containers:
        container = pods.container_named(pod.pod, each.status.metadata.name)
        used = _container_usage(each, resource)
        if container is None or used is None:
            continue
        requested = container_amounts(container, "requests").get(resource, 0)
        if used > requested:
            name, amounts = container["name"], f"{_kibi(used)}, request is {_quantity(requested)}"
            message += f"Container {name} was using {amounts}, has larger consumption of {resource}. "
    return message


def _container_usage(used: ContainerUsage, resource: str) -> int | None:
    if resource == MEMORY:
        return used.stats.memory_working_set_bytes
    if resource == DISK:
        return used.stats.writable_layer_bytes + used.logs.used_bytes
    return None


def limits_storage(pod: Object) -> bool:
    """Whether the pod has a limit on local storage, so that somebody has to measure it."""
    if any((each.get("emptyDir") or {}).get("sizeLimit") for each in pod["spec"].get("volumes") or []):
        return True
    return any("ephemeral-storage" in container_amounts(each, "limits") for each in pods.all_containers(pod))


def over_storage_limit(pod: PodUsage) -> Verdict | None:
    """Whether it holds more on this node's disk than it may."""
    message = _over_volume(pod.pod, pod.volumes) or _over_pod(pod) or _over_container(pod)
    return Verdict(message, disrupts=False) if message else None


def _over_volume(pod: Object, sizes: Mapping[str, Size]) -> str:
    for volume in pod["spec"].get("volumes") or []:
        limit = (volume.get("emptyDir") or {}).get("sizeLimit")
        used = sizes.get(volume["name"], Size()).used_bytes
        if limit and 0 < amount("memory", limit) < used:
            return f'Usage of EmptyDir volume "{volume["name"]}" exceeds the limit "{limit}". '
    return ""


def _over_pod(pod: PodUsage) -> str:
    apps = pods.app_containers(pod.pod)
    if not all("ephemeral-storage" in container_amounts(each, "limits") for each in apps):
        return ""
    limit = pod_amounts(pod.pod, "limits").get("ephemeral-storage", 0)
    if limit and usage_of(pod, DISK) > limit:
        text = "Pod ephemeral local storage usage exceeds the total limit of containers"
        return f"{text} {_quantity(limit)}. "
    return ""


def _over_container(pod: PodUsage) -> str:
    for each in pod.containers:
        container = pods.container_named(pod.pod, each.status.metadata.name)
        limits = (container or {}).get("resources", {}).get("limits") or {}
        limit = limits.get("ephemeral-storage")
        used = each.stats.writable_layer_bytes + each.logs.used_bytes
        if limit and used > amount("memory", limit):
            name = each.status.metadata.name
            return f'Container {name} exceeded its local ephemeral storage limit "{limit}". '
    return ""


def _quantity(number: int) -> str:
    """As a binary quantity prints itself: in the largest unit that divides it."""
    for power, unit in ((3, "Gi"), (2, "Mi"), (1, "Ki")):
        if number and number % 1024**power == 0:
            return f"{number // 1024**power}{unit}"
    return str(number)


def _kibi(number: int) -> str:
    return f"{number // 1024}Ki" if number >= 1024 else str(number)
