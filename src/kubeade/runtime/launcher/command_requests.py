"""Commands in running containers (exec), as the launcher serves them. A part of `Launcher`, kept in a file
of its own."""

from __future__ import annotations

import contextlib
import os
import socket

from kubeade.runtime.launcher import plain, processes
from kubeade.runtime.launcher.container import Container, Starting, set_window
from kubeade.runtime.launcher.request import Refused, Request, merged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kubeade.runtime.launcher.peer import Peer


class CommandRequests:
    """The verbs exec, kill_command and resize. What `Launcher` has besides is named here for the type
    checker."""

    mode: str
    _commands: dict[int, Callable[[int], None]]
    _peers: list[Peer]

    if TYPE_CHECKING:

        def _container(self, request: Request) -> Container: ...

        def _await_start(self, start: Starting, then: Callable[[Starting], None]) -> None: ...

        def _fork_plain(
            self,
            spec: dict[str, Any],
            stdio: tuple[int, int, int],
            status: socket.socket,
            container: Container | None,
        ) -> int: ...

    def do_exec(self, request: Request) -> None:
        """Run a command in a container. Descriptors in: its three streams, none for a terminal."""
        container = self._container(request)
        if container.record["state"] != "running":
            raise Refused("Invalid", f"container {container.record['id']} is not running")
        spec = {**container.record["spec"], **request.message["spec"]}
        ours, theirs = socket.socketpair()
        try:
            pid, terminal = self._fork_command(container, spec, request, theirs)
        finally:
            theirs.close()
        exits: list[int] = []
        self._commands[pid] = exits.append
        self._await_start(
            Starting(ours, pid), lambda start: self._exec_started(start, terminal, exits, request)
        )

    def _fork_command(
        self, container: Container, spec: dict[str, Any], request: Request, status: socket.socket
    ) -> tuple[int, int]:
        stdio = (request.fds[0], request.fds[1], request.fds[2]) if request.fds else (-1, -1, -1)
        if self.mode == "namespaces":
            return self._fork_isolated_command(container, spec, stdio, status), -1
        if not spec["tty"]:
            return self._fork_plain(spec, stdio, status, None), -1
        master, slave = os.openpty()
        pid = os.fork()
        if pid == 0:
            plain.become(status, spec, (slave, slave, slave))
        os.close(slave)
        return pid, master

    def _fork_isolated_command(
        self, container: Container, spec: dict[str, Any], stdio: tuple[int, int, int], status: socket.socket
    ) -> int:
        from kubeade.runtime.launcher import child
        from kubeade.runtime.launcher.sandbox import fork_into

        base = f"/proc/{container.record['pid']}/ns/"
        names = ("pid", "net", "ipc", "uts", "cgroup", "mnt")
        opened = {name: os.open(base + name, os.O_RDONLY | os.O_CLOEXEC) for name in names}
        try:
            pid = fork_into(opened["pid"])
            if pid == 0:
                joined = {name: fd for name, fd in opened.items() if name != "pid"}
                child.become_command(status, spec, child.Stdio(*stdio, tty=spec["tty"]), joined)
        finally:
            for fd in opened.values():
                os.close(fd)
        return pid

    def _exec_started(self, start: Starting, terminal: int, exits: list[int], request: Request) -> None:
        told = merged(start.received)
        terminals = start.fds or ([terminal] if terminal >= 0 else [])
        if "error" in told:
            self._commands[start.pid] = lambda status: None
            request.fail("Failed", told["error"])
        else:
            request.reply({"pid": start.pid}, terminals)
            token = request.message["token"]
            self._commands[start.pid] = lambda status: self._tell_command_end(token, status)
            for status in exits:
                self._commands.pop(start.pid)(status)
        for fd in terminals:
            os.close(fd)

    def _tell_command_end(self, token: str, status: int) -> None:
        code, _ = processes.exit_code(status)
        for peer in list(self._peers):
            peer.send({"event": "command", "token": token, "exit_code": code})

    def do_kill_command(self, request: Request) -> None:
        """Kill a command started by `exec`, with the session that it leads."""
        pid = request.message["pid"]
        if pid in self._commands:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, 9)
            processes.kill(pid)
        request.reply({})

    def do_resize(self, request: Request) -> None:
        container = self._container(request)
        if container.stdin >= 0:
            set_window(container.stdin, request.message["width"], request.message["height"])
        request.reply({})
