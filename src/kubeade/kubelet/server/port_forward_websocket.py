"""Ports forwarded over plain WebSocket: the query names them, two numbered channels each."""

import asyncio

from kubeade.kubelet.server.port_forward import Target, first_of, forward, port_number
from kubeade.kubelet.server.websocket_channels import BASE64_V4, V4, NumberedMessages
from kubeade.lib.http.keepalive import until_gone
from kubeade.lib.http.websocket import WebSocket

PROTOCOLS = (V4, BASE64_V4)


def read_ports(values: list[str]) -> list[int]:
    """Of the query's `port`, each a list with commas. Raises ValueError."""
    if not values:
        raise ValueError('query parameter "port" is required')
    ports = []
    for text in ",".join(values).split(","):
        port = port_number(text)
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


async def serve(socket: WebSocket, target: Target, ports: list[int]) -> None:
    """Channel 2n has the bytes of port n and 2n + 1 its errors; each begins with the port, low byte first.
    Until every connection has ended, or the client has gone."""
    messages = NumberedMessages(socket)
    sides = [_NumberedSide(messages, number) for number in range(2 * len(ports))]
    for number, side in enumerate(sides):
        await side.write(ports[number // 2].to_bytes(2, "little"))
    forwarding = _forward_all(target, ports, sides)
    await first_of(forwarding, _receive(messages, sides), until_gone(socket.ping))
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
