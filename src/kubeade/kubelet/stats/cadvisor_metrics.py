"""/metrics/cadvisor: the families of cAdvisor that dashboards use, from what this node measures. Pure."""

from kubeade.api.pod_requests import container_amounts
from kubeade.kubelet import pods
from kubeade.kubelet.stats.exposition import Family
from kubeade.kubelet.stats.usage import ContainerUsage, NodeUsage, PodUsage

_SECOND = 1e9
_SHARES_PER_CPU = 1024
_PERIOD_MICROSECONDS = 100_000
_HELP = {
    "container_cpu_usage_seconds_total": "Cumulative cpu time consumed in seconds.",
    "container_fs_inodes_total": "Number of Inodes",
    "container_fs_limit_bytes": "Number of bytes that can be consumed by the container on this filesystem.",
    "container_fs_usage_bytes": "Number of bytes that are consumed by the container on this filesystem.",
    "container_last_seen": "Last time a container was seen by the exporter",
    "container_memory_failures_total": "Cumulative count of memory allocation failures.",
    "container_memory_rss": "Size of RSS in bytes.",
    "container_memory_swap": "Container swap usage in bytes.",
    "container_memory_usage_bytes": "Current memory usage in bytes, including all memory.",
    "container_memory_working_set_bytes": "Current working set in bytes.",
    "container_network_receive_bytes_total": "Cumulative count of bytes received",
    "container_network_receive_errors_total": "Cumulative count of errors encountered while receiving",
    "container_network_transmit_bytes_total": "Cumulative count of bytes transmitted",
    "container_network_transmit_errors_total": "Cumulative count of errors encountered while transmitting",
    "container_processes": "Number of processes running inside the container.",
    "container_spec_cpu_period": "CPU period of the container.",
    "container_spec_cpu_quota": "CPU quota of the container.",
    "container_spec_cpu_shares": "CPU share of the container.",
    "container_spec_memory_limit_bytes": "Memory limit for the container.",
    "container_start_time_seconds": "Start time of the container since unix epoch in seconds.",
    "machine_cpu_cores": "Number of logical CPU cores.",
    "machine_memory_bytes": "Amount of memory installed on the machine.",
}


def cadvisor_metrics(usage: NodeUsage, processors: int) -> list[Family]:
    families = {name: Family(name, _type(name), text) for name, text in _HELP.items()}
    families["machine_cpu_cores"].add(processors)
    families["machine_memory_bytes"].add(usage.machine.memory_total_bytes)
    root = {"id": "/", "name": "", "image": "", "container": "", "pod": "", "namespace": ""}
    at = usage.at // 1_000_000
    cpu = usage.machine.cpu_nanoseconds / _SECOND
    families["container_cpu_usage_seconds_total"].add(cpu, at, cpu="total", **root)
    families["container_memory_usage_bytes"].add(usage.machine.memory_used_bytes, at, **root)
    families["container_memory_working_set_bytes"].add(usage.machine.working_set_bytes, at, **root)
    families["container_memory_rss"].add(usage.machine.rss_bytes, at, **root)
    for pod in usage.pods:
        for each in pod.containers:
            _add_container(families, pod, each, usage)
        _add_network(families, pod, at)
    return list(families.values())


def _add_container(
    families: dict[str, Family], pod: PodUsage, used: ContainerUsage, usage: NodeUsage
) -> None:
    stats, at = used.stats, used.stats.timestamp // 1_000_000
    labels = _labels(pod, used)
    values = {
        "container_memory_usage_bytes": stats.memory_usage_bytes,
        "container_memory_working_set_bytes": stats.memory_working_set_bytes,
        "container_memory_rss": stats.memory_rss_bytes,
        "container_memory_swap": stats.swap_usage_bytes,
        "container_processes": stats.processes,
        "container_last_seen": stats.timestamp // 1_000_000_000,
        "container_start_time_seconds": used.status.started_at / _SECOND,
        **_spec(pod, used),
    }
    for name, value in values.items():
        families[name].add(value, at, **labels)
    cpu = stats.cpu_usage_core_nano_seconds / _SECOND
    families["container_cpu_usage_seconds_total"].add(cpu, at, cpu="total", **labels)
    failures = families["container_memory_failures_total"]
    failures.add(stats.page_faults, at, failure_type="pgfault", scope="container", **labels)
    failures.add(stats.major_page_faults, at, failure_type="pgmajfault", scope="container", **labels)
    disk = {**labels, "device": ""}
    families["container_fs_usage_bytes"].add(stats.writable_layer_bytes, at, **disk)
    families["container_fs_limit_bytes"].add(usage.image_disk.capacity_bytes, at, **disk)
    families["container_fs_inodes_total"].add(usage.image_disk.inodes, at, **disk)


def _labels(pod: PodUsage, used: ContainerUsage) -> dict[str, str]:
    metadata, uid = pod.pod["metadata"], pods.uid_of(pod.pod)
    return {
        "id": f"/kubepods/pod{uid}/{used.stats.id}",
        "name": used.stats.id,
        "image": used.status.image,
        "container": used.status.metadata.name,
        "pod": metadata["name"],
        "namespace": metadata["namespace"],
    }


def _spec(pod: PodUsage, used: ContainerUsage) -> dict[str, float]:
    container = pods.container_named(pod.pod, used.status.metadata.name)
    if container is None:
        return {}
    limits, requests = container_amounts(container, "limits"), container_amounts(container, "requests")
    found: dict[str, float] = {
        "container_spec_cpu_period": _PERIOD_MICROSECONDS,
        "container_spec_cpu_shares": max(2, requests.get("cpu", 0) * _SHARES_PER_CPU // 1000),
        "container_spec_memory_limit_bytes": limits.get("memory", 0),
    }
    if "cpu" in limits:
        found["container_spec_cpu_quota"] = limits["cpu"] * _PERIOD_MICROSECONDS // 1000
    return found


def _add_network(families: dict[str, Family], pod: PodUsage, at: int) -> None:
    """The pod's network belongs to its sandbox: to no container."""
    metadata = pod.pod["metadata"]
    labels = {"id": f"/kubepods/pod{pods.uid_of(pod.pod)}", "name": "", "image": "", "container": ""}
    labels |= {"pod": metadata["name"], "namespace": metadata["namespace"]}
    for each in pod.network:
        values = {
            "receive_bytes": each.rx_bytes,
            "receive_errors": each.rx_errors,
            "transmit_bytes": each.tx_bytes,
            "transmit_errors": each.tx_errors,
        }
        for name, value in values.items():
            families[f"container_network_{name}_total"].add(value, at, interface=each.name, **labels)


def _type(name: str) -> str:
    return "counter" if name.endswith("_total") and "_inodes_" not in name else "gauge"
