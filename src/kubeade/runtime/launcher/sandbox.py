"""Sandboxes: the namespaces that a pod's containers share, held open by descriptor, without a pause process.

Only a shared PID namespace needs a process of ours: its first one, which reaps for the others.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket

from kubeade.runtime.launcher import privileges, processes, syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from kubeade.runtime.launcher.records import Record

_FLAGS = {"net": syscalls.CLONE_NEWNET, "ipc": syscalls.CLONE_NEWIPC, "uts": syscalls.CLONE_NEWUTS}
_SHM_FLAGS = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC


class Sandbox:
    """One sandbox: its record, and the namespaces that are held for it."""

    def __init__(self, record: Record, directory: str) -> None:
        self.record = record
        self.directory = directory
        self.namespaces: dict[str, int] = {}
        self.made = False
        """Everything is there and held by this launcher."""

    @property
    def ready(self) -> bool:
        return bool(self.record["state"] != "notready")

    def make(self) -> None:
        """Make its namespaces, shared memory and PID namespace. On failure nothing is left."""
        spec = self.record["spec"]
        try:
            self.namespaces = _make_namespaces(spec["namespaces"], spec["hostname"], spec["sysctls"])
            if spec["shm"]:
                os.mkdir(spec["shm"], 0o1777)
                syscalls.mount("shm", spec["shm"], "tmpfs", _SHM_FLAGS, "mode=1777,size=65536k")
            if spec["shared_pid"]:
                self._start_first_process()
            self.made = True
        except BaseException:
            self.free()
            raise

    def _start_first_process(self) -> None:
        pid = fork_into(None)
        if pid == 0:
            _reap_forever()
        self.record["pid"] = pid
        self.record["start_ticks"] = processes.start_ticks(pid)
        self.namespaces["pid"] = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def adopt(self, pids: list[int]) -> bool:
        """After a launcher's death: take the namespaces from a living container; whether that worked."""
        spec = self.record["spec"]
        wanted = list(spec["namespaces"])
        first = self.record.get("pid")
        if spec["shared_pid"]:
            if not first or processes.start_ticks(first) != self.record["start_ticks"]:
                return False
            self.namespaces["pid"] = os.open(f"/proc/{first}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        if wanted and not pids:
            return False
        for name in wanted:
            self.namespaces[name] = os.open(f"/proc/{pids[0]}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        return True

    def free(self) -> None:
        """Let go of everything; the kernel ends what nobody else holds."""
        pid, ticks = self.record.pop("pid", None), self.record.pop("start_ticks", 0)
        if pid and processes.start_ticks(pid) == ticks:
            processes.kill(pid)
        for fd in self.namespaces.values():
            os.close(fd)
        self.namespaces.clear()
        if shm := self.record["spec"]["shm"]:
            with contextlib.suppress(OSError):
                syscalls.umount(shm, syscalls.MNT_DETACH)
            with contextlib.suppress(OSError):
                os.rmdir(shm)


class Own:
    """The launcher's own namespaces: the way back after a visit to new ones."""

    fds: dict[str, int] = {}  # noqa: RUF012 - filled once, by `hold`

    @classmethod
    def hold(cls) -> None:
        for name in (*_FLAGS, "pid"):
            cls.fds[name] = os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)


def fork_into(pid_namespace: int | None) -> int:
    """Fork a child into a PID namespace, or into a new one as its first process."""
    if pid_namespace is None:
        syscalls.unshare(syscalls.CLONE_NEWPID)
    else:
        syscalls.setns(pid_namespace, syscalls.CLONE_NEWPID)
    try:
        pid = os.fork()
    except BaseException:
        _return_to_own(["pid"])
        raise
    if pid:
        _return_to_own(["pid"])
    return pid


def _return_to_own(names: list[str]) -> None:
    """Without the way back the launcher would work in a container's place: it rather dies."""
    try:
        for name in names:
            syscalls.setns(Own.fds[name], 0)
    except OSError:
        os.abort()


def _make_namespaces(names: list[str], hostname: str, sysctls: dict[str, str]) -> dict[str, int]:
    """New namespaces `names` (of net, ipc, uts), set up, by visiting them for a moment."""
    if not names:
        return {}
    flags = 0
    for name in names:
        flags |= _FLAGS[name]
    syscalls.unshare(flags)
    held: dict[str, int] = {}
    try:
        _set_up(names, hostname, sysctls)
        for name in names:
            held[name] = os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except BaseException:
        for fd in held.values():
            os.close(fd)
        raise
    finally:
        _return_to_own(names)
    return held


def _set_up(names: list[str], hostname: str, sysctls: dict[str, str]) -> None:
    if "uts" in names:
        socket.sethostname(hostname)
    if "net" in names:
        _raise_loopback()
        # Any port may be bound by any user, as containerd and Docker set it.
        for name, value in _NETWORK_DEFAULTS.items():
            with contextlib.suppress(OSError):
                _write_sysctl(name, value)
    for name, value in sysctls.items():
        _write_sysctl(name, value)


_NETWORK_DEFAULTS = {"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"}


def _write_sysctl(name: str, value: str) -> None:
    with open("/proc/sys/" + name.replace(".", "/"), "w", encoding="ascii") as file:
        file.write(value)


def _raise_loopback() -> None:
    import fcntl
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        request = struct.pack("16sH14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(control, 0x8914, request)  # SIOCSIFFLAGS


def _reap_forever() -> NoReturn:
    """The first process of a shared PID namespace: no rights, no files, only patience."""
    try:
        os.setsid()
        syscalls.prctl(syscalls.PR_SET_DUMPABLE, 0)
        os.closerange(0, 1024)
        privileges.bound(0)
        privileges.apply(0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
    finally:
        os._exit(0)


def describe(sandbox: Sandbox) -> dict[str, Any]:
    """The record, and where its network namespace can be opened while this launcher lives."""
    fd = sandbox.namespaces.get("net")
    path = f"/proc/{os.getpid()}/fd/{fd}" if fd is not None else None
    return {**sandbox.record, "network_path": path}
