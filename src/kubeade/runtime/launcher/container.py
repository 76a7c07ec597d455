"""One container: its record, the descriptors of its streams, and how its processes are found and ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import termios

from kubeade.runtime.launcher import cgroups, processes
from kubeade.runtime.launcher.logs import LogFile
from kubeade.runtime.launcher.loop import Loop
from kubeade.runtime.launcher.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kubeade.runtime.launcher.records import Record

_PIPES = ("stdout", "stderr")
_GO = b"g"


class Container:
    """What the launcher holds for a container from its creation to its removal."""

    def __init__(self, record: Record, directory: str, now_nanoseconds: Callable[[], int]) -> None:
        self.record = record
        self.directory = directory
        self.outputs: dict[str, Output] = {}
        self.stdin = -1
        """What leads to the process's standard input: a pipe's end, or the terminal."""
        self.pidfd = -1
        """Held for an adopted process, which is nobody's child any more."""
        self.status: socket.socket | None = None
        """Our end of the conversation with a child that is to become the first process."""
        self.watched = False
        """The first process was seen alive, and somebody of it still is: nobody else has its id."""
        self.log: LogFile | None = None
        self._now = now_nanoseconds

    @property
    def alive(self) -> bool:
        return self.record["state"] in ("starting", "running", "ending")

    @property
    def owns_pid_namespace(self) -> bool:
        return bool(self.record["spec"].get("own_pid"))

    def open_log(self) -> None:
        self.log = LogFile(self.record["spec"]["log_path"], self._now)

    def open_pipes(self, loop: Loop) -> tuple[int, int, int]:
        """Make the pipes and start to read them; the process's three ends, for the caller to close."""
        self.open_log()
        assert self.log is not None
        ends = []
        for stream in _PIPES:
            path = os.path.join(self.directory, stream)
            os.mkfifo(path, 0o600)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            ends.append(os.open(path, os.O_RDWR | os.O_CLOEXEC))
            self.outputs[stream] = Output(loop, reader, stream, self.log)
        return self._open_stdin(), ends[0], ends[1]

    def _open_stdin(self) -> int:
        if not self.record["spec"]["stdin"]:
            return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        reader, self.stdin = os.pipe()
        return reader

    def take_terminal(self, loop: Loop, master: int) -> None:
        """The process has opened its terminal; this is our side of it."""
        if self.log is None:
            self.open_log()
        assert self.log is not None
        self.stdin = os.dup(master)
        self.outputs["stdout"] = Output(loop, master, "stdout", self.log)

    def reopen_pipes(self, loop: Loop) -> None:
        """After a launcher's death: go on reading where it stopped."""
        self.open_log()
        assert self.log is not None
        for stream in _PIPES:
            path = os.path.join(self.directory, stream)
            if os.path.exists(path):
                reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                self.outputs[stream] = Output(loop, reader, stream, self.log)

    def go(self) -> None:
        """The child is on record, and may become the container: one that no record names would run twice."""
        assert self.status is not None
        with contextlib.suppress(OSError):
            self.status.send(_GO)

    def give_up(self) -> None:
        """A child that still waits for its record ends."""
        if self.status is not None:
            self.status.close()

    def await_go(self, status: socket.socket) -> None:
        """In the child: wait for it, and end when the launcher has died instead."""
        assert self.status is not None
        self.status.close()
        if status.recv(len(_GO)) != _GO:
            os._exit(127)

    def close_stdin(self) -> None:
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def finish_streams(self) -> None:
        """Everything written has been logged after this."""
        for output in self.outputs.values():
            output.finish()
        self.outputs.clear()
        self.close_stdin()
        if self.log:
            self.log.close()
            self.log = None
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1

    def remaining(self) -> list[int]:
        """The container's processes that live on although its first one has gone."""
        if self.owns_pid_namespace:
            return []  # the kernel has ended them all before it reported the first one's end
        paths = self.record.get("cgroup_paths") or {}
        found = cgroups.processes(paths) if paths else []
        leader = self.record["pid"] if self.watched else 0
        found = found or processes.belonging_to(self.record["id"], leader)
        self.watched = self.watched and bool(found)
        return found

    def signal(self, number: int) -> None:
        """Signal the first process, if it is still the one that was started."""
        pid = self.record.get("pid")
        if self.alive and pid and processes.start_ticks(pid) == self.record["start_ticks"]:
            processes.kill(pid, number)


def set_window(fd: int, width: int, height: int) -> None:
    """Tell a terminal its size."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


class Starting:
    """A forked child that has not reported success or failure yet."""

    def __init__(self, status: socket.socket, pid: int) -> None:
        self.status = status
        self.pid = pid
        self.received = bytearray()
        self.fds: list[int] = []
        self.finish: Callable[[], None] = lambda: None
        """Take what has been reported so far, and act if that is all."""
