"""What the node has left, the thresholds below which it is short of it, and what that means. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubeade.api.pod_requests import amount
from kubeade.kubelet.stats.machine import FilesystemRoom, MachineUsage

MEMORY, DISK, PIDS = "memory", "ephemeral-storage", "pids"
CONDITIONS = {MEMORY: "MemoryPressure", DISK: "DiskPressure", PIDS: "PIDPressure"}
RESOURCE_OF_SIGNAL = {
    "memory.available": MEMORY,
    "nodefs.available": DISK,
    "nodefs.inodesFree": "inodes",
    "imagefs.available": DISK,
    "imagefs.inodesFree": "inodes",
    "pid.available": PIDS,
}
"""In the order in which they are relieved."""


@dataclass(frozen=True, slots=True)
class Signal:
    """How much there is of something, in all and still to be had. A capacity of 0: nobody knows."""

    capacity: int
    available: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A threshold that is crossed."""

    signal: str
    threshold: int
    available: int

    @property
    def resource(self) -> str:
        """What pods are ranked by, as messages call it."""
        return RESOURCE_OF_SIGNAL[self.signal]

    @property
    def condition(self) -> str:
        """The node's condition that says so."""
        return CONDITIONS[DISK if self.resource == "inodes" else self.resource]


def signals(machine: MachineUsage, disk: FilesystemRoom, images: FilesystemRoom) -> dict[str, Signal]:
    return {
        "memory.available": Signal(machine.memory_total_bytes, machine.memory_available_bytes),
        "nodefs.available": Signal(disk.capacity_bytes, disk.available_bytes),
        "nodefs.inodesFree": Signal(disk.inodes, disk.inodes_free),
        "imagefs.available": Signal(images.capacity_bytes, images.available_bytes),
        "imagefs.inodesFree": Signal(images.inodes, images.inodes_free),
        "pid.available": Signal(machine.pid_limit, max(0, machine.pid_limit - machine.processes)),
    }


def shortages(found: Mapping[str, Signal], thresholds: Mapping[str, str]) -> list[Shortage]:
    """The thresholds that are crossed, the most urgent first. A threshold is a quantity or a percentage."""
    crossed = []
    for name in RESOURCE_OF_SIGNAL:
        signal = found[name]
        if name not in thresholds or not signal.capacity:
            continue
        limit = _threshold(thresholds[name], signal.capacity)
        if signal.available < limit:
            crossed.append(Shortage(name, limit, signal.available))
    return crossed


def _threshold(text: str, capacity: int) -> int:
    if text.endswith("%"):
        return int(capacity * float(text[:-1]) / 100)
    return amount("memory", text)


def conditions_of(crossed: Iterable[Shortage]) -> set[str]:
    return {each.condition for each in crossed}
