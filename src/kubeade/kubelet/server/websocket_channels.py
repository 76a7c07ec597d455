"""Channels in the messages of one WebSocket: the first byte of a message is the channel's number.

In the base64 protocols a message is text: the number as a digit, the rest encoded. In v5 a message of 255 and
a number closes that channel, which is how the end of the input travels; before there was no way (KEP-4006).
"""

import base64
import binascii

from kubeade.api.resource import Object
from kubeade.kubelet.server.channels import Channel, Message, status_text
from kubeade.lib.http.websocket import WebSocket

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
BASE64_V4 = "v4.base64.channel.k8s.io"
BASE64_V1 = "base64.channel.k8s.io"
PROTOCOLS = (V5, V4, BASE64_V4, "channel.k8s.io", BASE64_V1)
_CLOSE = b"\xff"
_DIGITS = ord("0")


class NumberedMessages:
    """Messages with the number of their channel, in one of the two encodings."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._base64 = socket.subprotocol in (BASE64_V4, BASE64_V1)

    async def receive(self) -> tuple[int, bytes] | None:
        """None once the client has gone. What cannot be decoded is left out."""
        while (data := await self._socket.receive()) is not None:
            if not data:
                continue
            if not self._base64:
                return data[0], data[1:]
            try:
                return data[0] - _DIGITS, base64.b64decode(data[1:], validate=True)
            except binascii.Error:
                continue
        return None

    async def send(self, number: int, data: bytes) -> None:
        if self._base64:
            await self._socket.send(f"{number}{base64.b64encode(data).decode()}")
        else:
            await self._socket.send(bytes((number,)) + data)


class WebSocketChannels:
    """The channels of a remote command."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._messages = NumberedMessages(socket)

    async def greet(self, first: Channel) -> None:
        """Tell clients of the older protocols that the connection stands, by an empty message."""
        if self._socket.subprotocol != V5:
            await self._messages.send(first, b"")

    async def receive(self) -> Message | None:
        """What no client may write to is ignored, as upstream does."""
        while (received := await self._messages.receive()) is not None:
            number, data = received
            ended = self._socket.subprotocol == V5 and number == _CLOSE[0]
            if ended:
                number, data = (data[0], b"") if len(data) == 1 else (-1, b"")
            if number in (Channel.STDIN, Channel.RESIZE):
                return Message(Channel(number), data, ended)
        return None

    async def send(self, channel: Channel, data: bytes) -> None:
        await self._messages.send(channel, data)

    async def send_status(self, status: Object) -> None:
        text = status_text(status, as_object=self._socket.subprotocol in (V5, V4, BASE64_V4))
        if text:
            await self._messages.send(Channel.ERROR, text)

    async def ping(self) -> None:
        await self._socket.ping()

    async def close(self) -> None:
        await self._socket.close()
