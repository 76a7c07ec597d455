"""Passes a request on to the extension API server whose it is.

The user has been authenticated and authorized here; the extension server is told who he is, by headers that
it believes because of our certificate. Headers of those names that the client sent are dropped.
"""

from urllib.parse import quote

from kubeade.api.errors import ApiError
from kubeade.apiserver.aggregation.registered import Extension
from kubeade.apiserver.aggregation.servers import ExtensionServers
from kubeade.apiserver.proxying.forward import BadGateway, Road, forward
from kubeade.apiserver.proxying.headers import identity
from kubeade.apiserver.seams import User
from kubeade.lib.http.message import Request, Response

_DISCOVERY_SECONDS = 5.0
_REQUEST_SECONDS = 60.0
_UNESCAPED = "/$&+,:;=@~"
_TEXT = [("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")]


async def pass_on(servers: ExtensionServers, extension: Extension, request: Request, user: User) -> Response:
    """The extension server's answer; 503 in plain words, as upstream's, where there is none."""
    if not extension.available:
        return _plain(503, "service unavailable")
    try:
        address = servers.address(extension)
    except OSError:
        return _plain(503, "service unavailable")
    path = quote(request.path, safe=_UNESCAPED)
    headers = [
        ("host", address.authority),
        ("x-forwarded-host", address.authority),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-uri", path),
        *identity(user),
    ]
    discovery = request.path.strip("/").count("/") == 2
    seconds = _DISCOVERY_SECONDS if discovery else _REQUEST_SECONDS
    try:
        return await forward(Road(address, path, headers, head_seconds=seconds), request)
    except BadGateway as error:
        return _plain(502, error.message, newline="")
    except ApiError as error:
        return _plain(503, error.message)


def _plain(status: int, message: str, newline: str = "\n") -> Response:
    return Response(status, list(_TEXT), f"{message}{newline}".encode())
