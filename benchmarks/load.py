"""A load generator that costs little: prebuilt HTTP/1.1 requests over kept TLS connections, answers only measured.

It is the same for every server, so that a ratio in one run means something. Loopback only.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import httptools


@dataclass(slots=True)
class Target:
    """Where to send to, and as whom (a bearer token, or a client certificate in `context`)."""

    host: str
    port: int
    context: ssl.SSLContext
    token: str = ""

    def request(
        self, method: str, path: str, body: bytes = b"", media_type: str = "application/json"
    ) -> bytes:
        """The bytes of one request."""
        lines = [f"{method} {path} HTTP/1.1", f"host: {self.host}:{self.port}", "accept: application/json"]
        if self.token:
            lines.append(f"authorization: Bearer {self.token}")
        if body:
            lines += [f"content-type: {media_type}", f"content-length: {len(body)}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass(slots=True)
class Result:
    """What came back: per status how many answers, all bytes, and each request's seconds."""

    statuses: dict[int, int] = field(default_factory=dict)
    received_bytes: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, percent: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class Connection(asyncio.Protocol):
    """One kept connection: one request at a time."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._done: asyncio.Future[int] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self.transport: asyncio.Transport
        self.on_body: Callable[[bytes], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._result.received_bytes += len(data)
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Called by the parser; nothing to do."""

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._result.statuses[status] = self._result.statuses.get(status, 0) + 1
        self._parser = httptools.HttpResponseParser(self)
        if self._done is not None and not self._done.done():
            self._done.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error or ConnectionResetError())

    async def ask(self, request: bytes) -> int:
        """Send; the answer's status once it is complete."""
        self._done = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self.transport.write(request)
        status = await self._done
        self._result.latencies.append(time.perf_counter() - began)
        return status


async def connect(target: Target, result: Result) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: Connection(result), target.host, target.port, ssl=target.context, server_hostname=target.host
    )
    return connection


async def drive(target: Target, requests: Iterator[bytes], connections: int) -> Result:
    """Send all `requests` over so many connections, each with one request under way."""
    result = Result()
    opened = [await connect(target, result) for _ in range(connections)]
    began = time.perf_counter()

    async def work(connection: Connection) -> None:
        for request in requests:
            await connection.ask(request)

    await asyncio.gather(*(work(one) for one in opened))
    result.seconds = time.perf_counter() - began
    for one in opened:
        one.transport.close()
    return result
