"""Watches and logs as messages of a WebSocket."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from api_lab import ApiLab, api_lab
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from kubeade.api.errors import BadRequest
from kubeade.apiserver.over_websocket import BASE64, log_in_form
from kubeade.lib.http.message import Request, Response

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
HANDSHAKE = {
    "upgrade": "websocket",
    "connection": "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": base64.b64encode(b"x" * 16).decode(),
}


class Peer:
    """The client's end of an upgraded connection: what it is sent, and a way to hang up."""

    def __init__(self) -> None:
        self._frames = Connection(ConnectionType.CLIENT)
        self._to_server: asyncio.Queue[bytes] = asyncio.Queue()
        self.messages: asyncio.Queue[bytes | str | None] = asyncio.Queue()

    async def read(self) -> bytes:
        return await self._to_server.get()

    async def write(self, data: bytes) -> None:
        self._frames.receive_data(data)
        for event in self._frames.events():
            if isinstance(event, TextMessage | BytesMessage):
                self.messages.put_nowait(event.data if isinstance(event, TextMessage) else bytes(event.data))
            elif isinstance(event, CloseConnection):
                self.messages.put_nowait(None)
                self._to_server.put_nowait(self._frames.send(event.response()))

    async def close(self) -> None:
        self._to_server.put_nowait(b"")

    def hang_up(self) -> None:
        self._to_server.put_nowait(b"")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        yield found


async def test_a_watch_is_one_text_message_per_event(lab: ApiLab) -> None:
    response = await lab.response("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=1", headers=HANDSHAKE)
    assert response.status == 101
    assert response.upgrade is not None
    peer = Peer()
    serving = asyncio.create_task(response.upgrade(peer))
    await lab.config_map("a")
    await lab.config_map("b")
    for name in "ab":
        message = await peer.messages.get()
        assert isinstance(message, str)
        event = msgspec.json.decode(message)
        assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", name)
    peer.hang_up()
    await asyncio.wait_for(serving, 5)


@pytest.mark.parametrize(("protocol", "sent"), [("", b"line\n"), (BASE64, "bGluZQo=")])
async def test_a_log_begins_with_an_empty_message_and_ends_with_the_log(
    protocol: str, sent: bytes | str
) -> None:
    headers = {**HANDSHAKE, "sec-websocket-protocol": protocol} if protocol else HANDSHAKE
    response = log_in_form(Request("GET", "/log", "", headers, b"", "/log"), Response(200, body=b"line\n"))
    assert response.upgrade is not None
    peer = Peer()
    await asyncio.wait_for(response.upgrade(peer), 5)
    assert [peer.messages.get_nowait() for _ in range(3)] == [b"", sent, None]


async def test_who_asks_for_no_websocket_gets_none() -> None:
    plain = Response(200, body=b"line\n")
    assert log_in_form(Request("GET", "/log", "", {}, b"", "/log"), plain) is plain


async def test_a_protocol_that_is_not_spoken_is_refused() -> None:
    headers = {**HANDSHAKE, "sec-websocket-protocol": "mine"}
    with pytest.raises(BadRequest, match="none of the subprotocols"):
        log_in_form(Request("GET", "/log", "", headers, b"", "/log"), Response(200))
