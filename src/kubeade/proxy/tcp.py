"""TCP in user space: accept at a front, connect to an endpoint, carry bytes both ways.

An endpoint that refuses is passed over for the next one. Each side's end of stream is handed on by itself,
so half-closed connections work; a slow side slows the other (flow control), so memory per connection is
bounded.
"""

import asyncio
import contextlib
import ipaddress
from typing import cast

from kubeade.proxy.choice import Chooser
from kubeade.proxy.table import ALL_ADDRESSES, Route

CONNECT_TIMEOUT_SECONDS = 5.0
BACKLOG = 1024


class TcpFront:
    """Listens for one route; the route's endpoints may be exchanged while it does."""

    def __init__(self, route: Route) -> None:
        self._chooser = Chooser(route)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Raises OSError where the address cannot be listened on."""
        front = self._chooser.route.front
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Pipe(self),
            front.address or ALL_ADDRESSES,
            front.port,
            backlog=BACKLOG,
            reuse_address=True,
        )

    def exchange(self, route: Route) -> None:
        self._chooser.route = route

    async def close(self) -> None:
        """Stop listening. Connections that are open stay open, as upstream leaves them."""
        if self._server is not None:
            self._server.close()

    def admits(self, client: str) -> bool:
        """Whether the route's source ranges let this client in."""
        ranges = self._chooser.route.source_ranges
        address = ipaddress.ip_address(client)
        return not ranges or any(address in ipaddress.ip_network(one, strict=False) for one in ranges)

    def connect(self, client: str, near: "_Pipe") -> None:
        """Find the other end for a connection that has just come in."""
        task = asyncio.get_running_loop().create_task(self._connect(client, near))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, client: str, near: "_Pipe") -> None:
        loop = asyncio.get_running_loop()
        for endpoint in self._chooser.candidates(client, loop.time()):
            far = _Pipe(None)
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                    await loop.create_connection(lambda: far, endpoint.address, endpoint.port)  # noqa: B023
                self._chooser.chosen(client, endpoint, loop.time())
                near.join(far)
                return
        near.abort()


class _Pipe(asyncio.Protocol):
    """One side of a relayed connection; what it receives, its peer sends."""

    def __init__(self, front: TcpFront | None) -> None:
        self._front = front
        self._transport: asyncio.Transport | None = None
        self._peer: _Pipe | None = None
        self._ended = False
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._front is None:
            return
        client = transport.get_extra_info("peername")[0]
        if not self._front.admits(client):
            self.abort()
            return
        self._transport.pause_reading()
        self._front.connect(client, self)

    def join(self, peer: "_Pipe") -> None:
        """From now on each side sends what the other receives."""
        self._peer, peer._peer = peer, self
        if self._transport is None or self._transport.is_closing() or peer._transport is None:
            peer.abort()
            self.abort()
            return
        peer._transport.writelines(self._early)
        self._early.clear()
        if self._ended and peer._transport.can_write_eof():
            peer._transport.write_eof()
        self._transport.resume_reading()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._peer is None:
            self._early.append(data)  # uvloop reads once although reading is paused in connection_made
        elif self._peer._transport is not None:
            self._peer._transport.write(data)

    def eof_received(self) -> bool:
        self._ended = True
        peer = self._peer
        if peer is None:
            return True
        if peer._transport is None:
            return False
        if peer._transport.can_write_eof() and not peer._transport.is_closing():
            peer._transport.write_eof()
        return not peer._ended

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        peer = self._peer
        if peer is None or peer._transport is None:
            return
        if error is not None:
            peer._transport.abort()
        else:
            peer._transport.close()

    def pause_writing(self) -> None:
        if self._peer is not None and self._peer._transport is not None:
            self._peer._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._peer is not None and self._peer._transport is not None:
            self._peer._transport.resume_reading()
