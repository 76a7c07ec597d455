"""Resource groups on cgroup v1 and v2: limits, membership, counters, and whether memory ran out.

Whatever controllers are writable are used; with none the container runs without limits, and the caller
says so. Groups live below one group per data directory, so that a purge finds them by its name.
"""

from __future__ import annotations

import contextlib
import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ROOT = "/sys/fs/cgroup"
_V1_CONTROLLERS = ("cpu", "cpuacct", "memory", "pids")
_V2_CONTROLLERS = ("cpu", "memory", "pids")
_PERIOD_MICROSECONDS = 100_000
_UNSUPPORTED = {False: ("cpuset_cpus", "cpuset_mems", "unified"), True: ("cpuset_cpus", "cpuset_mems")}
"""What nobody may believe to have been set, by whether the group is one of version 2."""


class Cgroups:
    """The groups of one data directory; `parent` is their common group's name."""

    def __init__(self, parent: str, root: str = ROOT) -> None:
        self._parent = parent
        self._root = root
        self.version = _version(root)

    def create(self, name: str, within: str = "") -> dict[str, str]:
        """Make the group `name`, in another one if asked; its directories by controller ("unified" on v2),
        none if not allowed."""
        if self.version == 2:
            return self._create_v2(name, within)
        paths = {}
        for controller in _V1_CONTROLLERS if self.version == 1 else ():
            path = os.path.join(self._root, controller, self._parent, within, name)
            if not _made(path):
                continue
            paths[controller] = path
        return paths

    def _create_v2(self, name: str, within: str) -> dict[str, str]:
        base = os.path.join(self._root, self._parent)
        path = os.path.join(base, within, name)
        try:
            for directory in (self._root, base, *([os.path.join(base, within)] if within else [])):
                os.makedirs(directory, exist_ok=True)
                _enable_controllers(directory)
            os.makedirs(path, exist_ok=True)
        except OSError:
            return {}
        return {"unified": path}

    def remove_outer(self, name: str) -> None:
        """Remove a group that others were made in."""
        for controller in (*_V1_CONTROLLERS, "") if self.version else ():
            _remove(os.path.join(self._root, controller, self._parent, name))

    def remove(self, paths: dict[str, str]) -> None:
        for path in paths.values():
            _remove(path)

    def purge(self) -> list[str]:
        """Remove every group of this data directory; what could not be removed (a process is in it)."""
        bases = [os.path.join(self._root, controller, self._parent) for controller in _V1_CONTROLLERS]
        bases.append(os.path.join(self._root, self._parent))
        for base in bases:
            for directory, _, _ in os.walk(base, topdown=False):
                _remove(directory)
        return [base for base in bases if os.path.isdir(base)]

    def members(self) -> list[int]:
        """The processes in any group of this data directory."""
        found: set[int] = set()
        for controller in (*_V1_CONTROLLERS, ""):
            for directory, _, _ in os.walk(os.path.join(self._root, controller, self._parent)):
                found.update(processes({"": directory}))
        return sorted(found)


def _version(root: str) -> int:
    if os.path.exists(os.path.join(root, "cgroup.controllers")):
        return 2
    return 1 if os.path.isdir(os.path.join(root, "memory")) else 0


def _made(path: str) -> bool:
    """Whether the group could be made, or was there."""
    try:
        try:
            os.mkdir(path)
        except FileNotFoundError:
            os.makedirs(path, exist_ok=True)
        except FileExistsError:
            return True
    except OSError:
        return False
    return True


def _enable_controllers(directory: str) -> None:
    available = _read(directory, "cgroup.controllers").split()
    for controller in _V2_CONTROLLERS:
        if controller in available:
            with contextlib.suppress(OSError):  # a group with processes of its own cannot pass it on
                _write(directory, "cgroup.subtree_control", f"+{controller}")


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        if _removed(path):
            return
        for entry in os.scandir(path):
            if entry.is_dir(follow_symlinks=False):
                _remove(entry.path)
        os.rmdir(path)


def _removed(path: str) -> bool:
    """Whether the group could be removed as it is: it has no others in it, or is not there."""
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def outer(paths: dict[str, str]) -> dict[str, str]:
    """The groups that these are in."""
    return {controller: os.path.dirname(path) for controller, path in paths.items()}


def join(paths: dict[str, str]) -> None:
    """Put the calling process, which has one thread, into the group.

    On version 1 it moves as a thread: a process that moves waits for all CPUs to have passed a point of rest.
    """
    for controller, path in paths.items():
        _write(path, "cgroup.procs" if controller == "unified" else "tasks", "0")


def processes(paths: dict[str, str]) -> list[int]:
    """The group's processes; empty if there is no group."""
    for path in paths.values():
        with contextlib.suppress(OSError):
            return [int(pid) for pid in _read(path, "cgroup.procs").split()]
    return []


def limit(paths: dict[str, str], resources: dict[str, Any]) -> list[str]:
    """Apply the limits in `resources` (the CRI's LinuxResources); what could not be applied, by name."""
    unified = "unified" in paths
    failed = [f"{name}: not supported" for name in _UNSUPPORTED[unified] if resources.get(name)]
    for controller, name, value in _settings(unified, resources):
        path = paths.get(controller)
        try:
            if path is None:
                raise FileNotFoundError(errno.ENOENT, "no such controller")
            _write(path, name, value)
        except OSError as error:
            failed.append(f"{name}: {error.strerror}")
    return failed


def _settings(unified: bool, resources: dict[str, Any]) -> list[tuple[str, str, str]]:
    return _settings_v2(resources) if unified else _settings_v1(resources)


def _settings_v1(resources: dict[str, Any]) -> list[tuple[str, str, str]]:
    period = resources.get("cpu_period") or _PERIOD_MICROSECONDS
    wanted = []
    if resources.get("cpu_shares"):
        wanted.append(("cpu", "cpu.shares", str(max(2, resources["cpu_shares"]))))
    if resources.get("cpu_quota"):
        wanted.append(("cpu", "cpu.cfs_period_us", str(period)))
        wanted.append(("cpu", "cpu.cfs_quota_us", str(resources["cpu_quota"])))
    if resources.get("memory_limit_in_bytes"):
        wanted.append(("memory", "memory.limit_in_bytes", str(resources["memory_limit_in_bytes"])))
    if resources.get("pids_limit"):
        wanted.append(("pids", "pids.max", _maximum(resources["pids_limit"])))
    return wanted


def _settings_v2(resources: dict[str, Any]) -> list[tuple[str, str, str]]:
    period = resources.get("cpu_period") or _PERIOD_MICROSECONDS
    wanted = []
    if resources.get("cpu_shares"):
        weight = 1 + ((min(max(resources["cpu_shares"], 2), 262144) - 2) * 9999) // 262142
        wanted.append(("unified", "cpu.weight", str(weight)))
    if resources.get("cpu_quota"):
        wanted.append(("unified", "cpu.max", f"{_maximum(resources['cpu_quota'])} {period}"))
    if resources.get("memory_limit_in_bytes"):
        wanted.append(("unified", "memory.max", _maximum(resources["memory_limit_in_bytes"])))
    if resources.get("pids_limit"):
        wanted.append(("unified", "pids.max", _maximum(resources["pids_limit"])))
    wanted += [("unified", name, value) for name, value in (resources.get("unified") or {}).items()]
    return wanted


def _maximum(value: int) -> str:
    return "max" if value < 0 else str(value)


def killed_for_memory(paths: dict[str, str]) -> bool:
    """Whether the kernel has killed a process of the group because its memory limit was reached."""
    for controller, name in (("memory", "memory.oom_control"), ("unified", "memory.events")):
        if controller in paths:
            with contextlib.suppress(OSError):
                return _counter(_read(paths[controller], name), "oom_kill") > 0
    return False


def usage(paths: dict[str, str]) -> dict[str, int] | None:
    """The group's counters: CPU time in nanoseconds, memory in bytes, faults; None without a group."""
    try:
        return _usage_v2(paths["unified"]) if "unified" in paths else _usage_v1(paths)
    except (OSError, KeyError, ValueError):
        return None


def _usage_v2(path: str) -> dict[str, int]:
    memory, detail = int(_read(path, "memory.current")), _counters(_read(path, "memory.stat"))
    return {
        "cpu": _counter(_read(path, "cpu.stat"), "usage_usec") * 1000,
        "memory": memory,
        "working_set": max(0, memory - detail.get("inactive_file", 0)),
        "rss": detail.get("anon", 0),
        "swap": _number(path, "memory.swap.current"),
        "faults": detail.get("pgfault", 0),
        "major_faults": detail.get("pgmajfault", 0),
    }


def _usage_v1(paths: dict[str, str]) -> dict[str, int]:
    path = paths["memory"]
    memory, detail = int(_read(path, "memory.usage_in_bytes")), _counters(_read(path, "memory.stat"))
    return {
        "cpu": int(_read(paths["cpuacct"], "cpuacct.usage")),
        "memory": memory,
        "working_set": max(0, memory - detail.get("total_inactive_file", 0)),
        "rss": detail.get("total_rss", 0),
        "swap": detail.get("total_swap", 0),
        "faults": detail.get("total_pgfault", 0),
        "major_faults": detail.get("total_pgmajfault", 0),
    }


def _counters(text: str) -> dict[str, int]:
    return {key: int(value) for key, _, value in (line.partition(" ") for line in text.splitlines())}


def _counter(text: str, name: str) -> int:
    return _counters(text).get(name, 0)


def _number(directory: str, name: str) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(_read(directory, name))
    return 0


def _read(directory: str, name: str) -> str:
    with open(os.path.join(directory, name), encoding="ascii") as file:
        return file.read()


def _write(directory: str, name: str, value: str) -> None:
    fd = os.open(os.path.join(directory, name), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode("ascii"))
    finally:
        os.close(fd)
