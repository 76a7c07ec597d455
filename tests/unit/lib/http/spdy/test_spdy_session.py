"""The server's side of a connection, against a client that is nothing but the codec."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from spdy_client import Client

from kubeade.lib.http.message import Request, Response
from kubeade.lib.http.spdy import handshake
from kubeade.lib.http.spdy import session as session_module
from kubeade.lib.http.spdy.codec import FrameWriter
from kubeade.lib.http.spdy.frames import (
    INITIAL_WINDOW_SIZE,
    Data,
    Frame,
    GoAway,
    Goodbye,
    Ping,
    RstStream,
    Settings,
    Status,
    SynReply,
    SynStream,
    WindowUpdate,
)
from kubeade.lib.http.spdy.session import SpdySession
from kubeade.lib.http.spdy.stream import WINDOW_BYTES, Stream


@asynccontextmanager
async def opened(*frames: Frame) -> AsyncIterator[tuple[Client, SpdySession, Stream]]:
    """A session with stream 1 on it, opened by `frames`, its settings and its reply read."""
    client = Client()
    client.send(*(frames or (SynStream(1, {"streamtype": "data"}),)))
    async with SpdySession(client) as session:
        stream = await session.accept()
        assert stream is not None
        assert await client.receive() == Settings({INITIAL_WINDOW_SIZE: WINDOW_BYTES})
        assert await client.receive() == SynReply(1)
        yield client, session, stream
        client.send_bytes(b"")


async def test_a_stream_carries_bytes_both_ways_and_ends_each_by_itself() -> None:
    async with opened() as (client, _, stream):
        client.send(Data(1, b"in"), Data(1, b"", fin=True))
        assert (await stream.read(), await stream.read()) == (b"in", b"")
        await stream.write(b"out")
        await stream.end()
        await stream.end()
        assert await client.receive() == Data(1, b"out")
        assert await client.receive() == Data(1, b"", fin=True)
        with pytest.raises(ConnectionError):
            await stream.write(b"more")
    assert await client.receive() == GoAway(1, Goodbye.OK)
    assert client.closed


async def test_a_ping_of_the_client_comes_back_and_ours_do_not() -> None:
    async with opened() as (client, _, _):
        client.send(Ping(2), Ping(7))
        assert await client.receive() == Ping(7)


async def test_a_reset_stream_ends_and_drops_what_was_not_read() -> None:
    async with opened() as (client, _, stream):
        client.send(Data(1, b"lost"), RstStream(1, Status.CANCEL))
        await client.settle()
        assert await stream.read() == b""
        with pytest.raises(ConnectionError):
            await stream.write(b"x")


async def test_resetting_says_so_once_and_nothing_for_a_stream_that_is_over() -> None:
    async with opened() as (client, _, stream):
        await stream.reset()
        await stream.reset()
        assert await client.settle() == [RstStream(1, Status.CANCEL)]
    async with opened(SynStream(1, {}, fin=True)) as (client, _, stream):
        await stream.end()
        await stream.reset()
        assert await client.settle() == [Data(1, b"", fin=True)]


async def test_ids_must_rise_and_be_odd() -> None:
    async with opened() as (client, _, _):
        client.send(SynStream(1), SynStream(4))
        assert await client.settle() == [
            RstStream(1, Status.PROTOCOL_ERROR),
            RstStream(4, Status.PROTOCOL_ERROR),
        ]


async def test_too_many_streams_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_STREAMS", 1)
    async with opened() as (client, _, _):
        client.send(SynStream(3))
        assert await client.settle() == [RstStream(3, Status.REFUSED_STREAM)]


async def test_a_broken_protocol_ends_every_stream_and_is_told() -> None:
    async with opened() as (client, session, stream):
        client.send_bytes(b"\x80\x09\x00\x01" + bytes(4))
        assert await session.accept() is None
        assert session.ended.is_set()
        assert await stream.read() == b""
    assert (await client.settle())[-1] == GoAway(1, Goodbye.PROTOCOL_ERROR)


@pytest.mark.parametrize("farewell", [b"", FrameWriter().write(GoAway(0))])
async def test_a_client_that_leaves_ends_reading_after_what_it_sent(farewell: bytes) -> None:
    async with opened() as (client, session, stream):
        client.send(Data(1, b"last"))
        client.send_bytes(farewell)
        assert await session.accept() is None
        assert (await stream.read(), await stream.read()) == (b"last", b"")


async def test_a_peer_without_windows_is_not_waited_for() -> None:
    async with opened() as (client, _, stream):
        await asyncio.wait_for(stream.write(bytes(10 * WINDOW_BYTES)), 5)
        assert sum(len(frame.data) for frame in await client.settle()) == 10 * WINDOW_BYTES


async def test_a_window_that_the_peer_keeps_is_obeyed() -> None:
    async with opened(Settings({INITIAL_WINDOW_SIZE: 4}), SynStream(1)) as (client, _, stream):
        writing = asyncio.create_task(stream.write(b"lemonade"))
        assert await client.settle() == [Data(1, b"lemo")]
        client.send(WindowUpdate(1, 3))
        assert await client.settle() == [Data(1, b"nad")]
        client.send(Settings({INITIAL_WINDOW_SIZE: 6}))
        assert await client.settle() == [Data(1, b"e")]
        await writing


async def test_who_waits_for_a_window_is_freed_when_the_client_leaves() -> None:
    async with opened(Settings({INITIAL_WINDOW_SIZE: 0}), SynStream(1)) as (client, _, stream):
        writing = asyncio.create_task(stream.write(b"x"))
        await client.settle()
        client.send_bytes(b"")
        await asyncio.wait_for(writing, 5)


async def test_room_is_given_back_as_it_is_read() -> None:
    async with opened() as (client, _, stream):
        half = WINDOW_BYTES // 2
        client.send(Data(1, bytes(half)))
        assert await client.settle() == []
        assert await stream.read() == bytes(half)
        assert await client.settle() == [WindowUpdate(1, half)]


async def test_nothing_is_read_while_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_UNREAD_BYTES", 10)
    async with opened() as (client, _, stream):
        client.send(Data(1, b"0123456789"))
        await client.settle()
        before = client.reads
        client.send(Data(1, b"more"))
        await client.settle()
        assert client.reads == before
        assert await stream.read() == b"0123456789"
        assert await stream.read() == b"more"


async def test_a_reset_makes_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_UNREAD_BYTES", 10)
    async with opened() as (client, session, stream):
        client.send(Data(1, b"0123456789"))
        await client.settle()
        await stream.reset()
        client.send(SynStream(3))
        assert await asyncio.wait_for(session.accept(), 5)


def upgrade(**headers: str) -> Response:
    async def serve(session: SpdySession, protocol: str) -> None: ...

    base = {"connection": "Upgrade", "upgrade": "SPDY/3.1"}
    request = Request("POST", "/", headers=base | {key.replace("_", "-"): v for key, v in headers.items()})
    assert handshake.is_upgrade(request)
    return handshake.accept(request, ["v4", "v3"], serve)


def test_the_first_protocol_of_the_client_that_is_supported_is_taken() -> None:
    answer = upgrade(x_stream_protocol_version="v9, v3, v4")
    assert answer.status == 101
    assert ("x-stream-protocol-version", "v3") in answer.headers


def test_an_upgrade_without_a_common_protocol_is_refused() -> None:
    assert upgrade().status == 400
    answer = upgrade(x_stream_protocol_version="v9")
    assert answer.status == 403
    assert ("x-accepted-stream-protocol-versions", "v4") in answer.headers
    assert answer.upgrade is None
