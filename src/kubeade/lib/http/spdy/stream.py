"""One stream of a session: bytes both ways, each way with an end of its own.

Sending obeys the peer's window, once the peer has shown that it keeps one (`session`). What is received waits
here until it is read; its room is given back to the peer as it is.
"""

import asyncio
from collections import deque
from typing import Protocol

from kubeade.lib.http.spdy.codec import DATA_BYTES
from kubeade.lib.http.spdy.frames import Data, Frame, Headers, RstStream, Status, WindowUpdate

WINDOW_BYTES = 256 * 1024


class Wire(Protocol):
    """What a stream needs of its session."""

    async def send(self, frame: Frame) -> None:
        """Raises ConnectionError once the connection is gone."""
        ...

    def consumed(self, size: int) -> None:
        """So many received bytes need no room any more."""
        ...

    def forget(self, stream_id: int) -> None:
        """The stream is over both ways."""
        ...


class Stream:
    """One task reads, one writes. It is a `Duplex` with an end for each direction."""

    def __init__(
        self, stream_id: int, headers: Headers, wire: Wire, *, ended: bool, window: int | None
    ) -> None:
        self.id = stream_id
        self.headers = headers
        self.unread_bytes = 0
        self._wire = wire
        self._received: deque[bytes] = deque()
        self._taken_bytes = 0
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._window = window
        self._peer_ended = ended
        self._ended = False
        self._lost = False

    async def read(self) -> bytes:
        """The next bytes; b"" once the peer has ended its side, reset the stream, or gone."""
        while not self._received:
            if self._peer_ended or self._lost:
                return b""
            self._readable.clear()
            await self._readable.wait()
        data = self._received.popleft()
        self.unread_bytes -= len(data)
        self._wire.consumed(len(data))
        await self._give_back(len(data))
        return data

    async def write(self, data: bytes) -> None:
        """Raises ConnectionError when the stream was ended or reset, or the connection is gone."""
        rest = memoryview(data)
        while rest:
            size = await self._room(min(len(rest), DATA_BYTES))
            await self._wire.send(Data(self.id, bytes(rest[:size])))
            rest = rest[size:]

    async def end(self) -> None:
        """Send no more; what the peer sends is still read. Again does nothing."""
        if not self._ended and not self._lost:
            self._ended = True
            await self._wire.send(Data(self.id, b"", fin=True))
            self._forget_if_over()

    async def reset(self, status: Status = Status.CANCEL) -> None:
        """End it both ways, at once, and drop what was not read. Again does nothing."""
        if self._lost:
            return
        over = self._ended and self._peer_ended
        self.lose()
        if not over:
            await self._wire.send(RstStream(self.id, status))

    async def close(self) -> None:
        """`end`, by the name that every Duplex has."""
        await self.end()

    # -- what the session has received -------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        self._received.append(data)
        self.unread_bytes += len(data)
        self._readable.set()

    def feed_end(self) -> None:
        self._peer_ended = True
        self._readable.set()
        self._forget_if_over()

    def widen(self, delta: int) -> None:
        """The peer has room for `delta` bytes more; less than none at first, for one that shrinks it."""
        self._window = (self._window or 0) + delta
        self._writable.set()

    def feed_gone(self) -> None:
        """The peer has gone: there is no room to wait for."""
        self._window = None
        self._writable.set()
        self.feed_end()

    def lose(self) -> None:
        """The stream was reset: what was not read is dropped."""
        self._lost = True
        self._wire.consumed(self.unread_bytes)
        self._received.clear()
        self.unread_bytes = 0
        self._readable.set()
        self._writable.set()
        self._wire.forget(self.id)

    @property
    def was_reset(self) -> bool:
        """Nothing goes on, either way, unlike after an end."""
        return self._lost

    @property
    def accepts(self) -> bool:
        """Whether the peer may send on it."""
        return not self._peer_ended

    async def _room(self, wanted: int) -> int:
        while True:
            if self._lost or self._ended:
                raise ConnectionResetError("the stream is closed")
            if self._window is None:
                return wanted
            if self._window > 0:
                size = min(wanted, self._window)
                self._window -= size
                return size
            self._writable.clear()
            await self._writable.wait()

    async def _give_back(self, size: int) -> None:
        self._taken_bytes += size
        if self._taken_bytes >= WINDOW_BYTES // 2 and not self._peer_ended and not self._lost:
            delta, self._taken_bytes = self._taken_bytes, 0
            await self._wire.send(WindowUpdate(self.id, delta))

    def _forget_if_over(self) -> None:
        if self._ended and self._peer_ended:
            self._wire.forget(self.id)
