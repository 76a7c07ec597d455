"""Logs, commands and ports of pods at the API server: who may, what the node is asked, what a refusal leaves."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ADMIN, ApiLab, api_lab

from kubeade.apiserver.seams import Operation
from kubeade.apiserver.subresources.nodes import Nodes
from kubeade.apiserver.subresources.streams import add_streams
from kubeade.cluster.pki import Authority, Subject
from kubeade.lib.clock import SystemClock
from kubeade.lib.http.dial import Address, send
from kubeade.lib.http.message import Duplex, Request, Response
from kubeade.lib.http.server import HttpServer

POD = "/api/v1/namespaces/default/pods/web"
UPGRADE = {"connection": "Upgrade", "upgrade": "SPDY/3.1", "x-stream-protocol-version": "v4.channel.k8s.io"}
NODE_ADDRESS = "127.77.1.9"


class NodeServer:
    """Upgrades to an echo in capitals, or answers as it is told; notes every request."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.answer = Response(101, [("connection", "Upgrade"), ("upgrade", "SPDY/3.1")], upgrade=_shout)
        self.port = 0
        self.http: HttpServer

    async def handle(self, request: Request) -> Response:
        self.seen.append(request)
        return self.answer

    @property
    def asked(self) -> str:
        return f"{self.seen[0].raw_path}?{self.seen[0].query_string}"


async def _shout(duplex: Duplex) -> None:
    while data := await duplex.read():
        await duplex.write(data.upper())


def serving(authority: Authority, tmp_path: Path, name: str) -> ssl.SSLContext:
    authority.issue("node", Subject("system:node:n1", names=(name,)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "node.crt", tmp_path / "node.key")
    return context


@pytest.fixture
async def node(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[NodeServer]:
    authority = Authority(tmp_path, SystemClock())
    made = NodeServer()
    made.http = HttpServer(made.handle, serving(authority, tmp_path, getattr(request, "param", NODE_ADDRESS)))
    made.port = await made.http.start(NODE_ADDRESS)
    yield made
    await made.http.stop(0.1)


@pytest.fixture
async def lab(tmp_path: Path, node: NodeServer) -> AsyncIterator[ApiLab]:
    def make_tls(verified: bool) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
        if not verified:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    async with api_lab(tmp_path) as lab:
        add_streams(lab.server.subresources, Nodes(lab.server.storage, make_tls))
        await lab.make("/api/v1/nodes", {"metadata": {"name": "n1"}})
        status = {
            "addresses": [{"type": "InternalIP", "address": NODE_ADDRESS}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": node.port}},
        }
        await lab.send(
            "PATCH",
            "/api/v1/nodes/n1/status",
            {"status": status},
            headers={"content-type": "application/merge-patch+json"},
        )
        await lab.pod("web", spec={"nodeName": "n1"})
        yield lab


@pytest.fixture
async def front(lab: ApiLab) -> AsyncIterator[Address]:
    async def handle(request: Request) -> Response:
        request.identity = ADMIN
        return await lab.server.handle(request)

    server = HttpServer(handle)
    yield Address("127.0.0.1", await server.start())
    await server.stop(0.1)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_bytes_pass_both_ways_and_nothing_stays(front: Address, node: NodeServer, method: str) -> None:
    target = f"{POD}/exec?command=a%20b&command=c&stdin=true&stdout=1&container=a"
    answer = await send(front, method, target, [*UPGRADE.items(), ("authorization", "Bearer secret")])
    assert answer.status == 101
    duplex = answer.duplex()
    await duplex.write(b"lemonade")
    assert await asyncio.wait_for(duplex.read(), 5) == b"LEMONADE"
    await duplex.close()
    assert node.asked == "/exec/default/web/a?input=1&output=1&command=a+b&command=c"
    assert "authorization" not in node.seen[0].headers
    async with asyncio.timeout(5):
        while node.http.connections:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("target", "kind", "options"),
    [
        ("exec?command=ls&stdout=true", "PodExecOptions", {"command": ["ls"], "stdout": True}),
        ("attach?stdin=true&container=a", "PodAttachOptions", {"container": "a", "stdin": True}),
        ("portforward?ports=80,81&ports=443", "PodPortForwardOptions", {"ports": [80, 81, 443]}),
    ],
)
async def test_admission_sees_what_is_to_be_connected(
    lab: ApiLab, node: NodeServer, target: str, kind: str, options: dict[str, object]
) -> None:
    await lab.send("POST", f"{POD}/{target}", headers=UPGRADE)
    [seen] = [each for each in lab.doors.admitted if each.operation is Operation.CONNECT]
    assert seen.object is not None
    assert seen.object["kind"] == kind
    assert options.items() <= seen.object.items()


async def test_a_get_needs_the_right_to_create(lab: ApiLab, node: NodeServer) -> None:
    for subresource in ("exec?command=ls", "attach?stdout=1", "portforward"):
        lab.doors.asked.clear()
        await lab.response("GET", f"{POD}/{subresource}", headers=UPGRADE)
        assert [each.verb for each in lab.doors.asked] == ["get", "create"]
    node.seen.clear()
    lab.doors.forbidden = {"create"}
    answer = await lab.send("GET", f"{POD}/exec?command=ls", headers=UPGRADE)
    assert answer.status == 403
    assert 'cannot create resource "pods/exec"' in answer.message
    assert not node.seen


async def test_ports_are_asked_for_in_one_list(lab: ApiLab, node: NodeServer) -> None:
    await lab.response("GET", f"{POD}/portforward?ports=80&ports=81,443", headers=UPGRADE)
    assert node.asked == "/portForward/default/web?port=80%2C81%2C443"
    assert (await lab.send("GET", f"{POD}/portforward?ports=x", headers=UPGRADE)).status == 400


@pytest.mark.parametrize(
    "headers", [{}, {"connection": "Upgrade", "upgrade": "h2c"}, {"upgrade": "websocket"}]
)
async def test_a_request_without_such_an_upgrade_does_not_reach_the_node(
    lab: ApiLab, node: NodeServer, headers: dict[str, str]
) -> None:
    answer = await lab.send("POST", f"{POD}/exec?command=ls", headers=headers)
    assert (answer.status, answer.message) == (400, "Upgrade request required")
    assert not node.seen


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(lab: ApiLab, method: str) -> None:
    assert (await lab.send(method, f"{POD}/exec?command=ls", headers=UPGRADE)).status == 405


@pytest.mark.parametrize("status", [400, 403, 404, 500, 200])
async def test_a_refused_upgrade_leaves_no_tunnel(front: Address, node: NodeServer, status: int) -> None:
    """CVE-2018-1002105: what follows a refused upgrade is a request to this server, and judged as one."""
    node.answer = Response(status, [], b"no lemons")
    reader, writer = await asyncio.open_connection(front.host, front.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    first = f"POST {POD}/exec?command=ls HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n{head}\r\n"
    writer.write(first.encode() + b"GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    answers = await asyncio.wait_for(reader.read(), 5)
    assert answers.startswith(b"HTTP/1.1 %d" % (500 if status == 200 else status))
    assert b"no lemons" in answers
    assert b"gitVersion" in answers
    assert len(node.seen) == 1
    writer.close()


async def test_an_upgrade_to_something_else_is_an_error(lab: ApiLab, node: NodeServer) -> None:
    node.answer.headers = [("connection", "Upgrade"), ("upgrade", "websocket")]
    answer = await lab.send("POST", f"{POD}/exec?command=ls", headers=UPGRADE)
    assert (answer.status, "nobody asked for" in answer.message) == (500, True)


async def test_a_pod_without_a_node_has_nothing_to_connect_to(lab: ApiLab) -> None:
    await lab.pod("idle")
    answer = await lab.send("POST", f"{POD.replace('web', 'idle')}/portforward", headers=UPGRADE)
    assert (answer.status, answer.message) == (400, "pod idle does not have a host assigned")


@pytest.mark.parametrize("node", ["192.0.2.99"], indirect=True)
async def test_a_log_may_come_from_a_node_that_is_not_verified(lab: ApiLab, node: NodeServer) -> None:
    node.answer = Response(200, [], b"line\n")
    refused = await lab.send("GET", f"{POD}/log")
    assert refused.status == 500
    assert "CERTIFICATE_VERIFY_FAILED" in refused.message
    answer = await lab.send("GET", f"{POD}/log?insecureSkipTLSVerifyBackend=true")
    assert (answer.status, answer.body) == (200, b"line\n")
