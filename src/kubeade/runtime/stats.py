"""What a container uses: from its resource group, or summed over its processes where it has none."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubeade.cri.types import ContainerConfig, ContainerStats, NetworkInterfaceUsage
from kubeade.runtime.launcher import cgroups, processes

_NANOSECONDS = 1_000_000_000
_BLOCK_BYTES = 512
LAYER_AGE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Layer:
    """What a directory holds."""

    used_bytes: int = 0
    inodes: int = 0


class Meter:
    """Whatever takes long is done in a thread: looking through all processes where there is no resource
    group, and walking a writable layer, whose size is remembered for a minute."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[float, Layer]] = {}

    async def measure(
        self, record: dict[str, Any], config: ContainerConfig, now: int, scratch: Path
    ) -> ContainerStats:
        """Counters of a container; zeros once it has ended."""
        layer = await self._layer(scratch)
        if record.get("cgroup_paths"):
            return measure(record, config, now, layer)
        return await asyncio.to_thread(measure, record, config, now, layer)

    async def _layer(self, directory: Path) -> Layer:
        now = asyncio.get_running_loop().time()
        known = self._known.get(directory)
        if known is not None and now - known[0] < LAYER_AGE_SECONDS:
            return known[1]
        layer = await asyncio.to_thread(_walk, directory)
        self._known = {path: each for path, each in self._known.items() if now - each[0] < LAYER_AGE_SECONDS}
        self._known[directory] = now, layer
        return layer


def _walk(directory: Path) -> Layer:
    used = inodes = 0
    for place, directories, names in os.walk(directory):
        for name in (*directories, *names):
            try:
                found = os.lstat(os.path.join(place, name))
            except OSError:
                continue  # it has just been removed
            used += found.st_blocks * _BLOCK_BYTES
            inodes += 1
    return Layer(used, inodes)


def measure(
    record: dict[str, Any], config: ContainerConfig, now: int, layer: Layer = Layer()
) -> ContainerStats:
    """Counters of a container; zeros once it has ended."""
    used = _usage(record) if record["state"] == "running" else {}
    return ContainerStats(
        id=record["id"],
        metadata=config.metadata,
        labels=config.labels,
        timestamp=now,
        cpu_usage_core_nano_seconds=used.get("cpu", 0),
        memory_usage_bytes=used.get("memory", 0),
        memory_working_set_bytes=used.get("working_set", 0),
        memory_rss_bytes=used.get("rss", 0),
        swap_usage_bytes=used.get("swap", 0),
        page_faults=used.get("faults", 0),
        major_page_faults=used.get("major_faults", 0),
        processes=used.get("processes", 0),
        writable_layer_bytes=layer.used_bytes,
        writable_layer_inodes=layer.inodes,
    )


def _usage(record: dict[str, Any]) -> dict[str, int]:
    paths = record.get("cgroup_paths") or {}
    used = cgroups.usage(paths)
    if used is None:
        return _sum_of_processes(record)
    return {**used, "processes": len(cgroups.processes(paths))}


def _sum_of_processes(record: dict[str, Any]) -> dict[str, int]:
    """Fields of /proc/PID/stat: minor and major faults, user and system time, resident pages."""
    ticks = pages = faults = major_faults = count = 0
    for pid in processes.belonging_to(record["id"], record["pid"]):
        fields = processes.stat_fields(pid)
        if fields:
            count += 1
            faults += int(fields[7])
            major_faults += int(fields[9])
            ticks += int(fields[11]) + int(fields[12])
            pages += int(fields[21])
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": ticks * _NANOSECONDS // os.sysconf("SC_CLK_TCK"),
        "memory": memory,
        "working_set": memory,
        "rss": memory,
        "faults": faults,
        "major_faults": major_faults,
        "processes": count,
    }


def network_usage(pid: int) -> list[NetworkInterfaceUsage]:
    """The interfaces that the process sees, but for loopback; none where there is no such process."""
    try:
        lines = Path(f"/proc/{pid}/net/dev").read_text(encoding="ascii").splitlines()[2:]
    except OSError:
        return []
    found = []
    for line in lines:
        name, _, text = line.partition(":")
        values = [int(each) for each in text.split()]
        if name.strip() != "lo":
            found.append(NetworkInterfaceUsage(name.strip(), values[0], values[2], values[8], values[10]))
    return sorted(found, key=lambda each: each.name != "eth0")
