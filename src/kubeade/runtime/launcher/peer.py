"""One connection to the launcher: whole messages in, queued messages out, descriptors beside both."""

from __future__ import annotations

import array
import os
import socket
import struct

from kubeade.runtime.launcher import protocol
from kubeade.runtime.launcher.loop import READ, WRITE, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kubeade.runtime.launcher.protocol import Message

_QUEUE_LIMIT_BYTES = 64 << 20


class Peer:
    """Closes itself when the other side goes, breaks the protocol, or lets too much pile up."""

    def __init__(
        self, loop: Loop, connection: socket.socket, on_message: Callable[[Peer, Any, list[int]], None]
    ) -> None:
        self.on_close: Callable[[Peer], None] = lambda peer: None
        self._loop = loop
        self._socket = connection
        self._on_message = on_message
        self._decoder = protocol.Decoder()
        self._queue: list[tuple[memoryview, list[int]]] = []
        self._queued_bytes = 0
        self._open = True
        connection.setblocking(False)
        loop.watch(connection.fileno(), self._ready)

    def send(self, message: Message, fds: list[int] | None = None) -> None:
        """Queue a message. The descriptors are duplicated: the caller keeps its own."""
        if not self._open:
            return
        if fds:
            message["fds"] = len(fds)
        data = protocol.encode(message)
        self._queue.append((memoryview(data), [os.dup(fd) for fd in fds or []]))
        self._queued_bytes += len(data)
        self._flush()
        if self._queued_bytes > _QUEUE_LIMIT_BYTES:
            self.close()

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._loop.forget(self._socket.fileno())
        self._socket.close()
        for _, fds in self._queue:
            _close_all(fds)
        self.on_close(self)

    def _ready(self) -> None:
        self._flush()
        if not self._open:
            return
        try:
            data, fds = _receive(self._socket)
        except BlockingIOError:
            return
        except OSError:
            data, fds = b"", []
        if not data:
            self.close()
            return
        self._decoder.feed(data, fds)
        try:
            while self._open and (item := self._decoder.next()):
                self._on_message(self, *item)
        except ValueError:
            self.close()

    def _flush(self) -> None:
        try:
            while self._queue:
                self._send_first()
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        self._loop.watch(self._socket.fileno(), self._ready, READ | WRITE if self._queue else READ)

    def _send_first(self) -> None:
        data, fds = self._queue[0]
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        sent = self._socket.sendmsg([data], rights)
        _close_all(fds)
        self._queued_bytes -= sent
        if sent == len(data):
            self._queue.pop(0)
        else:
            self._queue[0] = (data[sent:], [])


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    space = socket.CMSG_SPACE(protocol.FDS_LIMIT * 4)
    data, ancillary, _, _ = connection.recvmsg(protocol.READ_BYTES, space, socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    return data, list(fds)


def _close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def is_same_user(connection: socket.socket) -> bool:
    """Whether the peer runs as the launcher's user, or as root."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the socket's mode has to do
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", credentials)[1]
    return uid in (0, os.getuid())
