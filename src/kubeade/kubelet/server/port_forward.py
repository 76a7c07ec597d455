"""/portForward/{namespace}/{pod}: connections to ports of a pod, over SPDY or WebSocket.

Each is a stream for the bytes and one for what went wrong. A client that ends its side half-closes the pod's
connection; the pod's end ends both streams. Over SPDY a request's two streams are matched by `requestid`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from kubeade.cri.service import CriError, PodConnection
from kubeade.kubelet.server.spdy_channels import CREATION_SECONDS, STREAM_TYPE
from kubeade.kubelet.server.websocket_channels import BASE64_V4, V4, NumberedMessages
from kubeade.lib.http.keepalive import until_gone
from kubeade.lib.http.spdy.frames import Status
from kubeade.lib.http.spdy.session import SpdySession
from kubeade.lib.http.spdy.stream import Stream
from kubeade.lib.http.websocket import WebSocket

SPDY_PROTOCOLS = ("portforward.k8s.io",)
TUNNEL_PROTOCOL = "SPDY/3.1+portforward.k8s.io"
WEBSOCKET_PROTOCOLS = (V4, BASE64_V4)


class Side(Protocol):
    """One stream of a request, at the client's side."""

    async def read(self) -> bytes:
        """b"" at its end."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def end(self) -> None: ...

    async def reset(self) -> None: ...

    @property
    def was_reset(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Target:
    """The pod. `connect` raises OSError, CriError."""

    name: str
    uid: str
    connect: Callable[[int], Awaitable[PodConnection]]


async def forward(target: Target, port: int, data: Side, error: Side) -> None:
    """One connection from its start to its end."""
    try:
        connection = await target.connect(port)
    except (OSError, CriError) as problem:
        where = f"error forwarding port {port} to pod {target.name}, uid {target.uid}"
        await error.write(f"{where}: {problem}".encode())
        await error.end()
        await data.reset()
        return
    to_pod = asyncio.create_task(_carry_to_pod(data, connection))
    to_client = asyncio.create_task(_carry_to_client(connection, data))
    try:
        await asyncio.wait([to_pod, to_client], return_when=asyncio.FIRST_COMPLETED)
        if not data.was_reset:
            await asyncio.wait([to_client])
    finally:
        for task in (to_pod, to_client):
            task.cancel()
        await asyncio.gather(to_pod, to_client, return_exceptions=True)
        await connection.close()
    await error.end()
    await data.reset()


async def _carry_to_pod(data: Side, connection: PodConnection) -> None:
    while chunk := await data.read():
        await connection.write(chunk)
    connection.end()


async def _carry_to_client(connection: PodConnection, data: Side) -> None:
    while chunk := await connection.read():
        await data.write(chunk)
    await data.end()


# -- SPDY ------------------------------------------------------------------------------------------


async def serve_spdy(session: SpdySession, target: Target) -> None:
    """Until the client has gone, and every connection with it."""
    await _first_of(_accept(session, target), until_gone(session.ping))


async def _first_of(*each: Coroutine[None, None, None]) -> None:
    """Run them until one has ended, be it because the client has gone; the others are cancelled."""
    tasks = [asyncio.create_task(one) for one in each]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    with suppress(ConnectionError):
        for task in ended:
            task.result()


async def _accept(session: SpdySession, target: Target) -> None:
    waiting: dict[str, asyncio.Future[Stream]] = {}
    running: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as tasks:
        while (stream := await session.accept()) is not None:
            request = _request_id(stream)
            partner = waiting.pop(request, None)
            if _port(stream.headers.get("port", "")) is None or not request:
                await stream.reset(Status.PROTOCOL_ERROR)
            elif partner is not None and not partner.done():
                partner.set_result(stream)
            else:
                waiting[request] = partner = asyncio.get_running_loop().create_future()
                partner.add_done_callback(partial(_give_up, waiting, request))
                task = tasks.create_task(_serve_request(stream, partner, target))
                running.add(task)
                task.add_done_callback(running.discard)
        for task in running:
            task.cancel()


def _give_up(
    waiting: dict[str, "asyncio.Future[Stream]"], request: str, partner: "asyncio.Future[Stream]"
) -> None:
    if waiting.get(request) is partner:
        del waiting[request]


async def _serve_request(first: Stream, partner: "asyncio.Future[Stream]", target: Target) -> None:
    """Wait for the other stream of the pair and forward."""
    with suppress(ConnectionError):  # the client gave this one up, or is gone
        try:
            async with asyncio.timeout(CREATION_SECONDS):
                second = await partner
        except TimeoutError:
            await first.reset()
            return
        streams = {each.headers[STREAM_TYPE]: each for each in (first, second)}
        if len(streams) == 2:
            port = int(streams["data"].headers["port"])
            await forward(target, port, streams["data"], streams["error"])
        else:
            await first.reset(Status.PROTOCOL_ERROR)
            await second.reset(Status.PROTOCOL_ERROR)


def _request_id(stream: Stream) -> str:
    """ "" for a stream that belongs to none. Clients older than the header open error before data."""
    kind = stream.headers.get(STREAM_TYPE, "")
    if kind not in ("data", "error"):
        return ""
    first = stream.id if kind == "error" else stream.id - 2
    return stream.headers.get("requestid") or f"stream {first}"


def _port(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return number if 0 < number < 1 << 16 else None


# -- WebSocket -------------------------------------------------------------------------------------


def read_ports(values: list[str]) -> list[int]:
    """Of the query's `port`, each a list with commas. Raises ValueError."""
    if not values:
        raise ValueError('query parameter "port" is required')
    ports = []
    for text in ",".join(values).split(","):
        port = _port(text)
        if port is None:
            raise ValueError(f'unable to parse "{text}" as a port')
        ports.append(port)
    return ports


class _NumberedSide:
    """A channel of a WebSocket. It has no end: nobody has given this protocol a message for that."""

    def __init__(self, messages: NumberedMessages, number: int) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue(1)
        self._messages = messages
        self._number = number
        self.was_reset = False

    async def read(self) -> bytes:
        return await self.received.get()

    async def write(self, data: bytes) -> None:
        await self._messages.send(self._number, data)

    async def end(self) -> None:
        """See the class."""

    async def reset(self) -> None:
        """Drop what comes from now on."""
        self.was_reset = True
        while not self.received.empty():
            self.received.get_nowait()


async def serve_websocket(socket: WebSocket, target: Target, ports: list[int]) -> None:
    """Channel 2n has the bytes of port n and 2n + 1 its errors; each begins with the port, low byte first.
    Until every connection has ended, or the client has gone."""
    messages = NumberedMessages(socket)
    sides = [_NumberedSide(messages, number) for number in range(2 * len(ports))]
    for number, side in enumerate(sides):
        await side.write(ports[number // 2].to_bytes(2, "little"))
    forwarding = _forward_all(target, ports, sides)
    await _first_of(forwarding, _receive(messages, sides), until_gone(socket.ping))
    await socket.close()


async def _forward_all(target: Target, ports: list[int], sides: list[_NumberedSide]) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            for n, port in enumerate(ports):
                tasks.create_task(forward(target, port, sides[2 * n], sides[2 * n + 1]))
    except* ConnectionError:
        pass  # the client is gone: each of them has noticed


async def _receive(messages: NumberedMessages, sides: list[_NumberedSide]) -> None:
    """Hand each message to its side; returns once the client has gone."""
    while (received := await messages.receive()) is not None:
        number, data = received
        if 0 <= number < len(sides) and number % 2 == 0 and data and not sides[number].was_reset:
            await sides[number].received.put(data)
