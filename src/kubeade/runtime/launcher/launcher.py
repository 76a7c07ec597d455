"""The launcher's verbs: what kubeade may ask, and what the launcher tells on its own when a process ends."""

from __future__ import annotations

import contextlib
import os
import socket

from kubeade.runtime.launcher import cgroups, plain, processes
from kubeade.runtime.launcher.command_requests import CommandRequests
from kubeade.runtime.launcher.container import Container, Starting
from kubeade.runtime.launcher.loop import Loop
from kubeade.runtime.launcher.peer import Peer
from kubeade.runtime.launcher.records import Records
from kubeade.runtime.launcher.request import Refused, Request, merged, receive_status
from kubeade.runtime.launcher.trash import Trash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kubeade.runtime.launcher.protocol import Message
    from kubeade.runtime.launcher.sandbox import Sandbox

UNKNOWN_EXIT_CODE = 255
START_FAILED_EXIT_CODE = 128
_IDLE_SECONDS = 10.0
_RESCAN_SECONDS = 0.05


class Launcher(CommandRequests):
    """All sandboxes and containers of one data directory, in one of the modes `namespaces` and `process`."""

    def __init__(self, directory: str, mode: str, group: str, now_nanoseconds: Callable[[], int]) -> None:
        self.loop = Loop()
        self.mode = mode
        self._now = now_nanoseconds
        self._boot_id = processes.boot_id()
        self._cgroups = cgroups.Cgroups(group)
        self._sandbox_records = Records(os.path.join(directory, "sandboxes"))
        self._container_records = Records(os.path.join(directory, "containers"))
        self._trash = Trash(directory, self.loop)
        self._sandboxes: dict[str, Sandbox] = {}
        self._containers: dict[str, Container] = {}
        self._by_pid: dict[int, Container] = {}
        self._commands: dict[int, Callable[[int], None]] = {}
        self._starting: dict[int, Starting] = {}
        self._peers: list[Peer] = []
        if mode == "namespaces":
            from kubeade.runtime.launcher import sandbox

            sandbox.Own.hold()
        self.loop.on_child(self._reap)
        self._adopt()
        self._exit_when_idle()

    # Connections

    def accept(self, connection: socket.socket) -> None:
        peer = Peer(self.loop, connection, self._serve)
        peer.on_close = self._peer_closed
        self._peers.append(peer)

    def _peer_closed(self, peer: Peer) -> None:
        self._peers.remove(peer)
        self._exit_when_idle()

    def _exit_when_idle(self) -> None:
        self.loop.after(_IDLE_SECONDS, self._stop_if_idle)

    def _stop_if_idle(self) -> None:
        busy = any(sandbox.ready for sandbox in self._sandboxes.values())
        if not self._peers and not busy and not any(item.alive for item in self._containers.values()):
            self.loop.stop()

    def _serve(self, peer: Peer, message: Message, fds: list[int]) -> None:
        def reply(result: Message, result_fds: list[int] | None = None) -> None:
            peer.send({"id": message["id"], "ok": result}, result_fds)

        def fail(kind: str, text: str) -> None:
            peer.send({"id": message["id"], "kind": kind, "error": text})

        request = Request(message, fds, reply, fail)
        try:
            handler = getattr(self, "do_" + message["op"], None)
            if handler is None:
                raise Refused("Invalid", f"unknown request {message['op']}")
            handler(request)
        except Refused as refusal:
            fail(refusal.kind, str(refusal))
        except (OSError, ValueError) as error:
            fail("Failed", (isinstance(error, OSError) and error.strerror) or str(error))
        finally:
            request.close_fds()

    def _announce(self, container: Container) -> None:
        self._container_records.save(container.record)
        for peer in list(self._peers):
            peer.send({"event": "container", "record": container.record})

    # Sandboxes

    def do_hello(self, request: Request) -> None:
        request.reply(
            {
                "pid": os.getpid(),
                "mode": self.mode,
                "cgroup_version": self._cgroups.version,
                "sandboxes": [self._describe(sandbox) for sandbox in self._sandboxes.values()],
                "containers": [container.record for container in self._containers.values()],
            }
        )

    def _describe(self, sandbox: Sandbox) -> Message:
        from kubeade.runtime.launcher.sandbox import describe

        return describe(sandbox)

    def do_run_sandbox(self, request: Request) -> None:
        from kubeade.runtime.launcher.sandbox import Sandbox

        record = {**request.message["record"], "state": "pending", "boot_id": self._boot_id}
        sandbox = Sandbox(record, self._sandbox_records.directory_of(record["id"]))
        self._sandbox_records.save(record)
        try:
            sandbox.make()
        except BaseException:
            self._remove_sandbox_files(sandbox)
            raise
        self._sandboxes[record["id"]] = sandbox
        self._sandbox_records.save(record)
        request.reply(self._describe(sandbox))

    def do_sandbox_ready(self, request: Request) -> None:
        sandbox = self._sandbox(request)
        if not sandbox.made:
            raise Refused("Invalid", f"sandbox {request.message['target']} was lost while it was made")
        sandbox.record["state"] = "ready"
        sandbox.record["addresses"] = request.message["addresses"]
        self._sandbox_records.save(sandbox.record)
        request.reply({})

    def do_stop_sandbox(self, request: Request) -> None:
        """Free the namespaces; the caller has stopped the containers."""
        sandbox = self._sandbox(request)
        sandbox.free()
        sandbox.record["state"] = "notready"
        self._sandbox_records.save(sandbox.record)
        request.reply({})

    def do_remove_sandbox(self, request: Request) -> None:
        sandbox = self._sandbox(request)
        sandbox.free()
        self._remove_sandbox_files(sandbox)
        del self._sandboxes[sandbox.record["id"]]
        request.reply({})
        self._exit_when_idle()

    def _remove_sandbox_files(self, sandbox: Sandbox) -> None:
        self._trash.take(sandbox.directory)
        if sandbox.record["spec"].get("resources"):
            self._cgroups.remove_outer(sandbox.record["id"])

    def _sandbox(self, request: Request) -> Sandbox:
        try:
            return self._sandboxes[request.message["target"]]
        except KeyError:
            raise Refused("NotFound", f"sandbox {request.message['target']} not found") from None

    # Containers

    def do_create(self, request: Request) -> None:
        record = {**request.message["record"], "state": "created", "boot_id": self._boot_id}
        container = Container(record, self._container_records.directory_of(record["id"]), self._now)
        self._container_records.save(record)
        self._containers[record["id"]] = container
        request.reply(record)

    def do_start(self, request: Request) -> None:
        container = self._container(request)
        record = container.record
        if record["state"] != "created":
            raise Refused("Invalid", f"container {record['id']} is {record['state']}, not created")
        try:
            self._fork_container(container, request)
        except (OSError, ValueError) as error:
            self._start_failed(container, str(error))
            raise

    def _fork_container(self, container: Container, request: Request) -> None:
        record, spec = container.record, container.record["spec"]
        sandbox = self._sandboxes[record["sandbox_id"]]
        if not sandbox.ready:
            raise Refused("Invalid", f"sandbox {record['sandbox_id']} is not running")
        record["cgroup_paths"] = self._make_cgroup(record)
        spec["cgroup_paths"] = record["cgroup_paths"]
        stdio = container.open_pipes(self.loop) if not spec["tty"] else (-1, -1, -1)
        if spec["tty"]:
            container.open_log()
        ours, theirs = socket.socketpair()
        container.status = ours
        try:
            if self.mode == "namespaces":
                pid = self._fork_isolated(container, sandbox, stdio, theirs)
            else:
                pid = self._fork_plain(spec, stdio, theirs, container)
        finally:
            theirs.close()
            for fd in set(stdio) - {-1}:
                os.close(fd)
        record.update(state="starting", pid=pid, start_ticks=processes.start_ticks(pid))
        container.watched = True
        self._container_records.save(record)
        container.go()
        self._by_pid[pid] = container
        self._await_start(Starting(ours, pid), lambda start: self._started(container, start, request))

    def _make_cgroup(self, record: dict[str, Any]) -> dict[str, str]:
        if self.mode != "namespaces":
            return {}
        pod_limits = self._sandboxes[record["sandbox_id"]].record["spec"].get("resources")
        paths = self._cgroups.create(record["id"], record["sandbox_id"] if pod_limits else "")
        record["unlimited"] = cgroups.limit(paths, record["spec"]["resources"])
        if pod_limits:
            record["unlimited"] += cgroups.limit(cgroups.outer(paths), pod_limits)
        return paths

    def _fork_isolated(
        self, container: Container, sandbox: Sandbox, stdio: tuple[int, int, int], status: socket.socket
    ) -> int:
        from kubeade.runtime.launcher import child
        from kubeade.runtime.launcher.sandbox import Own, fork_into

        spec = container.record["spec"]
        joined = {name: fd for name, fd in sandbox.namespaces.items() if name != "pid"}
        pid_namespace = self._pid_namespace(spec, sandbox, Own.fds["pid"])
        pid = fork_into(pid_namespace)
        if pid == 0:
            streams = child.Stdio(*stdio, tty=spec["tty"])
            child.become(status, spec, streams, joined, lambda: container.await_go(status))
        if pid_namespace not in (None, Own.fds["pid"], sandbox.namespaces.get("pid")):
            os.close(pid_namespace or 0)
        return pid

    def _pid_namespace(self, spec: dict[str, Any], sandbox: Sandbox, own: int) -> int | None:
        """The PID namespace for a container: None for a new one."""
        if spec["pid"] == "node":
            return own
        if spec["pid"] == "pod":
            return sandbox.namespaces["pid"]
        if spec["pid"].startswith("target:"):
            target = self._containers.get(spec["pid"].removeprefix("target:"))
            if target is None or not target.alive:
                raise Refused("Invalid", "the target container is not running")
            return os.open(f"/proc/{target.record['pid']}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        return None

    def _fork_plain(
        self,
        spec: dict[str, Any],
        stdio: tuple[int, int, int],
        status: socket.socket,
        container: Container | None,
    ) -> int:
        slave = -1
        if spec["tty"]:
            master, slave = os.openpty()
            stdio = (slave, slave, slave)
            if container:
                container.take_terminal(self.loop, master)
        pid = os.fork()
        if pid == 0:
            if container:
                container.await_go(status)
            plain.become(status, spec, stdio)
        if slave >= 0:
            os.close(slave)
        return pid

    def _await_start(self, start: Starting, then: Callable[[Starting], None]) -> None:
        self._starting[start.pid] = start
        start.status.setblocking(False)

        def ready() -> None:
            if receive_status(start):
                self.loop.forget(start.status.fileno())
                start.status.close()
                del self._starting[start.pid]
                then(start)

        start.finish = ready
        self.loop.watch(start.status.fileno(), ready)

    def _started(self, container: Container, start: Starting, request: Request) -> None:
        told = merged(start.received)
        for fd in start.fds:
            container.take_terminal(self.loop, fd)
        if "error" in told:
            self._start_failed(container, told["error"])
            request.fail("Failed", told["error"])
            return
        container.record.update(state="running", started_at=self._now(), user=told.get("user"))
        self._announce(container)
        request.reply(container.record)

    def _start_failed(self, container: Container, message: str) -> None:
        container.give_up()
        container.record.update(started_at=0, reason="StartError", message=message)
        self._finish(container, START_FAILED_EXIT_CODE, 0)

    def do_signal(self, request: Request) -> None:
        self._container(request).signal(request.message["signal"])
        request.reply({})

    def do_remove(self, request: Request) -> None:
        container = self._container(request)
        if container.alive:
            raise Refused("Invalid", f"container {container.record['id']} is running")
        container.finish_streams()
        self._cgroups.remove(container.record.get("cgroup_paths") or {})
        self._trash.take(container.directory)
        del self._containers[container.record["id"]]
        request.reply({})
        self._exit_when_idle()

    def do_reopen_log(self, request: Request) -> None:
        container = self._container(request)
        if container.log is None:
            raise Refused("Invalid", f"container {container.record['id']} is not running")
        container.log.reopen()
        request.reply({})

    def do_limit(self, request: Request) -> None:
        container = self._container(request)
        failed = cgroups.limit(container.record.get("cgroup_paths") or {}, request.message["resources"])
        container.record["spec"]["resources"] = {
            **container.record["spec"]["resources"],
            **request.message["resources"],
        }
        self._container_records.save(container.record)
        request.reply({"failed": failed})

    def do_attach(self, request: Request) -> None:
        """Descriptors in: where to copy the output. Out: what leads to the process's input."""
        container = self._container(request)
        if container.record["state"] != "running":
            raise Refused("Invalid", f"container {container.record['id']} is not running")
        for stream, fd in zip(("stdout", "stderr"), request.fds, strict=False):
            if stream in container.outputs:
                container.outputs[stream].listen(os.dup(fd))
        wanted = request.message["stdin"] and container.stdin >= 0
        request.reply({"tty": container.record["spec"]["tty"]}, [container.stdin] if wanted else [])

    def do_close_stdin(self, request: Request) -> None:
        self._container(request).close_stdin()
        request.reply({})

    def do_shut_down(self, request: Request) -> None:
        """Kill every container, free every sandbox, and end. Records stay for whoever removes the files."""
        for container in self._containers.values():
            container.signal(9)
            for pid in container.remaining() if container.alive else []:
                processes.kill(pid)
        for sandbox in self._sandboxes.values():
            sandbox.free()
        request.reply({})
        self.loop.after(0.0, self.loop.stop)

    def _container(self, request: Request) -> Container:
        try:
            return self._containers[request.message["target"]]
        except KeyError:
            raise Refused("NotFound", f"container {request.message['target']} not found") from None

    # Ends

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            if start := self._starting.get(pid):
                start.finish()  # its last words first
            if container := self._by_pid.pop(pid, None):
                self._first_process_ended(container, *processes.exit_code(status))
            elif told := self._commands.pop(pid, None):
                told(status)
            else:
                self._trash.swept(pid)
        self._check_ending()

    def _first_process_ended(self, container: Container, code: int, number: int) -> None:
        if not container.alive:
            return
        container.record.update(state="ending", exit_code=code, signal=number)
        self._end_if_gone(container)

    def _check_ending(self) -> None:
        for container in list(self._containers.values()):
            if container.record["state"] == "ending":
                self._end_if_gone(container)

    def _end_if_gone(self, container: Container) -> None:
        """A container has ended when its last process has: those left behind are killed."""
        remaining = container.remaining()
        if remaining:
            for pid in remaining:
                processes.kill(pid)
            self.loop.after(_RESCAN_SECONDS, self._check_ending)
        else:
            self._finish(container, container.record["exit_code"], container.record["signal"])

    def _finish(self, container: Container, code: int, number: int) -> None:
        record = container.record
        record.update(state="exited", exit_code=code, signal=number, finished_at=self._now())
        container.finish_streams()
        if not record.get("reason"):
            record["reason"] = "Completed" if code == 0 else "Error"
            if number == 9 and cgroups.killed_for_memory(record.get("cgroup_paths") or {}):
                record["reason"] = "OOMKilled"
        self._cgroups.remove(record.get("cgroup_paths") or {})
        self._announce(container)

    # Adoption

    def _adopt(self) -> None:
        """Take over what an earlier launcher has left."""
        for record in self._container_records.load():
            container = Container(record, self._container_records.directory_of(record["id"]), self._now)
            self._containers[record["id"]] = container
            if container.alive:
                self._adopt_container(container)
        for record in self._sandbox_records.load():
            self._adopt_sandbox(record)

    def _adopt_container(self, container: Container) -> None:
        record = container.record
        alive = (
            record["boot_id"] == self._boot_id
            and processes.start_ticks(record["pid"]) == record["start_ticks"]
        )
        if not alive:
            self._lost(container)
            return
        record["state"] = "running"
        record.setdefault("started_at", self._now())
        self._container_records.save(record)
        container.watched = True
        container.reopen_pipes(self.loop)
        with contextlib.suppress(OSError, AttributeError):
            container.pidfd = os.pidfd_open(record["pid"])
            self.loop.watch(container.pidfd, lambda: self._lost(container))
            return
        self._poll_adopted(container)

    def _poll_adopted(self, container: Container) -> None:
        if processes.start_ticks(container.record["pid"]) != container.record["start_ticks"]:
            self._lost(container)
        else:
            self.loop.after(1.0, lambda: self._poll_adopted(container))

    def _lost(self, container: Container) -> None:
        """Ended while it was nobody's child: how is not known."""
        if container.pidfd >= 0:
            self.loop.forget(container.pidfd)
        container.record["reason"] = "Unknown"
        container.record["message"] = "the exit code is not known: the launcher that started it had died"
        self._first_process_ended(container, UNKNOWN_EXIT_CODE, 0)

    def _adopt_sandbox(self, record: dict[str, Any]) -> None:
        from kubeade.runtime.launcher.sandbox import Sandbox

        sandbox = Sandbox(record, self._sandbox_records.directory_of(record["id"]))
        self._sandboxes[record["id"]] = sandbox
        if record["boot_id"] != self._boot_id:
            record.pop("pid", None)  # whoever has that id now is somebody else
        if record["state"] == "pending":
            sandbox.free()  # whoever ordered it removes it
            return
        living = [
            container.record["pid"]
            for container in self._containers.values()
            if container.alive and container.record["sandbox_id"] == record["id"]
        ]
        if sandbox.ready and not (record["boot_id"] == self._boot_id and sandbox.adopt(living)):
            sandbox.free()
            record["state"] = "notready"
            self._sandbox_records.save(record)
