"""Answers without an end, sent as the messages of a WebSocket to clients that ask for one (browsers do).

A watch is one text message per event; a log is binary messages, or base64 where the client chose that, after
an empty one that says that it has begun. What the client sends is not looked at; when it closes, the answer
ends. Upstream: apiserver/pkg/endpoints/handlers/watch.go and streaming/pkg/httpstream/wsstream.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from kubeade.api.errors import BadRequest
from kubeade.lib.http.message import HandshakeError, Request, Response
from kubeade.lib.http.websocket import WebSocket, accept, is_handshake

BASE64 = "base64.binary.k8s.io"
_LOG_PROTOCOLS = ("binary.k8s.io", BASE64)

Send = Callable[[WebSocket, AsyncIterator[bytes]], Awaitable[None]]


def watch_in_form(request: Request, response: Response) -> Response:
    """The watch's response, as the request wants it. Raises BadRequest for a broken handshake."""
    return _in_form(request, response, (), _send_events)


def log_in_form(request: Request, response: Response) -> Response:
    """The log's response, as the request wants it. Raises BadRequest for a broken handshake."""
    return _in_form(request, response, _LOG_PROTOCOLS, _send_parts)


def _in_form(request: Request, response: Response, protocols: tuple[str, ...], send: Send) -> Response:
    if response.status != 200 or not is_handshake(request):
        return response
    body = response.body
    stream = _whole(body) if isinstance(body, bytes | list) else body

    async def serve(socket: WebSocket) -> None:
        try:
            await _until_either_ends(socket, send(socket, stream))
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    try:
        return accept(request, protocols, serve)
    except HandshakeError as error:
        raise BadRequest(str(error)) from error


async def _until_either_ends(socket: WebSocket, sending: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(sending), asyncio.create_task(_drain(socket))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await socket.close()


async def _drain(socket: WebSocket) -> None:
    while await socket.receive() is not None:
        pass


async def _send_events(socket: WebSocket, stream: AsyncIterator[bytes]) -> None:
    with suppress(ConnectionError):
        async for part in stream:
            for event in part.splitlines():
                await socket.send(event.decode() + "\n")


async def _send_parts(socket: WebSocket, stream: AsyncIterator[bytes]) -> None:
    with suppress(ConnectionError):
        await socket.send(b"")
        async for part in stream:
            await socket.send(base64.b64encode(part).decode() if socket.subprotocol == BASE64 else part)


async def _whole(body: bytes | list[bytes]) -> AsyncIterator[bytes]:
    yield body if isinstance(body, bytes) else b"".join(body)
