"""Forwarded ports over SPDY, SPDY in a WebSocket, and plain WebSocket."""

import asyncio

import pytest
from stream_lab import (
    Client,
    PodPort,
    SpdyStreams,
    WebSocketClient,
    serve,
    spdy_request,
    websocket_request,
)

from kubeade.kubelet.server import port_forward_spdy
from kubeade.kubelet.server.port_forward import Target
from kubeade.kubelet.server.port_forward_spdy import TUNNEL
from kubeade.kubelet.server.port_forward_websocket import read_ports
from kubeade.kubelet.server.upgrades import port_forward_response
from kubeade.lib.http.message import Response
from kubeade.lib.http.spdy.frames import RstStream, Status

PROTOCOL = "portforward.k8s.io"


class Pod:
    """Port 80 is open."""

    def __init__(self) -> None:
        self.connections: list[PodPort] = []

    async def connect(self, port: int) -> PodPort:
        if port != 80:
            raise ConnectionRefusedError("nobody is there")
        self.connections.append(PodPort())
        return self.connections[-1]

    @property
    def target(self) -> Target:
        return Target("web", "u1", self.connect)


@pytest.fixture
def pod() -> Pod:
    return Pod()


def forwarding(pod: Pod) -> tuple[SpdyStreams, "asyncio.Task[None]"]:
    client = Client()
    return SpdyStreams(client), serve(port_forward_response(spdy_request(PROTOCOL), pod.target), client)


async def left(client: Client, task: "asyncio.Task[None]", pod: Pod) -> None:
    """The client goes, and nothing of the session stays."""
    client.send_bytes(b"")
    await asyncio.wait_for(task, 10)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert all(connection.closed for connection in pod.connections)


async def test_a_connection_lives_until_both_sides_have_ended(pod: Pod) -> None:
    streams, task = forwarding(pod)
    streams.open(1, "error", port="80", requestid="0", fin=True)
    streams.open(3, "data", port="80", requestid="0")
    await streams.until(lambda found: found.data.get(3) == b"hello")
    streams.send(3, b"lemon", fin=True)
    await streams.until(lambda found: found.ended >= {1, 3})
    assert streams.data[3] == b"hello" + b"heard lemon"
    assert streams.data[1] == b""
    assert pod.connections[0].closed
    await left(streams.client, task, pod)


async def test_requests_do_not_wait_for_each_other(pod: Pod) -> None:
    streams, task = forwarding(pod)
    for n in range(20):
        streams.open(4 * n + 1, "error", port="80", requestid=str(n))
    for n in range(20):
        streams.open(4 * n + 3 + 80, "data", port="80", requestid=str(n))
    await streams.until(lambda found: sum(data == b"hello" for data in found.data.values()) == 20)
    await left(streams.client, task, pod)


async def test_a_refused_connection_is_told_and_the_session_goes_on(pod: Pod) -> None:
    streams, task = forwarding(pod)
    streams.open(1, "error", port="81", requestid="0")
    streams.open(3, "data", port="81", requestid="0")
    await streams.until(lambda found: 1 in found.ended and RstStream(3) in found.others)
    assert streams.data[1] == b"error forwarding port 81 to pod web, uid u1: nobody is there"
    streams.open(5, "error", port="80", requestid="1")
    streams.open(7, "data", port="80", requestid="1")
    await streams.until(lambda found: found.data.get(7) == b"hello")
    await left(streams.client, task, pod)


async def test_a_reset_by_the_client_closes_the_pod_s_connection(pod: Pod) -> None:
    streams, task = forwarding(pod)
    streams.open(1, "error", port="80", requestid="0")
    streams.open(3, "data", port="80", requestid="0")
    await streams.until(lambda found: found.data.get(3) == b"hello")
    streams.client.send(RstStream(3))
    await streams.until(lambda found: 1 in found.ended)
    assert pod.connections[0].closed
    await left(streams.client, task, pod)


async def test_clients_without_request_ids_pair_by_number(pod: Pod) -> None:
    streams, task = forwarding(pod)
    streams.open(1, "error", port="80")
    streams.open(3, "data", port="80")
    await streams.until(lambda found: found.data.get(3) == b"hello")
    await left(streams.client, task, pod)


@pytest.mark.parametrize("headers", [{}, {"port": "0"}, {"port": "65536"}, {"port": "-1"}, {"port": "²"}])
async def test_bad_ports_are_reset(pod: Pod, headers: dict[str, str]) -> None:
    streams, task = forwarding(pod)
    streams.open(1, "data", requestid="0", **headers)
    await streams.until(lambda found: RstStream(1, Status.PROTOCOL_ERROR) in found.others)
    await left(streams.client, task, pod)


async def test_twice_the_same_stream_is_no_pair(pod: Pod) -> None:
    streams, task = forwarding(pod)
    streams.open(1, "data", port="80", requestid="0")
    streams.open(3, "data", port="80", requestid="0")
    await streams.until(
        lambda found: {one.stream_id for one in found.others if isinstance(one, RstStream)} == {1, 3}
    )
    await left(streams.client, task, pod)


async def test_a_stream_without_its_partner_is_given_up(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port_forward_spdy, "CREATION_SECONDS", 0.01)
    streams, task = forwarding(pod)
    streams.open(1, "error", port="80", requestid="0")
    await streams.until(lambda found: RstStream(1) in found.others)
    await left(streams.client, task, pod)


def forwarding_socket(
    pod: Pod, protocol: str, query: str = ""
) -> tuple[Client, "asyncio.Task[None]", Response]:
    client = Client()
    response = port_forward_response(websocket_request(protocol, query), pod.target)
    return client, serve(response, client), response


async def test_spdy_travels_in_a_websocket(pod: Pod) -> None:
    wire, task, response = forwarding_socket(pod, f"v9, {TUNNEL}")
    assert ("sec-websocket-protocol", TUNNEL) in response.headers
    socket, spdy = WebSocketClient(wire), Client()
    streams = SpdyStreams(spdy)
    streams.open(1, "error", port="80", requestid="0")
    streams.open(3, "data", port="80", requestid="0")
    socket.send(await spdy.read())
    socket.send(await spdy.read())

    async def carry() -> None:
        while isinstance(message := await socket.receive(), bytes):
            await spdy.write(message)

    carrying = asyncio.create_task(carry())
    await streams.until(lambda found: found.data.get(3) == b"hello")
    carrying.cancel()
    await asyncio.gather(carrying, return_exceptions=True)
    await left(wire, task, pod)


async def test_plain_websocket_has_two_channels_for_each_port(pod: Pod) -> None:
    wire, task, _ = forwarding_socket(pod, "v4.channel.k8s.io", "port=80,81")
    client = WebSocketClient(wire)
    assert [await client.receive() for _ in range(4)] == [b"\0P\0", b"\1P\0", b"\2Q\0", b"\3Q\0"]
    assert {await client.receive(), await client.receive()} == {
        b"\x00hello",
        b"\x03error forwarding port 81 to pod web, uid u1: nobody is there",
    }
    client.send(b"\x02to nobody")
    client.send(b"\x01not for you")
    client.send(b"\x00lemon")
    await wire.settle_until(lambda: pod.connections[0].heard == b"lemon")
    await left(wire, task, pod)


async def test_a_websocket_closes_when_its_last_connection_has(pod: Pod) -> None:
    wire, task, _ = forwarding_socket(pod, "v4.base64.channel.k8s.io", "port=80")
    client = WebSocketClient(wire)
    assert [await client.receive() for _ in range(3)] == ["0UAA=", "1UAA=", "0aGVsbG8="]
    pod.connections[0].end()
    assert await client.receive_all() == ["0aGVhcmQg"]
    await asyncio.wait_for(task, 10)


@pytest.mark.parametrize("values", [[], [""], ["80,"], ["x"], ["0"], ["65536"]])
def test_ports_must_be_ports(values: list[str]) -> None:
    with pytest.raises(ValueError, match="port"):
        read_ports(values)


def test_ports_come_in_lists() -> None:
    assert read_ports(["80,443", "8080"]) == [80, 443, 8080]
