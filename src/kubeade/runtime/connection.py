"""kubeade's side of the launcher: start one if there is none, ask, and hear of every change.

A lost connection fails the requests under way with `Disconnected`; the next request starts or finds a
launcher again, which has adopted whatever still runs.
"""

import array
import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kubeade.runtime.launcher import protocol
from kubeade.runtime.mode import Mode

_SOURCE = str(Path(__file__).resolve().parents[2])
_START_TIMEOUT_SECONDS = 10.0
_PATH_LIMIT_BYTES = 100
_BOOTSTRAP = "import sys; sys.path.insert(0, sys.argv.pop(1)); {imports}; sys.exit(main(sys.argv[1:]))"
_MAIN = "from kubeade.runtime.launcher.main import main"


class Disconnected(Exception):
    """The launcher went away; what it was asked may or may not have happened."""


class Refusal(Exception):
    """The launcher's answer to a request it cannot serve; `kind` is NotFound, Invalid or Failed."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


Event = dict[str, Any]


class LauncherConnection:
    """One connection to the launcher of `directory`; `on_event` hears what it tells unasked."""

    def __init__(self, directory: Path, mode: Mode, group: str, on_event: Callable[[Event], None]) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o711)
        self._mode = mode
        self._group = group
        self._on_event = on_event
        self._socket: socket.socket | None = None
        self._waiting: dict[int, asyncio.Future[tuple[Event, list[int]]]] = {}
        self._next_id = 0
        self._decoder = protocol.Decoder()
        self._sending = asyncio.Lock()
        self.on_lost: Callable[[], None] = lambda: None

    @property
    def connected(self) -> bool:
        return self._socket is not None

    async def open(self) -> None:
        """Connect, starting a launcher if nobody answers. Raises OSError with what it said."""
        try:
            connection = self._connect()
        except OSError:
            await self._start()
            connection = self._connect()
        connection.setblocking(False)
        self._decoder = protocol.Decoder()
        self._socket = connection
        asyncio.get_running_loop().add_reader(connection.fileno(), self._readable)

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _short_path(self._directory / protocol.SOCKET_NAME) as path:
                connection.connect(path)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _start(self) -> None:
        code = _BOOTSTRAP.format(imports=_MAIN)
        arguments = ["-I", "-S", "-c", code, _SOURCE, str(self._directory), self._mode.value, self._group]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
        )
        _, errors = await asyncio.wait_for(process.communicate(), _START_TIMEOUT_SECONDS)
        if process.returncode:
            text = errors.decode("utf-8", "replace").strip()
            raise OSError(f"the container launcher did not start: {text}")

    async def ask(self, op: str, fds: list[int] | None = None, **fields: Any) -> dict[str, Any]:
        """The answer to a request. Raises Refusal and Disconnected."""
        answer, received = await self.ask_for_fds(op, fds, **fields)
        for fd in received:
            os.close(fd)
        return answer

    async def ask_for_fds(
        self, op: str, fds: list[int] | None = None, **fields: Any
    ) -> tuple[dict[str, Any], list[int]]:
        """Like `ask`, with the descriptors that came along: the caller closes them."""
        self._next_id += 1
        identifier = self._next_id
        future: asyncio.Future[tuple[Event, list[int]]] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = future
        message = {"id": identifier, "op": op, "fds": len(fds or []), **fields}
        try:
            await self._send(protocol.encode(message), fds or [])
            answer, received = await future
        finally:
            self._waiting.pop(identifier, None)
        if "error" in answer:
            raise Refusal(answer["kind"], answer["error"])
        return answer["ok"], received

    async def _send(self, data: bytes, fds: list[int]) -> None:
        async with self._sending:
            connection = self._socket
            if connection is None:
                raise Disconnected("not connected to the launcher")
            try:
                rest = data[self._send_now(connection, data, fds) :]
                if rest:
                    await asyncio.get_running_loop().sock_sendall(connection, rest)
            except OSError as error:
                self.close()
                raise Disconnected(str(error)) from error

    def _send_now(self, connection: socket.socket, data: bytes, fds: list[int]) -> int:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            return connection.sendmsg([data], rights)
        except BlockingIOError:
            if fds:
                raise
            return 0

    def _readable(self) -> None:
        connection = self._socket
        if connection is None:
            return
        try:
            data, fds = _receive(connection)
        except BlockingIOError:
            return
        except OSError:
            data, fds = b"", []
        if not data:
            self.close()
            return
        self._decoder.feed(data, fds)
        while item := self._decoder.next():
            self._handle(*item)

    def _handle(self, message: Event, fds: list[int]) -> None:
        if "event" in message:
            self._on_event(message)
            return
        future = self._waiting.get(message["id"])
        if future is not None and not future.done():
            future.set_result((message, fds))
        else:
            for fd in fds:
                os.close(fd)

    def close(self) -> None:
        """Let go of the launcher; it goes on without us."""
        connection, self._socket = self._socket, None
        if connection is None:
            return
        asyncio.get_running_loop().remove_reader(connection.fileno())
        connection.close()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Disconnected("the launcher went away"))
        self.on_lost()


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    space = socket.CMSG_SPACE(protocol.FDS_LIMIT * 4)
    flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
    data, ancillary, _, _ = connection.recvmsg(protocol.READ_BYTES, space, flags)
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    return data, list(fds)


@contextlib.contextmanager
def _short_path(path: Path) -> Any:
    """A name for `path` that fits in a socket address, however deep the data directory is."""
    if len(os.fsencode(path)) <= _PATH_LIMIT_BYTES or not Path("/proc/self/fd").exists():
        yield str(path)
        return
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{path.name}"
    finally:
        os.close(fd)
