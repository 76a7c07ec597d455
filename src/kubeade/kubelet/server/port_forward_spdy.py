"""Ports forwarded over SPDY: two streams for each connection, matched by the header `requestid`."""

import asyncio
from contextlib import suppress
from functools import partial

from kubeade.kubelet.server.port_forward import Target, first_of, forward, port_number
from kubeade.kubelet.server.spdy_channels import CREATION_SECONDS, STREAM_TYPE
from kubeade.lib.http.keepalive import until_gone
from kubeade.lib.http.spdy.frames import Status
from kubeade.lib.http.spdy.session import SpdySession
from kubeade.lib.http.spdy.stream import Stream

PROTOCOLS = ("portforward.k8s.io",)
TUNNEL = "SPDY/3.1+portforward.k8s.io"
"""The subprotocol of a WebSocket that carries SPDY."""


async def serve(session: SpdySession, target: Target) -> None:
    """Until the client has gone, and every connection with it."""
    await first_of(_accept(session, target), until_gone(session.ping))


async def _accept(session: SpdySession, target: Target) -> None:
    waiting: dict[str, asyncio.Future[Stream]] = {}
    running: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as tasks:
        while (stream := await session.accept()) is not None:
            request = _request_id(stream)
            partner = waiting.pop(request, None)
            if port_number(stream.headers.get("port", "")) is None or not request:
                await stream.reset(Status.PROTOCOL_ERROR)
            elif partner is not None and not partner.done():
                partner.set_result(stream)
            else:
                waiting[request] = partner = asyncio.get_running_loop().create_future()
                partner.add_done_callback(partial(_give_up, waiting, request))
                task = tasks.create_task(_serve_request(stream, partner, target))
                running.add(task)
                task.add_done_callback(running.discard)
        for task in running:
            task.cancel()


def _give_up(
    waiting: dict[str, "asyncio.Future[Stream]"], request: str, partner: "asyncio.Future[Stream]"
) -> None:
    if waiting.get(request) is partner:
        del waiting[request]


async def _serve_request(first: Stream, partner: "asyncio.Future[Stream]", target: Target) -> None:
    """Wait for the other stream of the pair and forward."""
    with suppress(ConnectionError):  # the client gave this one up, or is gone
        try:
            async with asyncio.timeout(CREATION_SECONDS):
                second = await partner
        except TimeoutError:
            await first.reset()
            return
        streams = {each.headers[STREAM_TYPE]: each for each in (first, second)}
        if len(streams) == 2:
            port = int(streams["data"].headers["port"])
            await forward(target, port, streams["data"], streams["error"])
        else:
            await first.reset(Status.PROTOCOL_ERROR)
            await second.reset(Status.PROTOCOL_ERROR)


def _request_id(stream: Stream) -> str:
    """ "" for a stream that belongs to none. Clients older than the header open error before data."""
    kind = stream.headers.get(STREAM_TYPE, "")
    if kind not in ("data", "error"):
        return ""
    first = stream.id if kind == "error" else stream.id - 2
    return stream.headers.get("requestid") or f"stream {first}"
