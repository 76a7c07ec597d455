"""UDP in user space: each client has its own socket towards its endpoint, until it has been quiet for a
while."""

import asyncio
from typing import Any, cast

from kubeade.proxy.choice import Chooser
from kubeade.proxy.table import ALL_ADDRESSES, Route

QUIET_SECONDS = 30.0
CLIENTS_LIMIT = 4096
WAITING_LIMIT = 64

Address = tuple[str, int]


class UdpFront(asyncio.DatagramProtocol):
    """Receives for one route; the route's endpoints may be exchanged while it does."""

    def __init__(self, route: Route) -> None:
        self._chooser = Chooser(route)
        self._transport: asyncio.DatagramTransport | None = None
        self._clients: dict[Address, _Client] = {}

    async def open(self) -> None:
        """Raises OSError where the address cannot be received on."""
        front = self._chooser.route.front
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(
            lambda: self, local_addr=(front.address or ALL_ADDRESSES, front.port)
        )

    def exchange(self, route: Route) -> None:
        self._chooser.route = route
        for client in list(self._clients.values()):
            if client.endpoint not in [(e.address, e.port) for e in route.endpoints]:
                client.close()

    async def close(self) -> None:
        for client in list(self._clients.values()):
            client.close()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        source = (str(address[0]), int(address[1]))
        client = self._clients.get(source)
        if client is None:
            client = self._new_client(source)
            if client is None:
                return
        client.send(data)

    def answer(self, data: bytes, client: Address) -> None:
        if self._transport is not None:
            self._transport.sendto(data, client)

    def forget(self, client: Address) -> None:
        self._clients.pop(client, None)

    def _new_client(self, source: Address) -> "_Client | None":
        loop = asyncio.get_running_loop()
        candidates = self._chooser.candidates(source[0], loop.time())
        if not candidates or len(self._clients) >= CLIENTS_LIMIT:
            return None
        self._chooser.chosen(source[0], candidates[0], loop.time())
        client = _Client(self, source, (candidates[0].address, candidates[0].port))
        self._clients[source] = client
        return client


class _Client(asyncio.DatagramProtocol):
    """One client's socket towards its endpoint; datagrams wait (bounded) until it is open."""

    def __init__(self, front: UdpFront, source: Address, endpoint: Address) -> None:
        self.endpoint = endpoint
        self._front = front
        self._source = source
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: list[bytes] = []
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(self._open())
        self._last = loop.time()
        self._timer = loop.call_later(QUIET_SECONDS, self._check_quiet)

    def send(self, data: bytes) -> None:
        self._last = asyncio.get_running_loop().time()
        if self._transport is not None:
            self._transport.sendto(data)
        elif len(self._waiting) < WAITING_LIMIT:
            self._waiting.append(data)

    def close(self) -> None:
        self._front.forget(self._source)
        self._timer.cancel()
        self._opening.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        for data in self._waiting:
            self._transport.sendto(data)
        self._waiting.clear()

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        self._last = asyncio.get_running_loop().time()
        self._front.answer(data, self._source)

    def error_received(self, error: Exception) -> None:
        """The endpoint refuses: the client's next datagram chooses anew."""
        self.close()

    async def _open(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(lambda: self, remote_addr=self.endpoint)
        except OSError:
            self.close()

    def _check_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        left = self._last + QUIET_SECONDS - loop.time()
        if left <= 0:
            self.close()
        else:
            self._timer = loop.call_later(left, self._check_quiet)
