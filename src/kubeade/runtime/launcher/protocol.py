"""Messages between kubeade and its launcher: a length, JSON, and descriptors that travel beside it.

Both ends use this module. A message is a dict; `fds` in it says how many descriptors belong to it.
"""

from __future__ import annotations

import json
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]

SOCKET_NAME = "launcher.sock"
LOCK_NAME = "launcher.lock"
READ_BYTES = 1 << 18
MESSAGE_LIMIT_BYTES = 32 << 20
FDS_LIMIT = 16
_HEADER = struct.Struct("!I")


def encode(message: Message) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    return _HEADER.pack(len(body)) + body


class Decoder:
    """Cuts a byte stream into messages and hands each its descriptors."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._fds: list[int] = []

    def feed(self, data: bytes, fds: list[int]) -> None:
        self._buffer += data
        self._fds += fds

    def next(self) -> tuple[Message, list[int]] | None:
        """The next whole message with its descriptors. Raises ValueError for one above the limit."""
        if len(self._buffer) < _HEADER.size:
            return None
        (size,) = _HEADER.unpack_from(self._buffer)
        if size > MESSAGE_LIMIT_BYTES:
            raise ValueError(f"message of {size} bytes")
        end = _HEADER.size + size
        if len(self._buffer) < end:
            return None
        message = json.loads(bytes(self._buffer[_HEADER.size : end]))
        del self._buffer[:end]
        count = message.get("fds", 0)
        fds, self._fds = self._fds[:count], self._fds[count:]
        return message, fds
