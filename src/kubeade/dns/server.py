"""The cluster's DNS server: UDP and TCP on one port, records from the API, the rest forwarded."""

import asyncio
import contextlib
from typing import Any, cast

from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINT_SLICES, SERVICES
from kubeade.client.client import Client
from kubeade.dns.answers import Answers, failure, fitted, udp_limit
from kubeade.dns.forward import Forwarder
from kubeade.dns.records import records_of
from kubeade.dns.zone import Zone
from kubeade.reconcile.informer import Informers, key_of

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
FORWARDS_AT_ONCE = 256
TCP_IDLE_SECONDS = 10.0


class DnsServer:
    """Serves one cluster domain on (address, port); port 0 lets the kernel pick."""

    def __init__(self, client: Client, domain: str, forwarder: Forwarder) -> None:
        self._informers = Informers(client)
        self._services = self._informers.of(SERVICES)
        self._slices = self._informers.of(ENDPOINT_SLICES)
        self._slices.add_index("service", _service_keys)
        self._services.add_handler(self._service_changed)
        self._slices.add_handler(self._slice_changed)
        self._zone = Zone()
        self._answers = Answers(self._zone, domain)
        self._forwarder = forwarder
        self._forwards: set[asyncio.Task[None]] = set()
        self._closers: list[Any] = []

    async def start(self, address: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        tcp = await asyncio.start_server(self._serve_tcp, address, port)
        port = int(tcp.sockets[0].getsockname()[1])
        try:
            udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=(address, port))
        except OSError:
            tcp.close()
            raise
        self._closers = [tcp, udp]
        return port

    async def run(self) -> None:
        """Keep the records up until cancelled."""
        try:
            await self._informers.run()
        finally:
            for one in self._closers:
                one.close()

    def respond(self, query: bytes, reply: "_Reply") -> None:
        """Answer a UDP query, now or when a name server has answered."""
        try:
            response = self._answers.answer(query)
        except ValueError:
            return
        if response is not None:
            reply.send(fitted(response, udp_limit(query)))
        elif len(self._forwards) < FORWARDS_AT_ONCE:
            task = asyncio.get_running_loop().create_task(self._forward(query, reply))
            self._forwards.add(task)
            task.add_done_callback(self._forwards.discard)

    async def _forward(self, query: bytes, reply: "_Reply") -> None:
        reply.send(await self._forwarder.ask(query, tcp=False) or failure(query))

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            while True:
                async with asyncio.timeout(TCP_IDLE_SECONDS):
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    query = await reader.readexactly(size)
                response = self._answers.answer(query)
                if response is None:
                    response = await self._forwarder.ask(query, tcp=True) or failure(query)
                writer.write(len(response).to_bytes(2, "big") + response)
                await writer.drain()
        writer.close()

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        self._refresh(key_of(new or old or {}))

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        for one in (old, new):
            for key in _service_keys(one) if one else ():
                self._refresh(key)

    def _refresh(self, key: str) -> None:
        service = self._services.get(key)
        slices = self._slices.by_index("service", key)
        self._zone.set(key, records_of(service, slices) if service else None)


class _Reply:
    """Where a UDP answer goes."""

    def __init__(self, transport: asyncio.DatagramTransport, address: tuple[str, int]) -> None:
        self._transport = transport
        self._address = address

    def send(self, data: bytes) -> None:
        self._transport.sendto(data, self._address)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        if self._transport is not None:
            self._server.respond(data, _Reply(self._transport, (str(address[0]), int(address[1]))))


def _service_keys(one: Object) -> list[str]:
    name = text(one["metadata"], "labels", SERVICE_NAME_LABEL)
    return [f"{one['metadata']['namespace']}/{name}"] if name else []
