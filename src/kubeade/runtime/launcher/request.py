"""One request to the launcher, and what a forked child says before it becomes what it shall be."""

from __future__ import annotations

import array
import contextlib
import errno
import json
import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kubeade.runtime.launcher.container import Starting
    from kubeade.runtime.launcher.protocol import Message


class Refused(Exception):
    """A request that cannot be served; `kind` is NotFound, Invalid or Failed."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Request:
    """One message with its descriptors, and the two ways to answer it, now or later."""

    def __init__(
        self,
        message: Message,
        fds: list[int],
        reply: Callable[..., None],
        fail: Callable[[str, str], None],
    ) -> None:
        self.message = message
        self.fds = fds
        self.reply = reply
        self.fail = fail

    def close_fds(self) -> None:
        for fd in self.fds:
            with contextlib.suppress(OSError):
                os.close(fd)
        self.fds = []


def receive_status(start: Starting) -> bool:
    """Take what the child has said; True once it has nothing more to say."""
    while True:
        try:
            data, ancillary, _, _ = start.status.recvmsg(
                65536, socket.CMSG_SPACE(16), socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno != errno.ECONNRESET:
                raise
            return True
        for _, _, payload in ancillary:
            start.fds += array.array("i", payload)
        if not data:
            return True
        start.received += data


def merged(lines: bytes | bytearray) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for line in bytes(lines).splitlines():
        merged.update(json.loads(line))
    return merged
