"""The streams of a remote command, by number, whatever protocol carries them; and the one over WebSocket.

On the wire the first byte of a message is the channel's number. In v5 a message of 255 and a number closes
that channel, which is how the end of the input travels; v4 has no such thing (KEP-4006).
"""

from enum import IntEnum
from typing import NamedTuple, Protocol

from kubeade.lib.http.websocket import WebSocket

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
_CLOSE = 255


class Channel(IntEnum):
    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ERROR = 3
    RESIZE = 4


class Message(NamedTuple):
    """What a client sent; `ended` closes the channel."""

    channel: Channel
    data: bytes
    ended: bool = False


class Channels(Protocol):
    """Several streams on one connection."""

    async def receive(self) -> Message | None:
        """The next message for stdin or resize; None once the client has gone."""
        ...

    async def send(self, channel: Channel, data: bytes) -> None:
        """Raises ConnectionError once the client has gone."""
        ...

    async def close(self) -> None: ...


class WebSocketChannels:
    """Channels in the messages of one WebSocket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> Message | None:
        while (data := await self._socket.receive()) is not None:
            message = self._message(data)
            if message is not None:
                return message
        return None

    async def send(self, channel: Channel, data: bytes) -> None:
        await self._socket.send(bytes((channel,)) + data)

    async def close(self) -> None:
        await self._socket.close()

    def _message(self, data: bytes) -> Message | None:
        """None for what no client may write to: it is ignored, as upstream does."""
        ended = self._socket.subprotocol == V5 and data[:1] == bytes((_CLOSE,))
        number = data[1:2] if ended else data[:1]
        if number not in (b"\x00", b"\x04"):
            return None
        return Message(Channel(number[0]), b"" if ended else data[1:], ended)
