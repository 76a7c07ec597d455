"""The HTTP upgrade to SPDY/3.1, with Kubernetes' choice of a subprotocol (X-Stream-Protocol-Version)."""

from collections.abc import Awaitable, Callable, Sequence

from kubeade.lib.http.message import Duplex, Request, Response
from kubeade.lib.http.spdy.session import SpdySession

SPDY = "SPDY/3.1"
_VERSION = "x-stream-protocol-version"
_ACCEPTED = "x-accepted-stream-protocol-versions"


def is_upgrade(request: Request) -> bool:
    """Whether the client asks for SPDY/3.1."""
    headers = request.headers
    asks = "upgrade" in headers.get("connection", "").lower()
    return asks and SPDY.lower() in headers.get("upgrade", "").lower()


def accept(
    request: Request, supported: Sequence[str], serve: Callable[[SpdySession, str], Awaitable[None]]
) -> Response:
    """The 101 that turns the connection into a session for `serve`, which gets the subprotocol, too.

    That is the first of the client's that is supported; a 400 or 403 where there is none (upstream:
    httpstream.Handshake).
    """
    wanted = [each.strip() for each in request.headers.get(_VERSION, "").split(",") if each.strip()]
    if not wanted:
        return _refusal(400, "unable to upgrade: the header X-Stream-Protocol-Version names no protocol")
    chosen = next((each for each in wanted if each in supported), "")
    if not chosen:
        message = f"client supports [{' '.join(wanted)}], server accepts [{' '.join(supported)}]"
        answer = _refusal(403, f"unable to upgrade: unable to negotiate protocol: {message}")
        answer.headers += [(_ACCEPTED, each) for each in supported]
        return answer

    async def upgrade(duplex: Duplex) -> None:
        async with SpdySession(duplex) as session:
            await serve(session, chosen)

    return Response(101, [("connection", "Upgrade"), ("upgrade", SPDY), (_VERSION, chosen)], upgrade=upgrade)


def _refusal(status: int, message: str) -> Response:
    return Response(status, [("content-type", "text/plain; charset=utf-8")], f"{message}\n".encode())
