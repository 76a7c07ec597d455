"""Reads from a request's path and method what is asked of which resource (upstream: RequestInfoFactory).

    /api/v1/namespaces/default/pods/web-1/log
     group "", version v1, namespace default, resource pods, name web-1, subresource log, verb get

Nothing is looked up here: whether such a resource exists is the catalogue's business.
"""

from dataclasses import dataclass

from kubeade.api.errors import BadRequest
from kubeade.lib.http.message import Request

_VERBS = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_NAMESPACE_SUBRESOURCES = {"status", "finalize", "order"}


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """`resource_request` is False for /version, /healthz, discovery and the like: then only `path` and
    `verb` (the HTTP method in lower case) mean anything. `rest` is what follows a proxy subresource."""

    resource_request: bool
    path: str
    verb: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""


def read_request_info(request: Request) -> RequestInfo:
    """Raises BadRequest for a name that could not be a path segment of its own."""
    parts = request.path.removeprefix("/").rstrip("/").split("/")
    plain = RequestInfo(False, request.path, request.method.lower())
    if parts[0] == "api":
        group, rest = "", parts[1:]
    elif parts[0] == "apis":
        group, rest = (parts[1] if len(parts) > 1 else ""), parts[2:]
    else:
        return plain
    if len(rest) < 2:
        return plain
    return _resource_request(request, group, rest[0], rest[1:])


def proxied(target: str) -> bool:
    """Whether a request target, as it stands on the wire, is a proxy subresource's. One that is written in
    some other way may be missed."""
    head, found, rest = target.partition("?")[0].partition("/proxy")
    if not found or rest[:1] not in ("", "/") or "%" in head:
        return False
    parts = head.split("/")
    if parts[:4] == ["", "api", "v1", "nodes"]:
        return len(parts) == 5
    in_namespace = parts[:4] == ["", "api", "v1", "namespaces"] and len(parts) == 7
    return in_namespace and parts[5] in ("pods", "services")


def _resource_request(request: Request, group: str, version: str, parts: list[str]) -> RequestInfo:
    verb = _VERBS.get(request.method, request.method.lower())
    if parts[0] == "watch" and len(parts) > 1:
        verb, parts = "watch", parts[1:]
    namespace, parts = _split_namespace(parts)
    resource, name, subresource = [*parts, "", "", ""][:3]
    _check_segments(namespace, name, request, proxied=subresource == "proxy")
    if not name:
        verb = _collection_verb(verb, request)
    rest = "/".join(parts[3:])
    return RequestInfo(True, request.path, verb, group, version, namespace, resource, name, subresource, rest)


def _split_namespace(parts: list[str]) -> tuple[str, list[str]]:
    """`namespaces/x/pods` lies in x; `namespaces/x` and `namespaces/x/status` are the namespace itself."""
    if parts[0] != "namespaces" or len(parts) < 2:
        return "", parts
    if len(parts) == 2 or parts[2] in _NAMESPACE_SUBRESOURCES:
        return parts[1], parts
    return parts[1], parts[2:]


def _collection_verb(verb: str, request: Request) -> str:
    if verb == "get":
        return "watch" if _asks_watch(request) else "list"
    return "deletecollection" if verb == "delete" else verb


def _asks_watch(request: Request) -> bool:
    if "watch" not in request.query_string:
        return False
    wanted = [value for key, value in request.query() if key == "watch"]
    return bool(wanted) and wanted[0] not in {"false", "0", "False"}


def _check_segments(namespace: str, name: str, request: Request, *, proxied: bool) -> None:
    """`.` or `..` must not reach into another key (upstream: IsPathSegmentName). A percent-encoded slash
    cannot: the path is decoded before it is divided.

    What follows a proxy subresource is another server's path."""
    for what, segment in (("Namespace", namespace), ("Name", name)):
        if segment in {".", ".."}:
            raise BadRequest(f"{what} parameter invalid: \"{segment}\": may not be '{segment}'")
    if proxied and "%2f" in request.raw_path.lower().partition("/proxy")[0]:
        raise BadRequest(f"invalid path {request.raw_path!r}: a name may not contain '/'")
