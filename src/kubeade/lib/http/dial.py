"""A small HTTP/1.1 client for one request per connection: what the API server needs to reach nodes.

No redirects are followed, nothing is retried, no connection is shared. After a 101 the connection is a
Duplex; what any other status has to say is its body, and closing the body closes the connection.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import httptools

_READ_BYTES = 64 * 1024
_HEAD_BYTES = 64 * 1024
_CONNECT_SECONDS = 30.0
_INTERIM = frozenset({100, 102, 103})


class AnswerError(OSError):
    """What came back is no HTTP."""


class StreamDuplex:
    """A pair of asyncio streams as a Duplex; `first` has been read already."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes = b""
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._first = first

    async def read(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        return await self._reader.read(_READ_BYTES)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def end(self) -> bool:
        """Send no more while reading goes on; False where the transport cannot (TLS)."""
        if not self._writer.can_write_eof():
            return False
        self._writer.write_eof()
        return True

    def abort(self) -> None:
        """Close at once, whatever has not been sent yet."""
        self._writer.transport.abort()

    async def close(self) -> None:
        if not self._writer.is_closing():  # see Connection._close
            self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


@dataclass(slots=True)
class _Head:
    """Filled by the parser. `body` has what it read past the head."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    head_complete: bool = False
    complete: bool = False

    def on_message_begin(self) -> None:
        """What came before was interim (100 Continue, 103 Early Hints)."""
        self.headers.clear()
        self.head_complete = self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.head_complete = True

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.complete = True


class Answer:
    """A response of which the head has been read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.status = 0
        self._reader = reader
        self._writer = writer
        self._head = _Head()
        self._parser = httptools.HttpResponseParser(self._head)
        self._tail = b""
        self._sending: asyncio.Task[None] | None = None

    def send_on(self, body: AsyncIterator[bytes], *, chunked: bool) -> None:
        """Go on with the request's body while the answer is read; the answer may come before its end."""
        self._sending = asyncio.ensure_future(self._send(body, chunked))

    async def _send(self, body: AsyncIterator[bytes], chunked: bool) -> None:
        writer = self._writer
        try:
            async for part in body:
                writer.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                await writer.drain()
            if chunked:
                writer.write(b"0\r\n\r\n")
        except OSError:
            writer.transport.abort()  # half a request must not look like a whole one

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names in lower case."""
        return self._head.headers

    @property
    def complete(self) -> bool:
        """Whether its end has been read. Without a length or chunks, the connection's end is the answer's."""
        return self._head.complete

    def duplex(self) -> StreamDuplex:
        """The connection after a 101."""
        return StreamDuplex(self._reader, self._writer, self._tail)

    async def body(self) -> AsyncIterator[bytes]:
        """The body as it comes; the connection is closed after it."""
        try:
            while True:
                while self._head.body:
                    yield self._head.body.pop(0)
                if self._head.complete:
                    return
                data = await self._reader.read(_READ_BYTES)
                if not data:
                    return
                self._feed(data)
        finally:
            self.close()

    def close(self) -> None:
        if self._sending is not None and not self._sending.done():
            self._sending.cancel()
        self._writer.close()

    async def read_head(self) -> None:
        """Raises AnswerError."""
        size = 0
        while not self._head.head_complete or self._parser.get_status_code() in _INTERIM:
            data = await self._reader.read(_READ_BYTES)
            size += len(data)
            if not data or size > _HEAD_BYTES + _READ_BYTES:
                raise AnswerError("the server closed the connection before it answered")
            self._feed(data)
        self.status = self._parser.get_status_code()

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._tail = data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            raise AnswerError(f"malformed answer: {error}") from error


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect. `server_name` is what its certificate must be good for."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str = ""

    @property
    def authority(self) -> str:
        """host:port, as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


async def _connect(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    server_name = (address.server_name or address.host) if address.tls else None
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            return await asyncio.open_connection(
                address.host, address.port, ssl=address.tls, server_hostname=server_name
            )
    except UnicodeError as error:  # what no resolver could even be asked
        raise AnswerError(f"lookup {address.host}: no such host") from error


async def send(
    address: Address,
    method: str,
    target: str,
    headers: list[tuple[str, str]],
    body: bytes | AsyncIterator[bytes] = b"",
) -> Answer:
    """Send a request and read the answer's head. Raises OSError (ssl.SSLError is one), TimeoutError.

    `headers` may name a host of their own; the body's length is for the caller to declare, or that it comes
    in chunks.
    """
    reader, writer = await _connect(address)
    if all(name != "host" for name, _ in headers):
        headers = [("host", address.authority), *headers]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    answer = Answer(reader, writer)
    try:
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        writer.write(head + body if isinstance(body, bytes) else head)
        await writer.drain()
        if not isinstance(body, bytes):
            answer.send_on(body, chunked=("transfer-encoding", "chunked") in headers)
        await answer.read_head()
    except BaseException:
        answer.close()
        raise
    return answer
