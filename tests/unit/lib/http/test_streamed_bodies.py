"""Bodies that are handed on as they come: whatever their size, no faster than they are taken, whole or not at
all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from kubeade.lib.http.connection import Limits
from kubeade.lib.http.dial import Address, send
from kubeade.lib.http.message import Request, Response
from kubeade.lib.http.server import HttpServer

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CHUNKED = b"POST /on HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def connected(
    handler: Callable[[Request], Awaitable[Response]], limits: Limits | None = None
) -> AsyncIterator[Streams]:
    """A client of a server that streams what is sent to /on."""
    server = HttpServer(handler, limits=limits, streams=lambda path: path.startswith("/on"))
    port = await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield reader, writer
    writer.close()
    await server.stop()


async def counted(request: Request) -> Response:
    """How much came in how many pieces; a body that was read whole is one."""
    if request.stream is None:
        return Response(200, body=b"whole %d" % len(request.body))
    sizes = [len(part) async for part in request.stream]
    return Response(200, body=b"streamed %d" % sum(sizes))


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head, await reader.readexactly(length)


async def test_a_body_beyond_the_limit_comes_through_and_the_connection_goes_on() -> None:
    async with connected(counted, Limits(body_bytes=10)) as (reader, writer):
        writer.write(b"POST /on HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 1_000_000)
        writer.write(b"POST /off HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nab")
        writer.write(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        writer.write(b"POST /on HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n")
        found = [(await answer(reader))[1] for _ in range(4)]
    assert found == [b"streamed 1000000", b"whole 2", b"streamed 5", b"whole 0"]


async def test_a_handler_answers_while_the_body_still_comes() -> None:
    async def first(request: Request) -> Response:
        assert request.stream is not None
        return Response(200, body=await anext(request.stream))

    async with connected(first, Limits(linger_seconds=0)) as (reader, writer):
        writer.write(CHUNKED + b"3\r\nabc\r\n")
        body = (await answer(reader))[1]
        assert body == b"abc"
        assert await reader.read() == b"", "the rest of the body is nobody's: the connection ends"


async def test_who_sends_faster_than_is_taken_has_to_wait() -> None:
    taking = asyncio.Event()

    async def slow(request: Request) -> Response:
        assert request.stream is not None
        await taking.wait()
        return await counted(request)

    size = 64 * 1024 * 1024
    async with connected(slow) as (reader, writer):
        writer.write(b"POST /on HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % size)
        sent = 0
        part = b"x" * 65536
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                while sent < size:
                    writer.write(part)
                    sent += len(part)
                    await writer.drain()
        assert sent < size // 2, "the kernel's buffers take some"
        taking.set()
        while sent < size:
            writer.write(part)
            sent += len(part)
            await writer.drain()
        assert (await answer(reader))[1] == b"streamed %d" % size


@pytest.mark.parametrize("cut", [b"3\r\nabc\r\n", b"3\r\nabc\r\nlemons\r\n", b"3\r\nab"])
async def test_a_body_without_its_end_is_an_error(cut: bytes) -> None:
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def read(request: Request) -> Response:
        try:
            return await counted(request)
        except ConnectionError as error:
            told.set_result(str(error))
            raise

    async with connected(read, Limits(body_seconds=0.2)) as (_, writer):
        writer.write(CHUNKED + cut)
        if cut.endswith(b"abc\r\n"):
            writer.close()
        async with asyncio.timeout(10):
            assert await told


async def sent_on(body: AsyncIterator[bytes], *headers: tuple[str, str]) -> tuple[int, bytes, bytes]:
    """Through `dial.send` to a backend: the status, and the head and body that the backend read."""
    came = asyncio.get_running_loop().create_future()

    async def backend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        wanted = b"0\r\n\r\n" if b"chunked" in head else b"lemons"
        body = b""
        while wanted not in body:
            more = await reader.read(65536)
            if not more:
                break
            body += more
        came.set_result((head, body))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(backend, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        found = await send(Address("127.0.0.1", port), "POST", "/", list(headers), body)
        status = found.status
        found.close()
    except OSError:
        status = 0
    head, read = await came
    server.close()
    return status, head, read


async def parts(*given: bytes, broken: bool = False) -> AsyncIterator[bytes]:
    for each in given:
        await asyncio.sleep(0)
        yield each
    if broken:
        raise ConnectionResetError("the client left")


async def test_a_stream_is_sent_in_chunks_or_in_its_declared_length() -> None:
    status, _, body = await sent_on(parts(b"lem", b"ons"), ("transfer-encoding", "chunked"))
    assert (status, body) == (200, b"3\r\nlem\r\n3\r\nons\r\n0\r\n\r\n")
    status, _, body = await sent_on(parts(b"lem", b"ons"), ("content-length", "6"))
    assert (status, body) == (200, b"lemons")


async def test_half_a_body_does_not_look_like_a_whole_one() -> None:
    status, _, body = await sent_on(parts(b"lem", broken=True), ("transfer-encoding", "chunked"))
    assert status == 0
    assert b"0\r\n\r\n" not in body
