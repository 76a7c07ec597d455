"""The server's side of a WebSocket (RFC 6455) over a connection that `lib.http.server` hands over.

`accept` answers the opening handshake; `WebSocket` then gives whole messages. Pings are answered, messages
are joined from their fragments and limited in size. Extensions are not negotiated. wsproto knows the frames.
"""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from kubeade.lib.http.message import Duplex, HandshakeError, Request, Response

_ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CLOSE_SECONDS = 5.0
MESSAGE_BYTES = 32 * 1024 * 1024


class WebSocket:
    """Messages both ways. One task reads; any may write."""

    def __init__(self, duplex: Duplex, subprotocol: str = "", message_bytes: int = MESSAGE_BYTES) -> None:
        self.subprotocol = subprotocol
        self._duplex = duplex
        self._connection = Connection(ConnectionType.SERVER)
        self._message_bytes = message_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._ready: list[bytes] = []
        self._ended = False
        self._closing = False
        self._writing = asyncio.Lock()

    async def receive(self) -> bytes | None:
        """The next message (text as UTF-8); None once the peer has closed or broken the protocol."""
        while not self._ready:
            if self._ended:
                return None
            data = await self._duplex.read()
            if not data:  # gone without a closing frame: nobody is there to be answered
                self._ended = self._closing = True
                return None
            try:
                self._connection.receive_data(data)
                for event in self._connection.events():
                    await self._take(event)
            except RemoteProtocolError as error:
                self._ended = True
                hint = error.event_hint
                await self.close(
                    hint.code if isinstance(hint, CloseConnection) else CloseReason.PROTOCOL_ERROR
                )
        return self._ready.pop(0)

    async def send(self, data: bytes | str) -> None:
        """Send one message, of text for a `str`. Raises ConnectionError once closed."""
        if self._closing:
            raise ConnectionResetError("the WebSocket is closed")
        message = TextMessage(data=data) if isinstance(data, str) else BytesMessage(data=data)
        try:
            await self._write(self._connection.send(message))
        except LocalProtocolError as error:
            raise ConnectionResetError("the WebSocket is closed") from error

    async def ping(self) -> None:
        """Raises ConnectionError once the peer has gone. Nobody waits for its answer."""
        if not self._closing:
            await self._write(self._connection.send(Ping()))

    async def close(self, code: int = CloseReason.NORMAL_CLOSURE, reason: str = "") -> None:
        """Send the closing frame, once, and wait a moment for the peer's."""
        if self._closing:
            return
        self._closing = True
        try:
            await self._write(self._connection.send(CloseConnection(code=code, reason=reason)))
        except (LocalProtocolError, ConnectionError):
            return
        with suppress(TimeoutError, RemoteProtocolError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._wait_closed()

    async def _wait_closed(self) -> None:
        """What still comes before the peer's closing frame is dropped."""
        while not self._ended and (data := await self._duplex.read()):
            self._connection.receive_data(data)
            self._ended = any(isinstance(event, CloseConnection) for event in self._connection.events())

    async def _take(self, event: object) -> None:
        if isinstance(event, Ping):
            await self._write(self._connection.send(event.response()))
        elif isinstance(event, CloseConnection):
            self._ended = True
            if not self._closing:
                self._closing = True
                await self._write(self._connection.send(event.response()))
        elif isinstance(event, Message) and not self._ended:
            await self._collect(event)

    async def _collect(self, event: Message) -> None:  # type: ignore[type-arg]
        data = event.data.encode() if isinstance(event, TextMessage) else bytes(event.data)
        self._size += len(data)
        if self._size > self._message_bytes:
            self._ended = True
            await self.close(CloseReason.MESSAGE_TOO_BIG)
            return
        self._parts.append(data)
        if event.message_finished:
            self._ready.append(b"".join(self._parts))
            self._parts, self._size = [], 0

    async def _write(self, data: bytes) -> None:
        async with self._writing:
            await self._duplex.write(data)


class WebSocketDuplex:
    """The binary messages of a WebSocket as one stream of bytes: what is tunnelled through it."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        while (data := await self._socket.receive()) is not None:
            if data:
                return data
        return b""

    async def write(self, data: bytes) -> None:
        await self._socket.send(data)

    async def close(self) -> None:
        await self._socket.close()


def is_handshake(request: Request) -> bool:
    """Whether the client asks for a WebSocket."""
    return "websocket" in _tokens(request.headers.get("upgrade", "").lower())


def accept(
    request: Request, supported: Sequence[str], serve: Callable[[WebSocket], Awaitable[None]]
) -> Response:
    """The 101 that turns the connection into a WebSocket for `serve`. Raises HandshakeError.

    The subprotocol is the first of the client's that is supported; a client that offers none gets "".
    """
    key = _key(request)
    offered = _tokens(request.headers.get("sec-websocket-protocol", ""))
    chosen = next((each for each in offered if each in supported), "")
    if offered and not chosen:
        raise HandshakeError(f"none of the subprotocols is supported: {', '.join(offered)}")
    digest = hashlib.sha1(key.encode() + _ACCEPT_SALT, usedforsecurity=False).digest()
    headers = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", base64.b64encode(digest).decode()),
    ]
    if chosen:
        headers.append(("sec-websocket-protocol", chosen))

    async def upgrade(duplex: Duplex) -> None:
        await serve(WebSocket(duplex, chosen))

    return Response(101, headers, upgrade=upgrade)


def _key(request: Request) -> str:
    headers = request.headers
    if request.method != "GET" or "upgrade" not in _tokens(headers.get("connection", "").lower()):
        raise HandshakeError("a WebSocket is opened by GET with Connection: Upgrade")
    if headers.get("sec-websocket-version", "") != "13":
        raise HandshakeError("only version 13 of WebSocket is supported")
    key = headers.get("sec-websocket-key", "")
    try:
        nonce = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        nonce = b""
    if len(nonce) != 16:
        raise HandshakeError("Sec-WebSocket-Key is no nonce of 16 bytes")
    return key


def _tokens(header: str) -> list[str]:
    return [token for each in header.split(",") if (token := each.strip())]
