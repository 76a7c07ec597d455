"""Requests and responses as values, and the one seam that every transport and server shares.

A `Handler` turns a `Request` into a `Response`. The API server and the kubelet's server are handlers;
`lib.http.server` puts a handler behind a socket, the client's in-process transport calls it directly.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl


class Duplex(Protocol):
    """A connection after its upgrade: bytes both ways, nothing interpreted."""

    async def read(self) -> bytes:
        """The next bytes, of any length; b"" once the peer has half-closed."""
        ...

    async def write(self, data: bytes) -> None:
        """Send all of `data`; waits while the peer is slow."""
        ...

    async def close(self) -> None:
        """Flush and close both ways. Calling it again does nothing."""
        ...


@dataclass(slots=True)
class Request:
    """One HTTP request, its body read whole (the server limits its size); or, where the server was told to
    (`HttpServer`), as a `stream` that the handler reads or leaves.

    `headers` has lower-case names; repeated headers are joined with ", ", and `repeated` has their values one
    by one, where a value may have a comma of its own (`values`).
    `path` is percent-decoded once; `raw_path` is what stood on the wire, without the query.
    `peer_certificate` is the client's certificate (DER), None without one: verified, unless the server's TLS
    context leaves that to its handler (`client_certificates`); `peer_intermediates` is what came with it.
    `interruptible` is for a handler to set while it only waits for somebody else: should the client go away
    meanwhile, the handler is cancelled.
    `identity` is set only in-process, by whoever wired the client: it stands for authentication.
    """

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw_path: str = ""
    peer_certificate: bytes | None = None
    peer_address: str = ""
    identity: Any = None
    repeated: Mapping[str, list[str]] = field(default_factory=dict)
    interruptible: bool = False
    peer_intermediates: tuple[bytes, ...] = ()
    stream: AsyncIterator[bytes] | None = None

    def values(self, name: str) -> list[str]:
        """All values of a header (its name in lower case), as they were sent."""
        return self.repeated.get(name) or ([self.headers[name]] if name in self.headers else [])

    def query(self) -> list[tuple[str, str]]:
        """The decoded query parameters, in order, blanks kept."""
        return parse_qsl(self.query_string, keep_blank_values=True)


Upgrade = Callable[[Duplex], Awaitable[None]]
"""Takes the connection over after a 101 response has been sent; returns when it is done with it."""


class HandshakeError(Exception):
    """The request is no acceptable upgrade; the message says why (HTTP 400)."""


@dataclass(slots=True)
class Response:
    """One HTTP response: `body` whole, in parts that need no joining, or as a stream.

    A stream is closed (`aclose`) when the client goes away. `upgrade` is only for status 101.
    """

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | list[bytes] | AsyncIterator[bytes] = b""
    upgrade: Upgrade | None = None


Handler = Callable[[Request], Awaitable[Response]]
