"""Passes one request on and its answer back.

A tunnel exists only after the backend's own 101 to an upgrade that was asked for: whatever else it says is an
answer, after which the client's connection is HTTP again, read by our parser, and the backend's is closed
(CVE-2018-1002105 was a tunnel left open by a refused upgrade). Redirects are handed on, not followed.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from kubeade.api.errors import ApiError, InternalError, ServiceUnavailable
from kubeade.apiserver.proxying import rewriting
from kubeade.apiserver.proxying.headers import (
    Headers,
    answered,
    header,
    passed_on,
    switched,
    wanted_upgrade,
)
from kubeade.apiserver.proxying.rewriting import Links
from kubeade.lib.http.dial import Address, Answer, send
from kubeade.lib.http.message import Duplex, Request, Response
from kubeade.lib.http.splice import IDLE_SECONDS, splice

HEAD_SECONDS = 4 * 3600.0
"""How long a backend may think: long polling passes, a dead one does not hold a request for ever."""


class BadGateway(ApiError):
    """The backend broke a rule of the proxy."""

    code, reason = 502, ""


@dataclass(frozen=True, slots=True)
class Road:
    """Where a request goes. `target` is the percent-encoded path; the query is the request's own.

    Without `links` redirects are refused and pages pass as they are.
    """

    address: Address
    target: str
    headers: Headers
    links: Links | None = None
    head_seconds: float = HEAD_SECONDS


async def forward(road: Road, request: Request) -> Response:
    """Raises ServiceUnavailable when the backend cannot be reached, InternalError, BadGateway."""
    upgrade = wanted_upgrade(request.headers)
    ours = {name for name, _ in road.headers}
    headers = [*(each for each in passed_on(request, upgrade) if each[0] not in ours), *road.headers]
    target = f"{road.target}?{request.query_string}" if request.query_string else road.target
    request.interruptible = True
    try:
        async with asyncio.timeout(road.head_seconds):
            body = request.body if request.stream is None else request.stream
            answer = await send(road.address, request.method, target, headers, body)
    except (OSError, TimeoutError) as error:
        raise ServiceUnavailable(f"error trying to reach service: {_why(error, road.address)}") from error
    if answer.status == 101 or (upgrade and answer.status < 400):
        return _switch(answer, upgrade)
    return await _pass_back(answer, road, request)


def _why(error: OSError, address: Address) -> str:
    """In the words of Go's dialler, which people search for."""
    if isinstance(error, TimeoutError):
        return f"dial tcp {address.authority}: i/o timeout"
    if error.errno and not isinstance(error, ssl.SSLError):
        return f"dial tcp {address.authority}: connect: {os.strerror(error.errno).lower()}"
    return str(error)


def _switch(answer: Answer, upgrade: str) -> Response:
    agreed = header(answer.headers, "upgrade").lower() == upgrade.lower()
    if answer.status != 101 or not upgrade or not agreed:
        answer.close()
        raise InternalError(f"invalid upgrade response: status code {answer.status}")

    async def tunnel(client: Duplex) -> None:
        await splice(client, answer.duplex(), IDLE_SECONDS)

    return Response(101, switched(answer.headers), upgrade=tunnel)


async def _pass_back(answer: Answer, road: Road, request: Request) -> Response:
    headers = answered(answer.headers)
    location = header(headers, "location")
    if location and road.links is None and 300 <= answer.status <= 399:
        answer.close()
        raise BadGateway("the backend attempted to redirect this request, which is not permitted")
    if request.method == "HEAD" or answer.status in {204, 304}:
        answer.close()
        length = [(name, value) for name, value in answer.headers if name == "content-length"]
        declared = length[:1] if request.method == "HEAD" else []
        return Response(answer.status, [*declared, *_rewritten_location(headers, road.links)])
    if location or road.links is None or not rewriting.is_page(headers):
        return Response(answer.status, _rewritten_location(headers, road.links), _body(answer))
    return await _page(answer, headers, road.links)


def _rewritten_location(headers: Headers, links: Links | None) -> Headers:
    if links is None:
        return headers
    return [(name, links.rewrite(value) if name == "location" else value) for name, value in headers]


async def _page(answer: Answer, headers: Headers, links: Links) -> Response:
    body = _body(answer)
    read, complete = await rewriting.read_page(body)
    if complete:
        page = rewriting.rewrite_page(read, header(headers, "content-encoding"), links)
        if page is not None:
            plain = [(name, value) for name, value in headers if name != "content-encoding"]
            return Response(answer.status, plain, page)
        return Response(answer.status, headers, read)
    return Response(answer.status, headers, _rest(read, body))


async def _body(answer: Answer) -> AsyncIterator[bytes]:
    """All that comes. Raises ConnectionError where that is less than was announced."""
    try:
        async for part in answer.body():
            yield part
    except OSError as error:
        raise ConnectionResetError(str(error)) from error
    finally:
        answer.close()
    if not answer.complete and _announces_its_end(answer.headers):
        raise ConnectionResetError("the backend closed the connection in the middle of its answer")


def _announces_its_end(headers: Headers) -> bool:
    return any(name in {"content-length", "transfer-encoding"} for name, _ in headers)


async def _rest(read: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    closing: Any = body
    try:
        yield read
        async for part in body:
            yield part
    finally:
        await closing.aclose()
