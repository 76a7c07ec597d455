"""/metrics/resource: what metrics-server reads. Pure; names and meanings are upstream's."""

from kubeade.kubelet.stats.exposition import Family
from kubeade.kubelet.stats.usage import ContainerUsage, NodeUsage, PodUsage

_SECOND = 1e9
_HELP = {
    "container_cpu_usage_seconds_total": "Cumulative cpu time consumed by the container in core-seconds",
    "container_memory_working_set_bytes": "Current working set of the container in bytes",
    "container_start_time_seconds": "Start time of the container since unix epoch in seconds",
    "container_swap_usage_bytes": "Current amount of the container swap usage in bytes.",
    "node_cpu_usage_seconds_total": "Cumulative cpu time consumed by the node in core-seconds",
    "node_memory_working_set_bytes": "Current working set of the node in bytes",
    "node_swap_usage_bytes": "Current swap usage of the node in bytes.",
    "pod_cpu_usage_seconds_total": "Cumulative cpu time consumed by the pod in core-seconds",
    "pod_memory_working_set_bytes": "Current working set of the pod in bytes",
    "pod_swap_usage_bytes": "Current amount of the pod swap usage in bytes.",
    "resource_scrape_error": "1 if there was an error while getting container metrics, 0 otherwise",
}


def resource_metrics(usage: NodeUsage) -> list[Family]:
    families = {name: Family(name, _type(name), text) for name, text in _HELP.items()}
    at = usage.at // 1_000_000
    machine = usage.machine
    families["node_cpu_usage_seconds_total"].add(machine.cpu_nanoseconds / _SECOND, at)
    families["node_memory_working_set_bytes"].add(machine.working_set_bytes, at)
    families["node_swap_usage_bytes"].add(machine.swap_used_bytes, at)
    families["resource_scrape_error"].add(0)
    for pod in usage.pods:
        if pod.containers:
            _add_pod(families, pod)
    return list(families.values())


def _add_pod(families: dict[str, Family], pod: PodUsage) -> None:
    metadata = pod.pod["metadata"]
    labels = {"namespace": metadata["namespace"], "pod": metadata["name"]}
    for each in pod.containers:
        _add_container(families, each, {**labels, "container": each.status.metadata.name})
    at = max(each.stats.timestamp for each in pod.containers) // 1_000_000
    stats = [each.stats for each in pod.containers]
    cpu = sum(each.cpu_usage_core_nano_seconds for each in stats)
    families["pod_cpu_usage_seconds_total"].add(cpu / _SECOND, at, **labels)
    memory = sum(each.memory_working_set_bytes for each in stats)
    families["pod_memory_working_set_bytes"].add(memory, at, **labels)
    swap = sum(each.swap_usage_bytes for each in stats)
    families["pod_swap_usage_bytes"].add(swap, at, **labels)


def _add_container(families: dict[str, Family], used: ContainerUsage, labels: dict[str, str]) -> None:
    stats, at = used.stats, used.stats.timestamp // 1_000_000
    cpu = stats.cpu_usage_core_nano_seconds / _SECOND
    families["container_cpu_usage_seconds_total"].add(cpu, at, **labels)
    families["container_memory_working_set_bytes"].add(stats.memory_working_set_bytes, at, **labels)
    families["container_swap_usage_bytes"].add(stats.swap_usage_bytes, at, **labels)
    families["container_start_time_seconds"].add(used.status.started_at / _SECOND, **labels)


def _type(name: str) -> str:
    return "counter" if name.endswith("_total") else "gauge"
