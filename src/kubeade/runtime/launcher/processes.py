"""Processes by pid, safely: what proves that a pid still means the same process, and whose it is."""

from __future__ import annotations

import contextlib
import os
import signal

CONTAINER_VARIABLE = "KUBEADE_CONTAINER_ID"
"""In the environment of every process that a container without a PID namespace starts."""


def boot_id() -> str:
    """Changes with every boot; empty where the kernel does not tell."""
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()
    return ""


def start_ticks(pid: int) -> int:
    """When the process started, in clock ticks since boot; 0 for none or a zombie."""
    fields = stat_fields(pid)
    return 0 if not fields or fields[0] in "ZX" else int(fields[19])


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/N/stat after the command's name, from the state on."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def belonging_to(container_id: str, leader: int) -> list[int]:
    """Living processes that descend from the container's first one: by session, ancestry or environment.

    `leader` is that first process, alive or just seen to end: while its session has members the kernel gives
    its id to nobody else, but once they are gone it may be anybody's. 0: not known.
    """
    parents: dict[int, int] = {}
    members: set[int] = set()
    for pid in all_pids():
        fields = stat_fields(pid)
        if not fields or fields[0] in "ZX":
            continue
        parents[pid] = int(fields[1])
        if (leader and leader in (pid, int(fields[3]))) or _is_tagged(pid, container_id):
            members.add(pid)
    while grown := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= grown
    return sorted(members)


def all_pids() -> list[int]:
    """Every process of the machine, as far as it can be seen."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _is_tagged(pid: int, container_id: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"{CONTAINER_VARIABLE}={container_id}".encode() in file.read().split(b"\0")
    except OSError:
        return False


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal; a process that is gone or another user's is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def exit_code(status: int) -> tuple[int, int]:
    """Exit code (128 + signal for a killed process) and signal of a wait status."""
    code = os.waitstatus_to_exitcode(status)
    return (128 - code, -code) if code < 0 else (code, 0)
