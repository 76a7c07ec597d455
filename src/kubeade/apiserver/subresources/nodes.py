"""The way from the API server to a node's own server.

The address comes from the Node object and nothing else; the node's certificate must be the cluster
authority's and good for that address; redirects are not followed. A tunnel exists only after the
node's own 101: what a refused upgrade leaves behind is an answer, never a connection (CVE-2018-1002105).
"""

import ssl
from collections.abc import Callable
from dataclasses import replace

from kubeade.api.errors import ApiError, BadRequest, Forbidden, InternalError, NotFound
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.resources import NODES
from kubeade.apiserver.storage import Storage
from kubeade.lib.http.dial import Address, Answer, send
from kubeade.lib.http.message import Duplex, Request, Response
from kubeade.lib.http.splice import IDLE_SECONDS, splice

_PREFERRED = ("InternalIP", "ExternalIP", "Hostname")
_UPGRADE_HEADERS = frozenset(
    (
        "upgrade",
        "connection",
        "x-stream-protocol-version",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-protocol",
    )
)
_PROTOCOLS = ("websocket", "spdy/3.1")
_ERROR_BYTES = 64 * 1024


MakeTls = Callable[[bool], ssl.SSLContext]
"""TLS with our certificate; False for not asking the node for a good one."""


class Nodes:
    """Requests to nodes, as `kube-apiserver-kubelet-client`."""

    def __init__(self, storage: Storage, make_tls: MakeTls, idle_seconds: float = IDLE_SECONDS) -> None:
        self._storage = storage
        self._make_tls = make_tls
        self._tls = make_tls(True)
        self._idle_seconds = idle_seconds

    async def stream(self, node_name: str, target: str, *, verified: bool = True) -> Response:
        """The node's answer to a GET, as it comes; `verified` False trusts whoever is there.

        Raises what `_refusal` makes of an error.
        """
        address = self.address(node_name)
        if not verified:
            address = replace(address, tls=self._make_tls(False))
        answer = await _send(node_name, address, "GET", target, [])
        if answer.status != 200:
            raise await _refusal(answer)
        return Response(200, [("content-type", "text/plain")], answer.body())

    async def tunnel(self, node_name: str, target: str, request: Request) -> Response:
        """Pass the client's upgrade on, and then bytes both ways. Raises as `stream` does."""
        address = self.address(node_name)
        wanted = _wanted_protocol(request)
        answer = await _send(node_name, address, request.method, target, _upgrade_headers(request))
        if answer.status != 101:
            raise await _refusal(answer)
        if wanted not in dict(answer.headers).get("upgrade", "").lower():
            answer.close()
            raise InternalError("Internal error occurred: the node upgraded to what nobody asked for")

        async def upgrade(client: Duplex) -> None:
            await splice(client, answer.duplex(), self._idle_seconds)

        return Response(101, answer.headers, upgrade=upgrade)

    def address(self, node_name: str) -> Address:
        """Where the node's own server is. Raises NotFound, BadRequest."""
        node = self._storage.read(NODES, node_name)
        if node is None:
            raise NotFound.of("nodes", node_name)
        status = part(node, "status")
        port = part(status, "daemonEndpoints", "kubeletEndpoint").get("Port", 0)
        host = _preferred_address(status)
        if not host or not port:
            raise BadRequest(f'node "{node_name}" serves no logs, commands or port forwarding')
        return Address(host, port, self._tls)


async def _send(
    node_name: str, address: Address, method: str, target: str, headers: list[tuple[str, str]]
) -> Answer:
    try:
        return await send(address, method, target, headers)
    except (OSError, TimeoutError) as error:
        message = f'error dialing backend: node "{node_name}" at {address.host}:{address.port}: {error}'
        raise InternalError(f"Internal error occurred: {message}") from error


def _preferred_address(status: Object) -> str:
    found = {each.get("type"): each.get("address", "") for each in reversed(status.get("addresses") or [])}
    return next((found[kind] for kind in _PREFERRED if found.get(kind)), "")


def _wanted_protocol(request: Request) -> str:
    """Raises BadRequest for a request that asks for no upgrade, or for one to what no stream speaks."""
    upgrade = request.headers.get("upgrade", "").strip().lower()
    if "upgrade" not in request.headers.get("connection", "").lower() or upgrade not in _PROTOCOLS:
        raise BadRequest("Upgrade request required")
    return upgrade


def _upgrade_headers(request: Request) -> list[tuple[str, str]]:
    """Only what the upgrade itself needs: the client's credentials stay here."""
    return [(name, value) for name, value in request.headers.items() if name in _UPGRADE_HEADERS]


async def _refusal(answer: Answer) -> ApiError:
    """What a node said instead of what was asked for (upstream: GenericHttpResponseChecker)."""
    text = b""
    async for part_ in answer.body():
        text += part_[: _ERROR_BYTES - len(text)]
        if len(text) >= _ERROR_BYTES:
            break
    answer.close()
    message = text.decode("utf-8", "replace").strip()
    if answer.status == 400:
        return BadRequest(message)
    if answer.status == 403:
        return Forbidden(message)
    if answer.status == 404:
        return NotFound(message or "the server could not find the requested resource")
    return InternalError(f"Internal error occurred: {message or f'the node answered {answer.status}'}")
