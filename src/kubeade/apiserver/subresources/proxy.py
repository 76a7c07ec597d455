"""`pods/proxy`, `services/proxy`, `nodes/proxy`: whatever is sent to them goes there, whatever the method."""

import posixpath
from functools import partial
from urllib.parse import quote

from kubeade.apiserver.call import Call
from kubeade.apiserver.proxying.forward import Road, forward
from kubeade.apiserver.proxying.locations import Locations
from kubeade.apiserver.proxying.rewriting import Links
from kubeade.apiserver.seams import Operation
from kubeade.apiserver.subresources.registry import SubresourceRegistry
from kubeade.lib.http.dial import Address
from kubeade.lib.http.message import Response

_UNESCAPED = "/$&+,:;=@~"


def add_proxies(registry: SubresourceRegistry, locations: Locations) -> None:
    for plural in ("pods", "services", "nodes"):
        registry.add("", plural, "proxy", partial(proxy, locations))


async def proxy(locations: Locations, call: Call) -> Response:
    """Raises BadRequest, NotFound, ServiceUnavailable, and what admission does."""
    path = _path(call)
    kind = call.type.subresources["proxy"].kind
    connect = {"apiVersion": "v1", "kind": kind, "path": path}
    attributes = call.admission_attributes(Operation.CONNECT, connect, None, call.info.name, kind)
    await call.backend.admission.mutate(attributes)
    await call.backend.admission.validate(attributes)
    address = await _locate(locations, call)
    if not path and call.request.method in {"GET", "HEAD"}:
        return _to_directory(call)
    host = call.request.headers.get("host", "")
    prefix = call.request.path.rstrip("/").removesuffix(call.info.rest).rstrip("/")
    links = Links(prefix, frozenset({address.authority, host}))
    uri = posixpath.normpath(prefix + path) + ("/" if path.endswith("/") else "")
    headers = [("host", host)] if host else []
    return await forward(
        Road(
            address, quote(path or "/", safe=_UNESCAPED), [*headers, ("x-forwarded-uri", quote(uri))], links
        ),
        call.request,
    )


async def _locate(locations: Locations, call: Call) -> Address:
    info = call.info
    if info.resource == "nodes":
        return await locations.node(info.name)
    find = locations.pod if info.resource == "pods" else locations.service
    return find(info.namespace, info.name)


def _path(call: Call) -> str:
    """What follows `/proxy`, with a slash before it and, if there was one, behind it; without `..`."""
    rest = call.info.rest
    if not rest:
        return "/" if call.request.path.endswith("/") else ""
    path = posixpath.normpath(f"/{rest.lstrip('/')}")
    return f"{path}/" if call.request.path.endswith("/") and path != "/" else path


def _to_directory(call: Call) -> Response:
    """Relative links of a page only work below a path that ends in a slash."""
    query = f"?{call.request.query_string}" if call.request.query_string else ""
    return Response(301, [("location", f"{quote(call.request.path, safe=_UNESCAPED)}/{query}")])
