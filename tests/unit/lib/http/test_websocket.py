"""The server's side of a WebSocket, against wsproto's client."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong

from kubeade.lib.http.message import Request
from kubeade.lib.http.websocket import HandshakeError, WebSocket, accept

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = {
    "upgrade": "websocket",
    "connection": "keep-alive, Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
}


class Wire:
    """A Duplex whose peer has sent `incoming` and then half-closed."""

    def __init__(self, *incoming: bytes) -> None:
        self._incoming = list(incoming)
        self.sent = b""

    async def read(self) -> bytes:
        return self._incoming.pop(0) if self._incoming else b""

    async def write(self, data: bytes) -> None:
        self.sent += data

    async def close(self) -> None: ...


async def serve(socket: WebSocket) -> None: ...


def answers(wire: Wire) -> list[Any]:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(wire.sent)
    return list(client.events())


def test_the_handshake_is_answered_as_the_rfc_shows() -> None:
    headers = {**HEADERS, "sec-websocket-protocol": "v9, v4"}
    answer = dict(accept(Request("GET", "/", headers=headers), ["v5", "v4"], serve).headers)
    assert answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert answer["sec-websocket-protocol"] == "v4"


@pytest.mark.parametrize(
    "changed",
    [
        {"sec-websocket-key": "short"},
        {"sec-websocket-version": "8"},
        {"connection": "close"},
        {"sec-websocket-protocol": "unknown"},
    ],
)
def test_a_bad_handshake_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(HandshakeError):
        accept(Request("GET", "/", headers={**HEADERS, **changed}), ["v5"], serve)


async def test_fragments_are_joined_and_pings_answered() -> None:
    client = Connection(ConnectionType.CLIENT)
    data = client.send(BytesMessage(data=b"le", message_finished=False))
    data += client.send(Ping(payload=b"?")) + client.send(BytesMessage(data=b"mon"))
    wire = Wire(data[:3], data[3:])
    socket = WebSocket(wire)
    assert await socket.receive() == b"lemon"
    assert await socket.receive() is None
    assert Pong(payload=b"?") in answers(wire)


async def test_a_message_that_is_too_large_closes() -> None:
    client = Connection(ConnectionType.CLIENT)
    wire = Wire(client.send(BytesMessage(data=b"x" * 11)))
    assert await WebSocket(wire, message_bytes=10).receive() is None
    assert [each.code for each in answers(wire) if isinstance(each, CloseConnection)] == [1009]


async def test_closing_ends_with_the_peer_s_closing_frame() -> None:
    class Open(Wire):
        """Never half-closes."""

        async def read(self) -> bytes:
            return await super().read() or await asyncio.Future()

    client = Connection(ConnectionType.CLIENT)
    wire = Open(client.send(BytesMessage(data=b"late")) + client.send(CloseConnection(code=1000)))
    await asyncio.wait_for(WebSocket(wire).close(), 2)


@given(st.lists(st.binary(max_size=200)))
async def test_random_bytes_only_end_it(parts: list[bytes]) -> None:
    socket = WebSocket(Wire(*[part for part in parts if part]))
    while await socket.receive() is not None:
        pass
