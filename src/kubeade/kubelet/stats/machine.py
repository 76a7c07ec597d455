"""What the machine as a whole uses, from /proc and statvfs. Elsewhere than on Linux little of it is known."""

import os
from dataclasses import dataclass
from pathlib import Path

from kubeade.cri.types import NetworkInterfaceUsage

PROC = Path("/proc")
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class FilesystemRoom:
    """One filesystem; `path` lies on it."""

    capacity_bytes: int
    available_bytes: int
    inodes: int
    inodes_free: int

    @property
    def used_bytes(self) -> int:
        return self.capacity_bytes - self.available_bytes


@dataclass(frozen=True, slots=True)
class MachineUsage:
    """Memory in bytes, CPU in nanoseconds since boot; zeros for what this system does not tell."""

    cpu_nanoseconds: int = 0
    boot_time_seconds: int = 0
    memory_total_bytes: int = 0
    memory_used_bytes: int = 0
    working_set_bytes: int = 0
    rss_bytes: int = 0
    swap_total_bytes: int = 0
    swap_used_bytes: int = 0
    pid_limit: int = 0
    processes: int = 0
    interfaces: tuple[NetworkInterfaceUsage, ...] = ()

    @property
    def memory_available_bytes(self) -> int:
        return max(0, self.memory_total_bytes - self.working_set_bytes)


def measure_machine(proc: Path = PROC) -> MachineUsage:
    memory = _memory(proc)
    total, free = memory.get("MemTotal", 0), memory.get("MemFree", 0)
    cpu, boot = _cpu(proc)
    return MachineUsage(
        cpu_nanoseconds=cpu,
        boot_time_seconds=boot,
        memory_total_bytes=total,
        memory_used_bytes=total - free,
        working_set_bytes=max(0, total - free - memory.get("Inactive(file)", 0)),
        rss_bytes=memory.get("AnonPages", 0),
        swap_total_bytes=memory.get("SwapTotal", 0),
        swap_used_bytes=memory.get("SwapTotal", 0) - memory.get("SwapFree", 0),
        pid_limit=_pid_limit(proc),
        processes=_processes(proc),
        interfaces=tuple(interfaces(proc / "net" / "dev")),
    )


def filesystem_room(path: Path) -> FilesystemRoom:
    """The filesystem that `path`, or its nearest parent that is there, lies on."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    return FilesystemRoom(
        found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize, found.f_files, found.f_favail
    )


def interfaces(table: Path) -> list[NetworkInterfaceUsage]:
    """The interfaces of a /proc/.../net/dev without loopback, the usual one first."""
    found = []
    for line in _text(table).splitlines()[2:]:
        name, _, numbers = line.partition(":")
        values = [int(each) for each in numbers.split()]
        if name.strip() != "lo":
            found.append(NetworkInterfaceUsage(name.strip(), values[0], values[2], values[8], values[10]))
    return sorted(found, key=lambda each: each.name != "eth0")


def _memory(proc: Path) -> dict[str, int]:
    """/proc/meminfo in bytes."""
    rows = (line.partition(":") for line in _text(proc / "meminfo").splitlines())
    return {name: int(value.split()[0]) * 1024 for name, _, value in rows if value.strip().endswith("kB")}


def _cpu(proc: Path) -> tuple[int, int]:
    """Busy time of all processors in nanoseconds, and when the machine was booted."""
    busy = boot = 0
    for line in _text(proc / "stat").splitlines():
        name, *values = line.split()
        if name == "cpu":
            ticks = [int(each) for each in values]
            busy = (sum(ticks[:8]) - ticks[3] - ticks[4]) * _NANOSECONDS // os.sysconf("SC_CLK_TCK")
        elif name == "btime":
            boot = int(values[0])
    return busy, boot


def _pid_limit(proc: Path) -> int:
    limits = [_text(proc / "sys" / "kernel" / name).strip() for name in ("pid_max", "threads-max")]
    return min((int(each) for each in limits if each), default=0)


def _processes(proc: Path) -> int:
    """Tasks, threads included: /proc/loadavg says `running/all`."""
    words = _text(proc / "loadavg").split()
    return int(words[3].partition("/")[2]) if len(words) > 3 else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
