"""The HTTP server as a client on a raw socket sees it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from kubeade.lib.http.connection import Limits
from kubeade.lib.http.message import Duplex, Handler, Request, Response
from kubeade.lib.http.server import HttpServer

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Serve = Callable[..., Awaitable[Streams]]
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server for a handler and connects to it."""
    servers: list[HttpServer] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(handler: Handler, limits: Limits | None = None) -> Streams:
        server = HttpServer(handler, limits=limits)
        servers.append(server)
        port = await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        return reader, writer

    start.servers = servers  # type: ignore[attr-defined]
    yield start
    for writer in writers:
        writer.close()
    for server in servers:
        await server.stop()


async def echo(request: Request) -> Response:
    text = f"{request.method} {request.path}?{request.query_string} {len(request.body)}"
    return Response(200, [("content-type", "text/plain")], text.encode())


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def test_answers_pipelined_requests_in_their_order(serve: Serve) -> None:
    reader, writer = await serve(echo)
    writer.write(
        b"GET /a%20b?x=1 HTTP/1.1\r\nhost: a\r\n\r\nPOST /c HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc"
    )
    assert (await read_answer(reader))[1] == b"GET /a b?x=1 0"
    assert (await read_answer(reader))[1] == b"POST /c? 3"


async def test_reads_chunked_bodies(serve: Serve) -> None:
    reader, writer = await serve(echo)
    writer.write(
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert (await read_answer(reader))[1] == b"POST /? 5"


async def test_says_continue_to_a_client_that_asks_first(serve: Serve) -> None:
    reader, writer = await serve(echo)
    writer.write(b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"ab")
    assert (await read_answer(reader))[1] == b"POST /? 2"


async def test_a_body_that_is_too_large_is_read_to_its_end_and_the_connection_kept(serve: Serve) -> None:
    reader, writer = await serve(echo, Limits(body_bytes=10))
    writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\n01234567890")
    head, body = await read_answer(reader)
    assert head.startswith(b"HTTP/1.1 413 ")
    assert body == b"Request entity too large: limit is 10\n"
    writer.write(b"GET /next HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await read_answer(reader))[1] == b"GET /next? 0"


async def test_a_chunked_body_that_becomes_too_large_is_treated_alike(serve: Serve) -> None:
    reader, writer = await serve(echo, Limits(body_bytes=10))
    writer.write(CHUNKED + b"b\r\n01234567890\r\n0\r\n\r\nGET /next HTTP/1.1\r\nhost: a\r\n\r\n")
    assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 413 ")
    assert (await read_answer(reader))[1] == b"GET /next? 0"


@pytest.mark.parametrize(
    "head", [b"content-length: 99\r\n", b"content-length: 11\r\nexpect: 100-continue\r\n"]
)
async def test_a_body_beyond_all_measure_is_refused_before_it_comes(serve: Serve, head: bytes) -> None:
    reader, writer = await serve(echo, Limits(body_bytes=10, linger_seconds=0))
    writer.write(b"POST / HTTP/1.1\r\nhost: a\r\n" + head + b"\r\n")
    assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 413 ")
    assert await reader.read() == b""


async def test_a_refused_client_that_still_sends_gets_its_answer(serve: Serve) -> None:
    """Closing at once would reset the connection, and take the answer out of the client's hands."""
    reader, writer = await serve(echo, Limits(body_bytes=10))
    writer.write(CHUNKED + b"64\r\n" + b"x" * 100 + b"\r\n")
    await reader.readuntil(b"connection: close\r\n")
    for _ in range(20):
        writer.write(b"64\r\n" + b"x" * 100 + b"\r\n")
        await writer.drain()
    assert b"limit is 10" in await reader.read()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", b"400"),
        (b"GET /%zz HTTP/1.1\r\nhost: a\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\nhost: a\n\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: b\r\n c\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx : b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: \x00\r\n\r\n", b"400"),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
        ),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", b"400"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"501"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nhost: a\r\nexpect: wonders\r\ncontent-length: 1\r\n\r\na", b"417"),
        (b"FOO / HTTP/1.1\r\nhost: a\r\n\r\n", b"405"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 250, b"431"),
        (b"GET / HTTP/1.1\r\nhost: a\r\n" + b"x: y\r\n" * 30 + b"\r\n", b"431"),
        (b"GET /" + b"x" * 250 + b" HTTP/1.1\r\nhost: a\r\n\r\n", b"431"),
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused(serve: Serve, head: bytes, status: bytes) -> None:
    reader, writer = await serve(echo, Limits(header_bytes=120, headers=20, linger_seconds=0))
    writer.write(head)
    assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 " + status)
    assert await reader.read() == b""


async def test_a_trailer_says_nothing_that_the_head_should_have_said(serve: Serve) -> None:
    async def tell(request: Request) -> Response:
        return Response(200, body=request.headers.get("x-user", "nobody").encode())

    reader, writer = await serve(tell)
    writer.write(CHUNKED + b"1\r\na\r\n0\r\nx-user: root\r\n\r\n")
    assert (await read_answer(reader))[1] == b"nobody"


async def test_refuses_headers_without_end(serve: Serve) -> None:
    reader, writer = await serve(echo, Limits(header_bytes=100))
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 200 + b"\r\n\r\n")
    assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 431 ")


async def test_refuses_what_is_not_http(serve: Serve) -> None:
    reader, writer = await serve(echo)
    writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    assert (await read_answer(reader))[0].startswith(b"HTTP/1.1 400 ")


async def test_a_handler_that_fails_costs_only_its_own_request(serve: Serve) -> None:
    async def fail_first(request: Request) -> Response:
        if request.path == "/fail":
            raise RuntimeError("bug")
        return Response(200, body=b"fine")

    reader, writer = await serve(fail_first)
    writer.write(b"GET /fail HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n")
    head, body = await read_answer(reader)
    assert head.startswith(b"HTTP/1.1 500 ")
    assert b"bug" not in body
    assert (await read_answer(reader))[1] == b"fine"


async def test_a_head_request_gets_the_length_and_no_body(serve: Serve) -> None:
    reader, writer = await serve(echo)
    writer.write(b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\nGET /next HTTP/1.1\r\nhost: a\r\n\r\n")
    assert b"content-length: 9\r\n" in await reader.readuntil(b"\r\n\r\n")
    assert (await read_answer(reader))[1] == b"GET /next? 0"


class Stream:
    """A body that never ends by itself, and knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.sent = False

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> bytes:
        if self.sent:
            await asyncio.Event().wait()
        self.sent = True
        return b"first"

    async def aclose(self) -> None:
        self.closed.set()


async def test_closes_a_stream_when_its_client_goes_away(serve: Serve) -> None:
    stream = Stream()

    async def streaming(_: Request) -> Response:
        return Response(200, body=stream)

    reader, writer = await serve(streaming)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await reader.readuntil(b"first\r\n")
    writer.close()
    await asyncio.wait_for(stream.closed.wait(), 5)


async def test_ends_streams_properly_when_it_stops(serve: Serve) -> None:
    stream = Stream()

    async def streaming(_: Request) -> Response:
        return Response(200, body=stream)

    reader, writer = await serve(streaming)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await reader.readuntil(b"first\r\n")
    await serve.servers[0].stop()  # type: ignore[attr-defined]
    assert await reader.read() == b"0\r\n\r\n"
    assert stream.closed.is_set()


async def shout(duplex: Duplex) -> None:
    while data := await duplex.read():
        await duplex.write(data.upper())
    await duplex.write(b"(over)")


async def upgrade(_: Request) -> Response:
    return Response(101, [("connection", "Upgrade"), ("upgrade", "shout")], upgrade=shout)


async def test_hands_an_upgraded_connection_over_with_what_was_sent_early(serve: Serve) -> None:
    reader, writer = await serve(upgrade)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: shout\r\n\r\nearly")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    assert await reader.readexactly(5) == b"EARLY"
    writer.write(b"late")
    assert await reader.readexactly(4) == b"LATE"


async def test_lets_a_half_closed_upgrade_finish(serve: Serve) -> None:
    reader, writer = await serve(upgrade)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: shout\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"bye")
    writer.write_eof()
    assert await reader.read() == b"BYE(over)"


async def test_goes_on_with_http_when_an_upgrade_is_not_taken(serve: Serve) -> None:
    reader, writer = await serve(echo)
    writer.write(
        b"GET /a HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\nGET /b HTTP/1.1\r\nhost: a\r\n\r\n"
    )
    assert (await read_answer(reader))[1] == b"GET /a? 0"
    assert (await read_answer(reader))[1] == b"GET /b? 0"


async def test_refuses_connections_beyond_its_limit(serve: Serve) -> None:
    _, _ = await serve(echo, Limits(connections=1))
    server: HttpServer = serve.servers[0]  # type: ignore[attr-defined]
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readuntil(b"\r\n\r\n")


async def test_waits_for_a_client_that_reads_slowly(serve: Serve) -> None:
    parts = [b"x" * 65536] * 256

    async def large(_: Request) -> Response:
        return Response(200, body=list(parts))

    reader, writer = await serve(large)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    _, body = await read_answer(reader)
    assert len(body) == 65536 * 256


async def test_does_not_let_header_values_start_new_headers(serve: Serve) -> None:
    async def sly(_: Request) -> Response:
        return Response(200, [("x", "a\r\nset-cookie: b")], b"")

    reader, writer = await serve(sly)
    writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    assert b"\r\nset-cookie" not in await reader.readuntil(b"\r\n\r\n")
