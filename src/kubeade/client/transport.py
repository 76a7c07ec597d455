"""How a request travels: over a socket, or straight into a handler in the same process.

A transport *is* an HTTP handler (`lib.http.message.Handler`), so the whole stack runs in-process when the
handler is the API server itself. `in_process` is that case; `client.socket` has the other.
"""

from typing import Any

from kubeade.lib.http.message import Handler, Request, Response

Transport = Handler


def in_process(handler: Handler, identity: Any) -> Transport:
    """Call `handler` directly, as `identity` (the server's own type; authentication is already done)."""

    async def send(request: Request) -> Response:
        request.identity = identity
        return await handler(request)

    return send
