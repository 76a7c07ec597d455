"""Clients that trickle or say nothing, over TLS: each is dropped in time, and others are served meanwhile."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kubeade.cluster.pki import Authority, Subject
from kubeade.lib.clock import SystemClock
from kubeade.lib.http import server as http_server
from kubeade.lib.http.connection import Limits
from kubeade.lib.http.message import Request, Response
from kubeade.lib.http.server import HttpServer

SHORT = Limits(header_seconds=0.2, body_seconds=0.2, idle_seconds=0.2, stalled_write_seconds=0.2)
WHOLE = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


async def answer(request: Request) -> Response:
    return Response(200, body=b"ok")


class Stand:
    """A server over TLS, and connections to it."""

    def __init__(self, directory: Path) -> None:
        authority = Authority(directory, SystemClock())
        authority.issue("server", Subject("server", names=("127.0.0.1",)))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(directory / "server.crt", directory / "server.key")
        self.server = HttpServer(answer, self.context, limits=SHORT)
        self.port = 0

    async def connect(self, *, tls: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=client if tls else None)

    async def is_served(self) -> bool:
        reader, writer = await self.connect()
        writer.write(WHOLE)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return head.startswith(b"HTTP/1.1 200 ")


@pytest.fixture
async def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    monkeypatch.setattr(http_server, "_SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(http_server, "_HANDSHAKE_SECONDS", 0.2)
    stand = Stand(tmp_path)
    stand.port = await stand.server.start()
    yield stand
    await stand.server.stop()


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET / HTTP/1.1\r\nhost: a\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n",
        WHOLE,
    ],
)
async def test_who_goes_silent_is_dropped(stand: Stand, start: bytes) -> None:
    reader, writer = await stand.connect()
    writer.write(start)
    assert await stand.is_served()
    async with asyncio.timeout(10):
        await reader.read()
        writer.close()
        while stand.server.connections:
            await asyncio.sleep(0.01)


async def test_a_header_at_a_time_does_not_buy_time(stand: Stand) -> None:
    reader, writer = await stand.connect()
    writer.write(b"GET / HTTP/1.1\r\n")
    over = asyncio.create_task(reader.read())
    async with asyncio.timeout(10):
        while not over.done():
            writer.write(b"x-more: y\r\n")
            await asyncio.wait([over], timeout=0.02)
    assert not (await over).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_who_never_shakes_hands_is_dropped(stand: Stand) -> None:
    reader, writer = await stand.connect(tls=False)
    assert await stand.is_served()
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
