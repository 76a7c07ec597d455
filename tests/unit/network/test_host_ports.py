"""Ports of the host that lead to a pod."""

import asyncio
import socket

import pytest

from kubeade.cni import NetworkError, PortMapping
from kubeade.network.host_ports import HostPorts


def free_port(kind: int) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def pod():
    """Something at 127.0.0.1 that answers in capitals."""

    async def answer(reader, writer):
        writer.write((await reader.read(100)).upper())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def host_ports(tmp_path):
    made = HostPorts(tmp_path / "ports.json")
    yield made
    await made.close()


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"lemonade")
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_tcp_reaches_the_pod_until_it_is_removed(pod, host_ports):
    port = free_port(socket.SOCK_STREAM)
    await host_ports.add("a", "127.0.0.1", [PortMapping("TCP", pod, port, "127.0.0.1")])
    assert await ask(port) == b"LEMONADE"
    await host_ports.remove("a")
    with pytest.raises(ConnectionRefusedError):
        await ask(port)


async def test_mappings_are_taken_up_after_a_restart(pod, host_ports, tmp_path):
    port = free_port(socket.SOCK_STREAM)
    await host_ports.add("a", "127.0.0.1", [PortMapping("TCP", pod, port, "127.0.0.1")])
    await host_ports.close()
    again = HostPorts(tmp_path / "ports.json")
    await again.open()
    assert await ask(port) == b"LEMONADE"
    await again.close()


async def test_datagrams_find_the_way_and_back(host_ports):
    loop = asyncio.get_running_loop()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, addr):
            self.transport.sendto(data.upper(), addr)

    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    port = free_port(socket.SOCK_DGRAM)
    target = transport.get_extra_info("sockname")[1]
    await host_ports.add("a", "127.0.0.1", [PortMapping("UDP", target, port, "127.0.0.1")])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, b"sour")
        assert await asyncio.wait_for(loop.sock_recv(client, 100), 5) == b"SOUR"
    transport.close()


async def test_a_port_that_is_taken_is_refused_by_name(host_ports):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NetworkError, match=f"host port {port}/TCP"):
            await host_ports.add("a", "127.0.0.1", [PortMapping("TCP", 80, port, "127.0.0.1")])


async def test_sctp_is_refused_by_name(host_ports):
    with pytest.raises(NetworkError, match="SCTP"):
        await host_ports.add("a", "127.0.0.1", [PortMapping("SCTP", 80, 18123)])
