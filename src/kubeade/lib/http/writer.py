"""How a response becomes bytes on a transport: heads, whole bodies, parts, streams, compression.

Parts are joined into slabs before they are written, since each write becomes at least one TLS record;
between slabs the writer waits for the client. A stream goes out chunked, as parts become available.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from functools import lru_cache
from http import HTTPStatus

from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Request, Response

_SLAB_BYTES = 256 * 1024
_COMPRESS_FROM_BYTES = 128 * 1024
_GZIP_WINDOW = 31  # zlib's largest window, with a gzip header


@lru_cache(maxsize=128)
def _status_line(status: int) -> str:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n"


class ResponseWriter:
    """Writes responses, one after the other. `writable` is cleared while the transport's buffer is full."""

    def __init__(self, transport: asyncio.Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self.writable = asyncio.Event()
        self.writable.set()
        self.streaming = False
        self._lost = False

    def lose(self) -> None:
        """The connection is gone: whoever waits to write must not wait for ever."""
        self._lost = True
        self.writable.set()

    async def write(self, response: Response, request: Request, *, keep_alive: bool) -> bool:
        """Send it; True when the connection is still good for another request."""
        body = response.body
        if isinstance(body, bytes | list):
            parts = [body] if isinstance(body, bytes) else body
            if _wants_gzip(request, response, parts):
                parts = [await asyncio.to_thread(_compress, parts)]
                response.headers.append(("content-encoding", "gzip"))
            await self._write_whole(response, parts, request.method == "HEAD", keep_alive)
            return keep_alive
        await self._write_stream(response, body, keep_alive)
        return keep_alive

    def write_head(self, response: Response, extra: str = "") -> None:
        self._transport.write(self._head(response, extra))

    async def _write_whole(
        self, response: Response, parts: list[bytes], head_only: bool, keep_alive: bool
    ) -> None:
        size = sum(map(len, parts))
        extra = "" if keep_alive else "connection: close\r\n"
        declared = head_only and any(name == "content-length" for name, _ in response.headers)
        if response.status not in {204, 304} and not declared:
            extra = f"content-length: {size}\r\n{extra}"
        slab = [self._head(response, extra)]
        if head_only:
            parts, size = [], 0
        if size < _SLAB_BYTES:
            self._transport.write(b"".join(slab + parts))
            return
        slab_bytes = 0
        for part in parts:
            slab.append(part)
            slab_bytes += len(part)
            if slab_bytes >= _SLAB_BYTES:
                await self._send(b"".join(slab))
                slab, slab_bytes = [], 0
        await self._send(b"".join(slab))

    async def _write_stream(self, response: Response, body: AsyncIterator[bytes], keep_alive: bool) -> None:
        """Chunks until the iterator ends; cancelled (the server stops) it still ends properly. What fails
        in the middle does not: the client must not take a part for the whole."""
        extra = "transfer-encoding: chunked\r\n" + ("" if keep_alive else "connection: close\r\n")
        self.write_head(response, extra)
        self.streaming = True
        try:
            async for part in body:
                if part:
                    await self._send(b"%x\r\n%b\r\n" % (len(part), part))
        except Exception:
            self._lost = True
            raise
        finally:
            self.streaming = False
            close = getattr(body, "aclose", None)
            if close is not None:
                await close()
            if not self._lost:
                self._transport.write(b"0\r\n\r\n")

    async def _send(self, data: bytes) -> None:
        if self._lost:
            raise ConnectionResetError("the client is gone")
        self._transport.write(data)
        if not self.writable.is_set():
            await self.writable.wait()

    def _head(self, response: Response, extra: str) -> bytes:
        lines = [_status_line(response.status), extra, _date_line(int(self._clock.now().timestamp()))]
        for name, value in response.headers:
            if "\n" in value or "\r" in value:
                value = " ".join(value.splitlines())
            lines.append(f"{name}: {value}\r\n")
        lines.append("\r\n")
        return "".join(lines).encode()


@lru_cache(maxsize=2)
def _date_line(second: int) -> str:
    from email.utils import formatdate

    return f"date: {formatdate(second, usegmt=True)}\r\n"


def _wants_gzip(request: Request, response: Response, parts: list[bytes]) -> bool:
    """Only where it helps: a large answer, asked for compressed, to a client on another machine."""
    if request.peer_address.startswith(("127.", "::1")) or not request.peer_address:
        return False
    accepted = request.headers.get("accept-encoding", "")
    if "gzip" not in accepted or any(name.lower() == "content-encoding" for name, _ in response.headers):
        return False
    return sum(map(len, parts)) >= _COMPRESS_FROM_BYTES


def _compress(parts: list[bytes]) -> bytes:
    gzip = zlib.compressobj(1, zlib.DEFLATED, _GZIP_WINDOW)
    return b"".join([gzip.compress(part) for part in parts] + [gzip.flush()])
