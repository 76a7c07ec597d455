"""Leave no trace: end and remove everything that the runtime of a data directory has on this machine.

It needs nothing but the directory, so it works from a fresh process, also after a kill: processes
are found by record, resource group and environment, mounts by their place.
"""

import contextlib
import os
import re
import shutil
import time
from pathlib import Path

from kubeade.runtime.group import group_name
from kubeade.runtime.launcher import processes
from kubeade.runtime.launcher.cgroups import Cgroups
from kubeade.runtime.launcher.records import Records

_LAUNCHER = b"kubeade.runtime.launcher.main"
_DEADLINE_SECONDS = 10.0
_PAUSE_SECONDS = 0.01


class PurgeFailed(Exception):
    """Something would not go; the message names it. Files are left so that it can be tried again."""


def purge(directory: Path) -> None:
    """Kill, unmount, remove; takes up to ten seconds. Raises PurgeFailed."""
    directory = directory.resolve()
    if not directory.exists():
        return
    groups = Cgroups(group_name(directory))
    _kill_all(directory, groups)
    unmount_below(directory)
    if left := groups.purge():
        raise PurgeFailed(f"resource groups are still in use: {', '.join(left)}")
    shutil.rmtree(directory)


def _kill_all(directory: Path, groups: Cgroups) -> None:
    """Containers first: a launcher that lives reaps its children, as not every machine's first process does,
    and a container's first process ends only when all others in its PID namespace have been reaped."""
    began = time.monotonic()
    while True:
        living = {*groups.members(), *_recorded(directory)} - {os.getpid()}
        if not living or time.monotonic() > began + _DEADLINE_SECONDS / 2:
            living |= set(launchers(directory))
        if not living:
            return
        for pid in living:
            processes.kill(pid)
        if time.monotonic() > began + _DEADLINE_SECONDS:
            raise PurgeFailed(f"processes would not end: {', '.join(map(str, sorted(living)))}")
        time.sleep(_PAUSE_SECONDS)


def launchers(directory: Path) -> list[int]:
    """The launcher of `directory`, running or about to, by its command line; its children if it has died."""
    found = []
    for pid in processes.all_pids():
        with contextlib.suppress(OSError):
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            ours = os.fsencode(directory) in arguments and any(_LAUNCHER in part for part in arguments)
            if ours and processes.start_ticks(pid):
                found.append(pid)
    return [pid for pid in found if _parent(pid) not in found]


def _parent(pid: int) -> int:
    fields = processes.stat_fields(pid)
    return int(fields[1]) if fields else 0


def _recorded(directory: Path) -> list[int]:
    """First processes of sandboxes and containers, and what descends from them."""
    found: set[int] = set()
    boot_id = processes.boot_id()
    for kind in ("sandboxes", "containers"):
        if not (directory / kind).is_dir():
            continue
        for record in Records(str(directory / kind)).load():
            pid = record.get("pid")
            if not pid or record["boot_id"] != boot_id:
                continue
            if processes.start_ticks(pid) == record["start_ticks"]:
                found.add(pid)
            if kind == "containers" and not record["spec"].get("own_pid"):
                leader = pid if pid in found else -1
                found.update(processes.belonging_to(record["id"], leader))
    return sorted(found)


def unmount_below(directory: Path) -> None:
    """Unmount whatever is mounted inside `directory`, but not what is mounted on it. Raises PurgeFailed."""
    mounts = mounts_below(directory)
    if not mounts:
        return
    from kubeade.runtime.launcher import syscalls

    for path in sorted(mounts, key=len, reverse=True):
        with contextlib.suppress(OSError):
            syscalls.umount(path, syscalls.MNT_DETACH)
    if left := mounts_below(directory):
        raise PurgeFailed(f"still mounted: {', '.join(left)}")


def mounts_below(directory: Path) -> list[str]:
    """Every mount point inside `directory`, itself not counted."""
    mountinfo = Path("/proc/self/mountinfo")
    if not mountinfo.exists():
        return []
    lines = mountinfo.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    paths = [_OCTAL.sub(lambda found: chr(int(found[1], 8)), line.split()[4]) for line in lines]
    return [path for path in paths if Path(path).is_relative_to(directory) and Path(path) != directory]


_OCTAL = re.compile(r"\\([0-7]{3})")
"""How the kernel writes blanks and backslashes of a mount point."""
