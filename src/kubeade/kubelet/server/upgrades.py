"""Which protocol carries a command or a forwarded port: SPDY or WebSocket, as the client asks.

Nothing is started before the client's upgrade is known to be good.
"""

import asyncio
from collections.abc import Awaitable, Callable

from kubeade.cri.service import ExecSession
from kubeade.kubelet.server import (
    port_forward_spdy,
    port_forward_websocket,
    spdy_channels,
    websocket_channels,
)
from kubeade.kubelet.server.channels import Channel
from kubeade.kubelet.server.port_forward import Target
from kubeade.kubelet.server.remote_command import Wanted, run_command
from kubeade.lib.http import websocket
from kubeade.lib.http.message import HandshakeError, Request, Response
from kubeade.lib.http.spdy import handshake
from kubeade.lib.http.spdy.session import SpdySession
from kubeade.lib.http.websocket import WebSocket, WebSocketDuplex

Start = Callable[[], Awaitable[ExecSession]]


def command_response(request: Request, start: Start, wanted: Wanted) -> Response:
    """For exec and attach. Raises HandshakeError."""
    if websocket.is_handshake(request):

        async def serve(socket: WebSocket) -> None:
            channels = websocket_channels.WebSocketChannels(socket)
            await channels.greet(wanted.first_output)
            await run_command(start, channels, wanted)

        return websocket.accept(request, websocket_channels.PROTOCOLS, serve)
    _require_spdy(request)

    async def serve_session(session: SpdySession, protocol: str) -> None:
        await _command_over_spdy(session, protocol, start, wanted)

    return handshake.accept(request, spdy_channels.PROTOCOLS, serve_session)


async def _command_over_spdy(session: SpdySession, protocol: str, start: Start, wanted: Wanted) -> None:
    expected = wanted.channels
    if protocol not in (spdy_channels.V4, spdy_channels.V3):
        expected -= {Channel.RESIZE}
    streams = await spdy_channels.gather_streams(session, expected)
    if streams is None:
        return
    channels = spdy_channels.SpdyChannels(session, streams, protocol)
    pumping = asyncio.create_task(channels.pump())
    try:
        await run_command(start, channels, wanted)
    finally:
        pumping.cancel()
        await asyncio.gather(pumping, return_exceptions=True)


def port_forward_response(request: Request, target: Target) -> Response:
    """Raises HandshakeError, ValueError."""
    if websocket.is_handshake(request):
        return _forwarded_over_websocket(request, target)
    _require_spdy(request)

    async def serve(session: SpdySession, protocol: str) -> None:
        await port_forward_spdy.serve(session, target)

    return handshake.accept(request, port_forward_spdy.PROTOCOLS, serve)


def _forwarded_over_websocket(request: Request, target: Target) -> Response:
    """Ports in the query, or SPDY in its messages: then the ports come with its streams."""
    tunnel = port_forward_spdy.TUNNEL in request.headers.get("sec-websocket-protocol", "")
    values = [value for name, value in request.query() if name == "port"]
    ports = [] if tunnel else port_forward_websocket.read_ports(values)

    async def serve(socket: WebSocket) -> None:
        if socket.subprotocol != port_forward_spdy.TUNNEL:
            await port_forward_websocket.serve(socket, target, ports)
            return
        async with SpdySession(WebSocketDuplex(socket)) as session:
            await port_forward_spdy.serve(session, target)

    protocols = (port_forward_spdy.TUNNEL,) if tunnel else port_forward_websocket.PROTOCOLS
    return websocket.accept(request, protocols, serve)


def _require_spdy(request: Request) -> None:
    if not handshake.is_upgrade(request):
        raise HandshakeError("Upgrade request required: to WebSocket or to SPDY/3.1")
