"""One client's connection: bytes to requests, responses to bytes.

The parser (httptools) calls back with pieces of a request; a complete one joins the queue, and one task per
busy connection answers the queue in order. How responses are written is `writer`'s job.
"""

import asyncio
import logging
import math
import re
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

import httptools

from kubeade.lib.clock import Clock
from kubeade.lib.http.body_stream import BodyStream
from kubeade.lib.http.duplex import SocketDuplex
from kubeade.lib.http.head import Refused, check_head, check_path
from kubeade.lib.http.message import Handler, Request, Response
from kubeade.lib.http.writer import ResponseWriter

_log = logging.getLogger(__name__)

ErrorPage = Callable[[int, str], Response]
"""The response for a status and a message that the server itself has to give."""


def plain_error(status: int, message: str) -> Response:
    return Response(status, [("content-type", "text/plain; charset=utf-8")], f"{message}\n".encode())


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may cost. Times are those after which a silent client is dropped."""

    body_bytes: int = 3 * 1024 * 1024
    header_bytes: int = 1024 * 1024
    headers: int = 1024
    pipelined_requests: int = 16
    connections: int = 8192
    header_seconds: float = 32.0
    body_seconds: float = 60.0
    idle_seconds: float = 180.0
    stalled_write_seconds: float = 60.0
    linger_seconds: float = 0.5


_UNSENT_BYTES = 64 * 1024
"""What may wait for a slow reader before its writer waits, too; TLS transports would allow 512 KiB."""
_NOT_ALLOWED = "the server does not allow this method on the requested resource"
_DRAINED_BODIES = 4
"""A body that is too large is read to its end, and the connection kept, up to so many times the limit."""


@dataclass(slots=True)
class Site:
    """What all connections of a server share."""

    handler: Handler
    limits: Limits
    error_page: ErrorPage
    clock: Clock
    streams: Callable[[str], bool]
    connections: set["Connection"] = field(default_factory=set)
    stopping: bool = False


@dataclass(slots=True)
class _Incoming:
    """A request as far as it has been read."""

    url: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    repeated: dict[str, list[str]] = field(default_factory=dict)
    header_bytes: int = 0
    header_lines: int = 0
    unread_bytes: int = 0
    in_head: bool = True
    body: list[bytes] = field(default_factory=list)
    body_bytes: int = 0


@dataclass(slots=True)
class _Queued:
    """A complete request, or the error to answer instead of it (`request` None)."""

    request: Request | None
    keep_alive: bool
    error: tuple[int, str] = (0, "")
    upgrade: bool = False
    stream: BodyStream | None = None


class Connection(asyncio.Protocol):
    """The asyncio side. `task` runs while requests are being answered; `deadline` is in loop time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._incoming = _Incoming()
        self._queue: deque[_Queued] = deque()
        self._duplex: SocketDuplex | None = None
        self._tail: list[bytes] | None = None  # what follows an upgrade request until it is answered
        self._refused = False
        self._stream: BodyStream | None = None
        self._handled: Request | None = None
        self._ended = False
        self._reading_paused = False
        self.deadline = math.inf
        self.task: asyncio.Task[None] | None = None

    # -- transport ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_UNSENT_BYTES)
        self._writer = ResponseWriter(self._transport, self._site.clock)
        self._parser = httptools.HttpRequestParser(self)
        self._certificates = _peer_chain(self._transport)
        self._address = _peer_address(self._transport)
        if len(self._site.connections) >= self._site.limits.connections or self._site.stopping:
            self._transport.abort()
            return
        self._site.connections.add(self)
        self.deadline = self._loop.time() + self._site.limits.header_seconds

    def data_received(self, data: bytes) -> None:
        if self._duplex is not None:
            self._duplex.feed(data)
        elif self._tail is not None:
            self._hold(data)
        elif not self._refused:
            self._parse(data)

    def eof_received(self) -> bool:
        self._ended = True
        if self._duplex is not None:
            self._duplex.feed_eof()
        waits = self.task is not None and not self._interruptible  # who closes on a stream has left it
        return waits and self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, error: Exception | None) -> None:
        self._site.connections.discard(self)
        self.deadline = math.inf
        self._writer.lose()
        if self._stream is not None:
            self._stream.fail("the client closed the connection in the middle of the body")
        if self._duplex is not None:
            self._duplex.lose()
        if self.task is not None and self._interruptible:
            self.task.cancel()

    @property
    def _interruptible(self) -> bool:
        """Whether nothing is lost but an answer if the client is given up."""
        return self._writer.streaming or (self._handled is not None and self._handled.interruptible)

    def pause_writing(self) -> None:
        self._writer.writable.clear()
        if self._duplex is None:
            self.deadline = self._loop.time() + self._site.limits.stalled_write_seconds

    def resume_writing(self) -> None:
        self._writer.writable.set()
        self.deadline = math.inf

    # -- the server's hand -------------------------------------------------------------------------

    def stop(self) -> None:
        """End a stream; close when nothing is being answered."""
        if self.task is None:
            self._close()
        elif self._interruptible or self._duplex is not None:
            self.task.cancel()

    def abort(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self._transport.abort()

    def time_out(self) -> None:
        """The deadline passed: the client is idle, slow to send, or slow to read."""
        if self.task is None and self._incoming.url and not self._refused:
            self._refuse(408, "the request was not complete in time")
        else:
            self._transport.abort()

    # -- parsing -----------------------------------------------------------------------------------

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
            if self._incoming.in_head and self._incoming.url:
                self._count_unread(len(data))
        except httptools.HttpParserUpgrade as upgrade:
            self._tail = []
            self._hold(data[upgrade.args[0] :])
        except httptools.HttpParserInvalidMethodError:
            known = _REQUEST_LINE.match(data) is not None
            self._refuse(*((405, _NOT_ALLOWED) if known else (400, "malformed HTTP request")))
        except httptools.HttpParserError as error:
            cause = error.__context__
            refused = cause if isinstance(cause, Refused) else Refused(400, "malformed HTTP request")
            self._refuse(*refused.error)
        except Refused as refused:
            self._refuse(*refused.error)

    def on_message_begin(self) -> None:
        self._incoming = _Incoming()
        if self.task is None:
            self.deadline = self._loop.time() + self._site.limits.header_seconds

    def on_url(self, url: bytes) -> None:
        self._incoming.url += url
        self._count_header(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        incoming = self._incoming
        self._count_header(len(name) + len(value))
        incoming.header_lines += 1
        if incoming.header_lines > self._site.limits.headers:
            raise Refused(431, "too many request headers")
        if not incoming.in_head:
            return  # a trailer: nothing that comes behind the body may say what the head should have said
        headers = incoming.headers
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key in headers:
            self._incoming.repeated.setdefault(key, [headers[key]]).append(text)
            text = f"{headers[key]}, {text}"
        headers[key] = text

    def on_headers_complete(self) -> None:
        self._incoming.in_head = False
        self._incoming.header_bytes = 0
        headers, limit = self._incoming.headers, self._site.limits.body_bytes
        check_head(headers, self._parser.get_http_version())
        if self._begins_stream():
            return
        length = int(headers.get("content-length", "0"))
        if length > limit * _DRAINED_BODIES or (length > limit and "expect" in headers):
            raise Refused(*self._too_large())
        if self.task is None:
            self.deadline = self._loop.time() + self._site.limits.body_seconds
            if "expect" in headers:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._stream is not None:
            self._stream.feed(body)
            return
        incoming, limit = self._incoming, self._site.limits.body_bytes
        incoming.body_bytes += len(body)
        if incoming.body_bytes <= limit:
            incoming.body.append(body)
        elif incoming.body_bytes <= limit * _DRAINED_BODIES:
            incoming.body.clear()
        else:
            raise Refused(*self._too_large())

    def on_message_complete(self) -> None:
        incoming, self._incoming = self._incoming, _Incoming()
        if self._stream is not None:
            self._stream.finish()
            self._stream = None
            return
        if incoming.body_bytes > self._site.limits.body_bytes:
            self._enqueue(_Queued(None, self._parser.should_keep_alive(), self._too_large()))
            return
        request = self._request(incoming)
        upgrade = self._parser.should_upgrade()
        self._enqueue(_Queued(request, self._parser.should_keep_alive(), upgrade=upgrade))

    def _request(self, incoming: _Incoming) -> Request:
        raw_path, _, query = incoming.url.decode("latin-1").partition("?")
        if not raw_path.startswith("/"):
            raw_path = _origin_form(incoming.url)
        if "%" in raw_path:
            check_path(raw_path)
        return Request(
            self._parser.get_method().decode("ascii"),
            unquote(raw_path) if "%" in raw_path else raw_path,
            query,
            incoming.headers,
            b"".join(incoming.body),
            raw_path,
            self._certificates[0] if self._certificates else None,
            self._address,
            repeated=incoming.repeated,
            peer_intermediates=self._certificates[1:],
        )

    def _begins_stream(self) -> bool:
        """Whether the request is handled from now on, while its body comes."""
        headers = self._incoming.headers
        if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            return False
        if "upgrade" in headers or not self._site.streams(self._incoming.url.decode("latin-1")):
            return False
        request = self._request(self._incoming)
        idle_seconds = self._site.limits.body_seconds
        self._stream = BodyStream(self._pause_reading, self._resume_reading, idle_seconds)
        request.stream = self._stream
        if "expect" in headers and self.task is None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._enqueue(_Queued(request, self._parser.should_keep_alive(), stream=self._stream))
        return True

    def _count_header(self, size: int) -> None:
        self._incoming.header_bytes += size
        if self._incoming.header_bytes > self._site.limits.header_bytes:
            raise Refused(431, "request headers are too large")

    def _count_unread(self, size: int) -> None:
        """A header without end is no header yet: its bytes count all the same. Twice the limit, since what
        was read together with its beginning is counted, too."""
        self._incoming.unread_bytes += size
        if self._incoming.unread_bytes > 2 * self._site.limits.header_bytes:
            raise Refused(431, "request headers are too large")

    def _too_large(self) -> tuple[int, str]:
        return 413, f"Request entity too large: limit is {self._site.limits.body_bytes}"

    def _hold(self, data: bytes) -> None:
        """Keep what follows an upgrade request until it is known whether it is HTTP or not."""
        assert self._tail is not None
        self._tail.append(data)
        if sum(map(len, self._tail)) > self._site.limits.body_bytes:
            self._pause_reading()

    def _refuse(self, status: int, message: str) -> None:
        self._refused = True
        if self._stream is not None:  # its request is being answered: there is no other to answer
            self._stream.fail(message)
            return
        self._enqueue(_Queued(None, False, (status, message)))

    # -- answering ---------------------------------------------------------------------------------

    def _enqueue(self, queued: _Queued) -> None:
        self._queue.append(queued)
        self.deadline = math.inf
        if self.task is None:
            self.task = self._loop.create_task(self._run())
        elif self._queue_is_full():
            self._pause_reading()

    def _queue_is_full(self) -> bool:
        limits = self._site.limits
        waiting = sum(len(queued.request.body) for queued in self._queue if queued.request is not None)
        return len(self._queue) >= limits.pipelined_requests or waiting >= limits.body_bytes

    async def _run(self) -> None:
        keep_alive = True
        try:
            while self._queue and keep_alive:
                queued = self._queue.popleft()
                keep_alive = await self._answer(queued) and not self._site.stopping
                self._resume_reading()
        except asyncio.CancelledError:
            keep_alive = False
        except ConnectionError:
            keep_alive = False
        except Exception:  # noqa: BLE001 - a stream that fails ends this connection only
            _log.exception("an answer failed in the middle")
            keep_alive = False
        finally:
            self.task = None
        if keep_alive and not self._ended:
            self.deadline = self._loop.time() + self._site.limits.idle_seconds
        elif self._refused and not self._ended:
            # Closing while the client still sends would reset the connection, and our answer with it.
            self._loop.call_later(self._site.limits.linger_seconds, self._close)
        else:
            self._close()

    def _close(self) -> None:
        # Python 3.11.2, Debian 12's, cannot abort a TLS transport any more that was closed twice.
        if not self._transport.is_closing():
            self._transport.close()

    async def _answer(self, queued: _Queued) -> bool:
        """Write the response; True when the connection can go on to the next request."""
        request = queued.request
        if request is None:
            page = self._site.error_page(*queued.error)
            return await self._writer.write(page, Request("GET", "/"), keep_alive=queued.keep_alive)
        response = await self._handle(request)
        if response.status == 101 and response.upgrade is not None and queued.upgrade:
            await self._upgrade(response)
            return False
        keep_alive = await self._writer.write(response, request, keep_alive=queued.keep_alive)
        if queued.stream is not None and not queued.stream.complete:
            self._refused = True  # nobody wants the rest of the body
            return False
        if self._tail is not None and keep_alive:
            self._continue_without_upgrade()
        return keep_alive

    async def _handle(self, request: Request) -> Response:
        self._handled = request
        try:
            return await self._site.handler(request)
        except Exception:  # noqa: BLE001 - the last line of defence: one bad request must not end others
            _log.exception("%s %s failed", request.method, request.path)
            return self._site.error_page(500, "internal error")
        finally:
            self._handled = None

    async def _upgrade(self, response: Response) -> None:
        assert response.upgrade is not None
        duplex = SocketDuplex(self._transport, self._writer.writable)
        for data in self._tail or []:
            duplex.feed(data)
        self._tail, self._duplex = None, duplex
        if self._ended:
            duplex.feed_eof()
        self._resume_reading()
        self._writer.write_head(response)
        try:
            await response.upgrade(duplex)
        except ConnectionError:
            pass  # the peer left in the middle: nobody is there to be told
        except Exception:  # noqa: BLE001 - the handler's own failure ends this connection only
            _log.exception("an upgraded connection failed")
        finally:
            await duplex.close()

    def _continue_without_upgrade(self) -> None:
        """The handler did not take the upgrade: what follows is HTTP again, for a parser that starts anew."""
        tail, self._tail = self._tail or [], None
        self._parser = httptools.HttpRequestParser(self)
        data = b"".join(tail)
        if data:
            self._parse(data)

    def _pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._reading_paused and not self._transport.is_closing():
            self._reading_paused = False
            self._transport.resume_reading()


_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ /\S* HTTP/1\.[01]\r\n")


def _peer_chain(transport: asyncio.Transport) -> tuple[bytes, ...]:
    """The client's certificate and what came with it, as DER; nothing where it has shown none."""
    tls: Any = transport.get_extra_info("ssl_object")
    own = tls.getpeercert(True) if tls is not None else None
    if own is None:
        return ()
    chain = tls._sslobj.get_unverified_chain() or ()
    return (own, *(ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in chain[1:]))


def _peer_address(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""


def _origin_form(url: bytes) -> str:
    """The path of an absolute-form target (`GET http://host/path`), which a proxy's client sends."""
    try:
        path = httptools.parse_url(url).path
    except httptools.HttpParserInvalidURLError:
        path = None
    return (path or b"/").decode("latin-1")
