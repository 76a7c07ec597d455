"""A socket after its upgrade: the `Duplex` that a handler's `upgrade` gets."""

import asyncio
from collections import deque

_HIGH_WATER_BYTES = 256 * 1024


class SocketDuplex:
    """Bytes both ways over the transport of a connection that has stopped speaking HTTP.

    Reading is paused while more than `_HIGH_WATER_BYTES` wait for the reader.
    """

    def __init__(self, transport: asyncio.Transport, writable: asyncio.Event) -> None:
        self._transport = transport
        self._writable = writable
        self._received: deque[bytes] = deque()
        self._received_bytes = 0
        self._wakeup = asyncio.Event()
        self._ended = False
        self._lost = False
        self._paused = False

    async def read(self) -> bytes:
        while not self._received:
            if self._ended:
                return b""
            self._wakeup.clear()
            await self._wakeup.wait()
        data = self._received.popleft()
        self._received_bytes -= len(data)
        if self._paused and self._received_bytes < _HIGH_WATER_BYTES:
            self._paused = False
            if not self._lost:
                self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        if self._lost or self._transport.is_closing():
            raise ConnectionResetError("the peer is gone")
        self._transport.write(data)
        await self._writable.wait()

    async def close(self) -> None:
        self.feed_eof()
        self._transport.close()

    def feed(self, data: bytes) -> None:
        if not data or self._ended:
            return
        self._received.append(data)
        self._received_bytes += len(data)
        if self._received_bytes >= _HIGH_WATER_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wakeup.set()

    def feed_eof(self) -> None:
        """The peer sends no more; what it sent before can still be read."""
        self._ended = True
        self._wakeup.set()

    def lose(self) -> None:
        """The connection is gone both ways."""
        self._lost = True
        self.feed_eof()
