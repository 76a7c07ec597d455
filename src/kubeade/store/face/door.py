"""The etcd face's door: a port that costs nothing until somebody comes.

gRPC takes 60 ms and 15 MB to load. So the port is a plain socket; its first visitor has the server
started behind it, on a port of its own, and what visitors and server say is handed on unread: TLS is
between those two.
"""

import asyncio
from asyncio import BaseTransport, Protocol, Task, Transport
from collections.abc import Awaitable, Callable
from typing import cast

LOOPBACK = "127.0.0.1"


class Door:
    """Hands connections on to the port that `open_house` returns, which is called once."""

    def __init__(self, open_house: Callable[[], Awaitable[int]]) -> None:
        self._open_house = open_house
        self._opening: Task[int] | None = None
        self._server: asyncio.Server | None = None
        self._visitors: set[Visitor] = set()

    async def start(self, host: str, port: int) -> int:
        """Returns the port, which 0 leaves open. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._visitor, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for visitor in list(self._visitors):
            visitor.leave()

    def _visitor(self) -> "Visitor":
        visitor = Visitor(self._house, self._visitors.discard)
        self._visitors.add(visitor)
        return visitor

    async def _house(self) -> int:
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.ensure_future(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> int:
        return await self._open_house()


class Pipe(Protocol):
    """One direction: what is received here is sent by the peer, no faster than the peer takes it."""

    def __init__(self, lost: Callable[[], None]) -> None:
        self.peer: Pipe | None = None
        self.transport: Transport | None = None
        self._lost = lost

    def connection_made(self, transport: BaseTransport) -> None:
        self.transport = cast("Transport", transport)

    def data_received(self, data: bytes) -> None:
        assert self.peer is not None
        assert self.peer.transport is not None
        self.peer.transport.write(data)

    def pause_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost()


class Visitor(Pipe):
    """A client's connection, with one of its own into the house."""

    def __init__(self, house: Callable[[], Awaitable[int]], left: "Callable[[Visitor], None]") -> None:
        super().__init__(self.leave)
        self._house = house
        self._left = left
        self._entering: Task[None] | None = None
        self._said_outside: list[bytes] = []

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._entering = asyncio.ensure_future(self._enter())

    def data_received(self, data: bytes) -> None:
        if self.peer is None:
            self._said_outside.append(data)  # the start of a TLS handshake: it has to wait for an answer
        else:
            super().data_received(data)

    def leave(self) -> None:
        """Both connections end."""
        if self._entering is not None:
            self._entering.cancel()
        for end in (self, self.peer):
            if end is not None and end.transport is not None:
                end.transport.close()
        self._left(self)

    async def _enter(self) -> None:
        try:
            port = await self._house()
            loop = asyncio.get_running_loop()
            transport, peer = await loop.create_connection(lambda: Pipe(self.leave), LOOPBACK, port)
        except OSError:
            self.leave()
            return
        peer.peer = self
        self.peer = peer
        transport.writelines(self._said_outside)
        self._said_outside.clear()
