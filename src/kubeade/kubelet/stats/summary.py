"""/stats/summary: a node's usage as upstream's stats/v1alpha1 Summary. Pure."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from kubeade.api.pod_requests import container_amounts
from kubeade.api.resource import Object
from kubeade.cri.types import NetworkInterfaceUsage
from kubeade.kubelet import pods
from kubeade.kubelet.stats.machine import FilesystemRoom
from kubeade.kubelet.stats.usage import ContainerUsage, NodeUsage, PodUsage, Size
from kubeade.lib.timestamps import format_time


def summary(node_name: str, usage: NodeUsage, *, only_cpu_and_memory: bool = False) -> Object:
    """`only_cpu_and_memory` as the query parameter of that name asks."""
    return {
        "node": _node(node_name, usage, brief=only_cpu_and_memory),
        "pods": [_pod(each, usage, brief=only_cpu_and_memory) for each in usage.pods if each.containers],
    }


def _node(name: str, usage: NodeUsage, *, brief: bool) -> Object:
    machine, at = usage.machine, _time(usage.at)
    memory = {
        "time": at,
        "availableBytes": machine.memory_available_bytes,
        "usageBytes": machine.memory_used_bytes,
        "workingSetBytes": machine.working_set_bytes,
        "rssBytes": machine.rss_bytes,
    }
    swap_free = machine.swap_total_bytes - machine.swap_used_bytes
    found: Object = {
        "nodeName": name,
        "startTime": _time(machine.boot_time_seconds * 1_000_000_000),
        "cpu": _cpu(at, usage.nano_cores, machine.cpu_nanoseconds),
        "memory": memory,
        "swap": {"time": at, "swapAvailableBytes": swap_free, "swapUsageBytes": machine.swap_used_bytes},
    }
    if brief:
        return found
    images = {**_room(usage.image_disk, at), "usedBytes": usage.images_bytes}
    return found | {
        "network": _network(machine.interfaces, at),
        "fs": {**_room(usage.disk, at), "usedBytes": usage.disk.used_bytes},
        "runtime": {"imageFs": images, "containerFs": images},
        "rlimit": {"time": at, "maxpid": machine.pid_limit, "curproc": machine.processes},
    }


def _pod(pod: PodUsage, usage: NodeUsage, *, brief: bool) -> Object:
    metadata, status, at = pod.pod["metadata"], pod.pod.get("status") or {}, _time(usage.at)
    found: Object = {
        "podRef": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
        "startTime": status.get("startTime") or at,
        "containers": [_container(pod, each, usage, brief=brief) for each in pod.containers],
        "cpu": _cpu(at, _sum(pod, _nano_cores), _sum(pod, _cpu_nanoseconds)),
        "memory": _pod_memory(pod, at),
        "swap": {"time": at, "swapUsageBytes": _sum(pod, lambda each: each.stats.swap_usage_bytes)},
    }
    if brief:
        return found
    volumes = [
        {**_room(usage.disk, at), **_size(size), "name": name} for name, size in sorted(pod.volumes.items())
    ]
    if pod.network:
        found["network"] = _network(pod.network, at)
    return found | {
        "volume": volumes,
        "ephemeral-storage": {**_room(usage.disk, at), **_size(ephemeral_storage(pod))},
        "process_stats": {"process_count": _sum(pod, lambda each: each.stats.processes)},
    }


def ephemeral_storage(pod: PodUsage) -> Size:
    """What the pod takes of the node's disk: writable layers, logs, and volumes on disk."""
    total = sum(pod.volumes.values(), Size())
    for each in pod.containers:
        layer = Size(each.stats.writable_layer_bytes, each.stats.writable_layer_inodes)
        total = total + layer + each.logs
    return total


def _container(pod: PodUsage, used: ContainerUsage, usage: NodeUsage, *, brief: bool) -> Object:
    stats, at = used.stats, _time(used.stats.timestamp)
    found: Object = {
        "name": used.status.metadata.name,
        "startTime": _time(used.status.started_at),
        "cpu": _cpu(at, used.nano_cores, stats.cpu_usage_core_nano_seconds),
        "memory": {
            "time": at,
            **_available(_memory_limit(pod.pod, used), stats.memory_working_set_bytes),
            "usageBytes": stats.memory_usage_bytes,
            "workingSetBytes": stats.memory_working_set_bytes,
            "rssBytes": stats.memory_rss_bytes,
            "pageFaults": stats.page_faults,
            "majorPageFaults": stats.major_page_faults,
        },
        "swap": {"time": at, "swapUsageBytes": stats.swap_usage_bytes},
    }
    if brief:
        return found
    layer = Size(stats.writable_layer_bytes, stats.writable_layer_inodes)
    return found | {
        "rootfs": {**_room(usage.image_disk, at), **_size(layer)},
        "logs": {**_room(usage.disk, at), **_size(used.logs)},
    }


def _pod_memory(pod: PodUsage, at: str) -> Object:
    limits = [_memory_limit(pod.pod, each) for each in pod.containers]
    working_set = _sum(pod, lambda each: each.stats.memory_working_set_bytes)
    return {
        "time": at,
        **(_available(sum(limits), working_set) if all(limits) else {}),
        "usageBytes": _sum(pod, lambda each: each.stats.memory_usage_bytes),
        "workingSetBytes": working_set,
        "rssBytes": _sum(pod, lambda each: each.stats.memory_rss_bytes),
        "pageFaults": _sum(pod, lambda each: each.stats.page_faults),
        "majorPageFaults": _sum(pod, lambda each: each.stats.major_page_faults),
    }


def _memory_limit(pod: Object, used: ContainerUsage) -> int:
    container = pods.container_named(pod, used.status.metadata.name)
    return container_amounts(container, "limits").get("memory", 0) if container else 0


def _available(limit: int, working_set: int) -> Object:
    return {"availableBytes": max(0, limit - working_set)} if limit else {}


def _nano_cores(used: ContainerUsage) -> int:
    return used.nano_cores


def _cpu_nanoseconds(used: ContainerUsage) -> int:
    return used.stats.cpu_usage_core_nano_seconds


def _sum(pod: PodUsage, part: Callable[[ContainerUsage], int]) -> int:
    return sum(part(each) for each in pod.containers)


def _cpu(at: str, nano_cores: int, nanoseconds: int) -> Object:
    return {"time": at, "usageNanoCores": nano_cores, "usageCoreNanoSeconds": nanoseconds}


def _room(room: FilesystemRoom, at: str) -> Object:
    return {
        "time": at,
        "availableBytes": room.available_bytes,
        "capacityBytes": room.capacity_bytes,
        "inodes": room.inodes,
        "inodesFree": room.inodes_free,
        "inodesUsed": room.inodes - room.inodes_free,
    }


def _size(size: Size) -> Object:
    return {"usedBytes": size.used_bytes, "inodesUsed": size.inodes}


def _network(found: Iterable[NetworkInterfaceUsage], at: str) -> Object:
    all_of_them = [_interface(each) for each in found]
    return {"time": at, **(all_of_them[0] if all_of_them else {"name": ""}), "interfaces": all_of_them}


def _interface(found: NetworkInterfaceUsage) -> Object:
    return {
        "name": found.name,
        "rxBytes": found.rx_bytes,
        "rxErrors": found.rx_errors,
        "txBytes": found.tx_bytes,
        "txErrors": found.tx_errors,
    }


def _time(nanoseconds: int) -> str:
    return format_time(datetime.fromtimestamp(nanoseconds / 1e9, UTC))
