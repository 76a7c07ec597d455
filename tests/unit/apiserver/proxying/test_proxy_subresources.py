"""Through the API server to pods, services and nodes: what arrives there, what comes back, what never
leaves."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from api_lab import ADMIN, ApiLab, api_lab

from kubeade.api.resources import ENDPOINTS
from kubeade.api.resources import SERVICES as SERVICE_RESOURCE
from kubeade.apiserver.proxying.addresses import AllowedAddresses
from kubeade.apiserver.proxying.locations import Locations
from kubeade.apiserver.request_info import proxied
from kubeade.apiserver.seams import Operation
from kubeade.apiserver.subresources.nodes import Nodes
from kubeade.apiserver.subresources.proxy import add_proxies
from kubeade.lib.http.dial import Address, send
from kubeade.lib.http.message import Duplex, Request, Response
from kubeade.lib.http.server import HttpServer

PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"
POD_ADDRESS = "127.77.0.9"


class Backend:
    """Answers with what it was asked, or as it is told to; notes every request."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.answer: Response | None = None
        self.port = 0

    async def handle(self, request: Request) -> Response:
        self.seen.append(request)
        if self.answer is not None:
            return self.answer
        told = {"method": request.method, "path": request.raw_path, "query": request.query_string}
        return Response(200, [("content-type", "application/json")], msgspec.json.encode(told))


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    found = Backend()
    server = HttpServer(found.handle)
    found.port = await server.start(POD_ADDRESS)
    yield found
    await server.stop(0.1)


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as lab:
        nodes = Nodes(lab.server.storage, lambda verified: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        locations = Locations(lab.server.storage, AllowedAddresses("127.77.0.0/16"), nodes)
        add_proxies(lab.server.subresources, locations)
        yield lab


async def pod_at(lab: ApiLab, name: str, address: str, port: int = 0) -> None:
    ports = [{"containerPort": port}] if port else []
    await lab.pod(name, spec={"containers": [{"name": "a", "image": "a", "ports": ports}]})
    status = {"podIP": address, "podIPs": [{"ip": address}]}
    patch = msgspec.json.encode({"status": status})
    headers = {"content-type": "application/merge-patch+json"}
    answer = await lab.send("PATCH", f"{PODS}/{name}/status", patch, headers=headers)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_reaches_a_pod_with_path_query_and_body(
    lab: ApiLab, backend: Backend, method: str
) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    answer = await lab.send(method, f"{PODS}/web/proxy/some/path%20x/?limit=abc&q=1", b"hello")
    assert answer.json == {"method": method, "path": "/some/path%2520x/", "query": "limit=abc&q=1"}
    assert backend.seen[0].body == b"hello"


async def test_head_gets_a_head_and_no_body(lab: ApiLab, backend: Backend, front: Address) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    backend.answer = Response(200, [], b"lemonade")
    reader, writer = await asyncio.open_connection(front.host, front.port)
    writer.write(f"HEAD {PODS}/web/proxy/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\n")
    assert answer.count(b"content-length: 8\r\n") == answer.count(b"content-length") == 1
    assert backend.seen[0].method == "HEAD"
    writer.close()


@pytest.mark.parametrize("form", ["web:{port}", "http:web:{port}", ":web:{port}", "http:web:", "web"])
async def test_a_pod_can_be_named_with_scheme_and_port(lab: ApiLab, backend: Backend, form: str) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    answer = await lab.send("GET", f"{PODS}/{form.format(port=backend.port)}/proxy/x")
    assert answer.json["path"] == "/x"


@pytest.mark.parametrize("form", ["ftp:web:80", "a:b:c:d", "::"])
async def test_other_forms_are_refused(lab: ApiLab, form: str) -> None:
    answer = await lab.send("GET", f"{PODS}/{form}/proxy/x")
    assert (answer.status, answer.message) == (400, f'invalid pod request "{form}"')


async def test_the_path_cannot_leave_the_backend_or_smuggle_lines(lab: ApiLab, backend: Backend) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    answer = await lab.send("GET", f"{PODS}/web/proxy/a/../../../b\r\nX-Evil: 1")
    assert answer.json["path"] == "/b%0D%0AX-Evil:%201"
    assert "x-evil" not in backend.seen[0].headers


async def test_credentials_and_identities_stay_here(lab: ApiLab, backend: Backend) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    sent = {
        "authorization": "Bearer secret",
        "x-remote-user": "root",
        "x-remote-extra-scopes": "all",
        "connection": "close, x-drop",
        "x-drop": "1",
        "transfer-encoding": "chunked",
        "cookie": "kept=1",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-uri": "/spoofed",
        "sec-websocket-protocol": "base64url.bearer.authorization.k8s.io.c2VjcmV0, chat",
        "host": "shop.example:6443",
    }
    assert (await lab.send("GET", f"{PODS}/web/proxy/x", headers=sent)).status == 200
    got = dict(backend.seen[0].headers)
    absent = {"authorization", "x-remote-user", "x-remote-extra-scopes", "x-drop", "transfer-encoding"}
    assert not absent & set(got)
    assert got["cookie"] == "kept=1"
    assert got["host"] == "shop.example:6443"
    assert got["x-forwarded-for"] == "203.0.113.7"
    assert got["x-forwarded-uri"] == f"{PODS}/web/proxy/x"
    assert got["sec-websocket-protocol"] == "chat"
    assert got["connection"] == "close"


async def test_a_backend_cannot_speak_for_this_server(lab: ApiLab, backend: Backend) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    headers = [("access-control-allow-origin", "*"), ("connection", "x-hop"), ("x-hop", "1"), ("x-own", "2")]
    backend.answer = Response(418, headers, b"teapot")
    answer = await lab.send("GET", f"{PODS}/web/proxy/x")
    assert (answer.status, answer.body) == (418, b"teapot")
    assert not answer.header("access-control-allow-origin") and not answer.header("x-hop")
    assert answer.header("x-own") == ["2"]


async def test_links_and_redirects_lead_back_through_the_proxy(lab: ApiLab, backend: Backend) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    backend.answer = Response(200, [("content-type", "text/html")], b'<a href="/rewriteme">test</a>')
    answer = await lab.send("GET", f"{PODS}/web/proxy/")
    assert answer.body.decode() == f'<a href="{PODS}/web/proxy/rewriteme">test</a>'
    backend.answer = Response(302, [("location", f"http://{POD_ADDRESS}:{backend.port}/login?next=1")])
    answer = await lab.send("GET", f"{PODS}/web/proxy/deep/page")
    assert (answer.status, answer.header("location")) == (302, [f"{PODS}/web/proxy/login?next=1"])


async def test_a_directory_is_asked_for_with_a_slash(lab: ApiLab, backend: Backend) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    answer = await lab.send("GET", f"{PODS}/web/proxy?a=b")
    assert (answer.status, answer.header("location")) == (301, [f"{PODS}/web/proxy/?a=b"])
    assert (await lab.send("POST", f"{PODS}/web/proxy")).json["path"] == "/"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "fe80::1"]
)
async def test_addresses_that_are_no_pods_are_not_gone_to(lab: ApiLab, address: str) -> None:
    await pod_at(lab, "evil", address, 80)
    answer = await lab.send("GET", f"{PODS}/evil/proxy/")
    assert (answer.status, answer.message) == (400, "address not allowed")


@pytest.mark.parametrize("address", ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1%eth0", "", "web"])
def test_spellings_of_such_addresses_are_seen_through(address: str) -> None:
    with pytest.raises(Exception, match="address not allowed"):
        AllowedAddresses().check(address)


async def test_connecting_is_admitted(lab: ApiLab, backend: Backend) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    await lab.send("GET", f"{PODS}/http:web:{backend.port}/proxy/a/")
    seen = lab.doors.admitted[-1]
    assert (seen.operation, seen.kind, seen.subresource) == (Operation.CONNECT, "PodProxyOptions", "proxy")
    assert seen.object == {"apiVersion": "v1", "kind": "PodProxyOptions", "path": "/a/"}
    assert (lab.doors.asked[-1].name, lab.doors.asked[-1].verb) == (f"http:web:{backend.port}", "get")


async def test_what_cannot_be_reached_is_unavailable(lab: ApiLab) -> None:
    await pod_at(lab, "web", "127.77.0.99", 1)
    answer = await lab.send("GET", f"{PODS}/web/proxy/")
    assert answer.status == 503
    assert answer.message == (
        "error trying to reach service: dial tcp 127.77.0.99:1: connect: connection refused"
    )
    assert (await lab.send("GET", f"{PODS}/nobody/proxy/")).message == 'pods "nobody" not found'


# -- services ------------------------------------------------------------------------------------------


async def service(lab: ApiLab, backend: Backend, addresses: list[dict[str, Any]]) -> None:
    """As controllers would write them: past the rules, which forbid loopback addresses in most clusters."""
    ports = [{"name": "http", "port": 80}, {"name": "other", "port": 81}]
    metadata = {"name": "shop", "namespace": "default"}
    storage = lab.server.storage
    made = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}}
    await storage.create(SERVICE_RESOURCE, made, "test")
    subset = {"addresses": addresses, "ports": [{"name": "http", "port": backend.port}]}
    made = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]}
    await storage.create(ENDPOINTS, made, "test")


def endpoint(pod: str, address: str = POD_ADDRESS) -> dict[str, Any]:
    return {"ip": address, "targetRef": {"kind": "Pod", "namespace": "default", "name": pod}}


@pytest.mark.parametrize("form", ["shop:http", "shop:80", "http:shop:http"])
async def test_a_service_is_reached_by_port_name_and_number(lab: ApiLab, backend: Backend, form: str) -> None:
    await pod_at(lab, "web", POD_ADDRESS)
    await service(lab, backend, [endpoint("gone", "10.9.9.9"), endpoint("web")])
    answer = await lab.send("GET", f"{SERVICES}/{form}/proxy/menu")
    assert answer.json["path"] == "/menu"


async def test_endpoints_that_are_no_pods_are_not_gone_to(lab: ApiLab, backend: Backend) -> None:
    await pod_at(lab, "web", "127.77.0.10")
    await service(lab, backend, [endpoint("web"), endpoint("gone"), {"ip": POD_ADDRESS.replace("9", "8")}])
    answer = await lab.send("GET", f"{SERVICES}/shop:http/proxy/")
    assert (answer.status, answer.message) == (503, 'no endpoints available for service "shop:http"')
    assert backend.seen == []


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("shop:99", 'no service port 99 found for service "shop"'),
        ("shop", 'no endpoints available for service "shop"'),
        ("shop:81", 'no endpoints available for service "shop:81"'),
    ],
)
async def test_a_port_without_endpoints_is_unavailable(
    lab: ApiLab, backend: Backend, form: str, message: str
) -> None:
    await pod_at(lab, "web", POD_ADDRESS)
    await service(lab, backend, [endpoint("web")])
    answer = await lab.send("GET", f"{SERVICES}/{form}/proxy/")
    assert (answer.status, answer.message) == (503, message)


# -- nodes ---------------------------------------------------------------------------------------------


async def test_only_the_kubelet_may_be_on_loopback(lab: ApiLab, backend: Backend) -> None:
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}},
    }
    await lab.make("/api/v1/nodes", {"metadata": {"name": "n1"}, "status": status})
    answer = await lab.send("GET", f"/api/v1/nodes/n1:{backend.port}/proxy/")
    assert (answer.status, answer.message) == (400, "address not allowed")
    for name in ("n1", "n1:1"):
        assert (await lab.send("GET", f"/api/v1/nodes/{name}/proxy/healthz")).status == 503


@pytest.mark.parametrize(
    ("host", "message"),
    [("localhost", "address not allowed"), ("x" * 70 + ".a", f"lookup {'x' * 70}.a: no such host")],
)
async def test_a_node_name_that_leads_nowhere_else_is_refused(lab: ApiLab, host: str, message: str) -> None:
    status = {
        "addresses": [{"type": "Hostname", "address": host}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}},
    }
    await lab.make("/api/v1/nodes", {"metadata": {"name": "n1"}, "status": status})
    answer = await lab.send("GET", "/api/v1/nodes/n1:80/proxy/")
    assert (answer.status, answer.message) == (400, message)


# -- upgrades ------------------------------------------------------------------------------------------

UPGRADE = [("connection", "Upgrade"), ("upgrade", "websocket")]


@pytest.fixture
async def front(lab: ApiLab) -> AsyncIterator[Address]:
    async def handle(request: Request) -> Response:
        request.identity = ADMIN
        return await lab.server.handle(request)

    server = HttpServer(handle)
    yield Address("127.0.0.1", await server.start())
    await server.stop(0.1)


async def shout(duplex: Duplex) -> None:
    while data := await duplex.read():
        await duplex.write(data.upper())


async def test_an_upgrade_passes_through(lab: ApiLab, backend: Backend, front: Address) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    backend.answer = Response(101, [*UPGRADE, ("sec-websocket-accept", "x")], upgrade=shout)
    answer = await send(front, "GET", f"{PODS}/web/proxy/ws", UPGRADE)
    assert answer.status == 101
    assert ("sec-websocket-accept", "x") in answer.headers
    duplex = answer.duplex()
    await duplex.write(b"lemonade")
    assert await asyncio.wait_for(duplex.read(), 5) == b"LEMONADE"
    await duplex.close()


async def test_a_refused_upgrade_leaves_no_tunnel(lab: ApiLab, backend: Backend, front: Address) -> None:
    """CVE-2018-1002105: what follows a refused upgrade is a request to this server, and judged as one."""
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    backend.answer = Response(403, [], b"no")
    reader, writer = await asyncio.open_connection(front.host, front.port)
    upgrade = (
        f"GET {PODS}/web/proxy/ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"
    )
    writer.write(upgrade.encode() + b"GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    answers = await asyncio.wait_for(reader.read(), 5)
    assert answers.startswith(b"HTTP/1.1 403")
    assert b"gitVersion" in answers
    assert [request.path for request in backend.seen] == ["/ws"]
    writer.close()


@pytest.mark.parametrize("status", [200, 302])
async def test_an_upgrade_answered_by_anything_else_is_an_error(
    lab: ApiLab, backend: Backend, status: int
) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    backend.answer = Response(status, [("location", "/x")])
    answer = await lab.send("GET", f"{PODS}/web/proxy/ws", headers=dict(UPGRADE))
    assert (answer.status, answer.message) == (500, f"invalid upgrade response: status code {status}")


async def test_no_other_http_may_be_upgraded_to(lab: ApiLab, backend: Backend) -> None:
    await pod_at(lab, "web", POD_ADDRESS, backend.port)
    headers = {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAM"}
    assert (await lab.send("GET", f"{PODS}/web/proxy/x", headers=headers)).status == 200
    assert not {"upgrade", "http2-settings"} & set(backend.seen[0].headers)


@pytest.mark.parametrize(
    "answer", ["content-length: 9\r\n\r\npart", "transfer-encoding: chunked\r\n\r\n9\r\npart"]
)
async def test_a_part_is_not_passed_on_as_the_whole(lab: ApiLab, front: Address, answer: str) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{answer}".encode())
        writer.close()

    server = await asyncio.start_server(cut, POD_ADDRESS, 0)
    await pod_at(lab, "web", POD_ADDRESS, server.sockets[0].getsockname()[1])
    reader, writer = await asyncio.open_connection(front.host, front.port)
    writer.write(f"GET {PODS}/web/proxy/x HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    received = await asyncio.wait_for(reader.read(), 5)
    assert received.endswith(b"\r\n4\r\npart\r\n")
    writer.close()
    server.close()


async def test_who_leaves_is_not_waited_for(lab: ApiLab, front: Address) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        left.set()
        writer.close()

    server = await asyncio.start_server(silent, POD_ADDRESS, 0)
    await pod_at(lab, "web", POD_ADDRESS, server.sockets[0].getsockname()[1])
    _, writer = await asyncio.open_connection(front.host, front.port)
    writer.write(f"GET {PODS}/web/proxy/x HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    await asyncio.wait_for(asked.wait(), 5)
    writer.transport.abort()
    await asyncio.wait_for(left.wait(), 5)
    server.close()


async def test_an_upgrade_that_nobody_asked_for_is_an_error(lab: ApiLab) -> None:
    async def rogue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")

    server = await asyncio.start_server(rogue, POD_ADDRESS, 0)
    await pod_at(lab, "web", POD_ADDRESS, server.sockets[0].getsockname()[1])
    answer = await lab.send("GET", f"{PODS}/web/proxy/x")
    assert (answer.status, answer.message) == (500, "invalid upgrade response: status code 101")
    server.close()


@pytest.mark.parametrize(
    ("target", "streamed"),
    [
        ("/api/v1/namespaces/shop/pods/web/proxy", True),
        ("/api/v1/namespaces/shop/services/https:web:443/proxy/a/b?c=/proxy", True),
        ("/api/v1/nodes/one/proxy/", True),
        ("/api/v1/namespaces/shop/pods/web/proxyx", False),
        ("/api/v1/namespaces/shop/configmaps/web/proxy", False),
        ("/api/v1/namespaces/proxy/pods/web/exec", False),
        ("/api/v1/namespaces/shop/pods?x=/pods/web/proxy", False),
        ("/api/v1/namespaces/a%2Fb/pods/web/proxy", False),
        ("/apis/apps/v1/namespaces/shop/pods/web/proxy", False),
    ],
)
def test_only_what_a_proxy_passes_on_is_not_read_whole(target: str, streamed: bool) -> None:
    assert proxied(target) is streamed
