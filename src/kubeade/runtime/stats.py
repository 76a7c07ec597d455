"""What a container uses: from its resource group, or summed over its processes where it has none."""

import os
from typing import Any

from kubeade.cri.types import ContainerConfig, ContainerStats
from kubeade.runtime.launcher import cgroups, processes

_NANOSECONDS = 1_000_000_000


def measure(record: dict[str, Any], config: ContainerConfig, now: int) -> ContainerStats:
    """Counters of a container; zeros once it has ended."""
    usage = cgroups.usage(record.get("cgroup_paths") or {}) if record["state"] == "running" else (0, 0, 0)
    if usage is None:
        usage = _sum_of_processes(record)
    return ContainerStats(record["id"], config.metadata, config.labels, now, *usage)


def _sum_of_processes(record: dict[str, Any]) -> tuple[int, int, int]:
    ticks = pages = 0
    for pid in processes.belonging_to(record["id"], record["pid"]):
        fields = processes.stat_fields(pid)
        if fields:
            ticks += int(fields[11]) + int(fields[12])
            pages += int(fields[21])
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    return ticks * _NANOSECONDS // os.sysconf("SC_CLK_TCK"), memory, memory
