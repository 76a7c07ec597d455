"""Which headers pass a proxy, in either direction.

The client's credentials and whatever could be taken for an identity stay here; hop-by-hop headers, and those
that `Connection` declares to be such, end here (RFC 9110, 7.6.1) before anything of ours is added.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from kubeade.apiserver.seams import User
from kubeade.lib.http.message import Request

Headers = list[tuple[str, str]]

_HOP_BY_HOP = frozenset(
    (
        "connection",
        "proxy-connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_STAYS = frozenset({"authorization", "content-length", "expect", "host"})
_IDENTITY = ("x-remote-user", "x-remote-uid", "x-remote-group", "x-remote-extra-", "impersonate-")
_OURS = frozenset(
    (
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "content-length",
        "date",
    )
)
_BEARER_PROTOCOL = "base64url.bearer.authorization.k8s.io."
_TUNNELS = ("websocket", "spdy/3.1")


def wanted_upgrade(headers: Mapping[str, str]) -> str:
    """The protocol that a client wants to change to, if it is one that may pass.

    Another HTTP on the same connection (h2c) would get past every check made here.
    """
    if "upgrade" not in _tokens(headers.get("connection", "")):
        return ""
    wanted = headers.get("upgrade", "").strip()
    return wanted if wanted.lower() in _TUNNELS else ""


def passed_on(request: Request, upgrade: str) -> Headers:
    """The request's headers as a backend gets them."""
    dropped = _HOP_BY_HOP | _STAYS | _tokens(request.headers.get("connection", ""))
    found = [
        (name, value)
        for name, value in request.headers.items()
        if name not in dropped and not name.startswith(_IDENTITY)
    ]
    found = [(name, value) for name, value in map(_without_token, found) if value]
    forwarded = ", ".join(filter(None, (request.headers.get("x-forwarded-for"), request.peer_address)))
    found = [(name, value) for name, value in found if name != "x-forwarded-for"]
    if forwarded:
        found.append(("x-forwarded-for", forwarded))
    if request.stream is not None:
        length = request.headers.get("content-length")
        found.append(("content-length", length) if length else ("transfer-encoding", "chunked"))
    elif request.body or request.method in {"POST", "PUT", "PATCH"}:
        found.append(("content-length", str(len(request.body))))
    if upgrade:
        return [*found, ("connection", "Upgrade"), ("upgrade", upgrade)]
    return [*found, ("connection", "close")]


def identity(user: User) -> Headers:
    """How a front proxy tells an extension API server who asks."""
    found = [("x-remote-user", user.name)]
    if user.uid:
        found.append(("x-remote-uid", user.uid))
    found += [("x-remote-group", group) for group in user.groups]
    for key, values in user.extra.items():
        name = "x-remote-extra-" + quote(key, safe="!#$&'*+^`|")
        found += [(name, value) for value in values]
    return [(name, _one_line(value)) for name, value in found]


def answered(headers: Headers) -> Headers:
    """The backend's headers as the client gets them; ours are added when the answer is written."""
    listed = (token for name, value in headers if name == "connection" for token in _tokens(value))
    dropped = _HOP_BY_HOP | _OURS | set(listed)
    return [(name, value) for name, value in headers if name not in dropped]


def switched(headers: Headers) -> Headers:
    """The same for a 101, which is about the connection."""
    return [(name, value) for name, value in headers if name in {"connection", "upgrade"}] + answered(headers)


def header(headers: Iterable[tuple[str, str]], name: str) -> str:
    """The first of that name, or ""."""
    return next((value for key, value in headers if key == name), "")


def _without_token(header: tuple[str, str]) -> tuple[str, str]:
    """Browsers put a bearer token among the WebSocket's protocols."""
    name, value = header
    if name != "sec-websocket-protocol":
        return header
    protocols = (each.strip() for each in value.split(","))
    return name, ", ".join(each for each in protocols if not each.startswith(_BEARER_PROTOCOL))


def _tokens(value: str) -> frozenset[str]:
    return frozenset(token.strip().lower() for token in value.split(","))


def _one_line(value: str) -> str:
    """As UTF-8 bytes in the latin-1 that headers are written in."""
    return " ".join(value.encode().decode("latin-1").splitlines())
