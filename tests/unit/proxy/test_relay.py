"""Bytes through the proxy, on loopback."""

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager

import uvloop

from kubeade.proxy.choice import Chooser
from kubeade.proxy.table import Endpoint, Front, Route
from kubeade.proxy.tcp import TcpFront
from kubeade.proxy.udp import UdpFront


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def tcp_front(*ports, **extra):
    front = Front("TCP", "127.0.0.1", free_port())
    made = TcpFront(Route(front, tuple(Endpoint("127.0.0.1", port) for port in ports), **extra))
    await made.open()
    try:
        yield front.port, made
    finally:
        await made.close()


async def echo(reader, writer):
    """Answers only after the client's end of stream: needs half-closed connections."""
    writer.write((await reader.read())[::-1])
    await writer.drain()
    writer.close()


async def talk(port, data):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    with contextlib.suppress(OSError):  # hung up on already: reading says how
        writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def hung_up_on(port):
    """Reset, or ended without an answer: which of the two is the kernel's timing."""
    try:
        return await talk(port, b"anyone?") == b""
    except ConnectionResetError:
        return True


async def test_a_half_closed_connection_still_gets_its_answer():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with tcp_front(server.sockets[0].getsockname()[1]) as (port, _):
        data = bytes(range(256)) * 4096
        assert await talk(port, data) == data[::-1]
    server.close()


def test_what_a_client_sends_at_once_is_not_lost_on_uvloop():
    """uvloop delivers what has arrived although reading was paused in connection_made."""

    async def ask_often():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with tcp_front(server.sockets[0].getsockname()[1]) as (port, _):
            for _ in range(50):
                assert await asyncio.wait_for(talk(port, b"lemon"), 5) == b"nomel"
        server.close()

    uvloop.run(ask_often())


async def test_an_endpoint_that_refuses_is_passed_over():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with tcp_front(free_port(), server.sockets[0].getsockname()[1]) as (port, _):
        assert [await talk(port, b"ab") for _ in range(4)] == [b"ba"] * 4
    server.close()


async def test_without_a_living_endpoint_the_client_is_hung_up_on():
    async with tcp_front(free_port()) as (port, _):
        assert await hung_up_on(port)


async def test_clients_outside_the_source_ranges_are_hung_up_on():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    target = server.sockets[0].getsockname()[1]
    async with tcp_front(target, source_ranges=("10.0.0.0/8",)) as (port, _):
        assert await hung_up_on(port)
    server.close()


def test_connections_take_turns():
    endpoints = tuple(Endpoint(f"10.0.0.{n}", 80) for n in range(3))
    chooser = Chooser(Route(Front("TCP", "", 1), endpoints))
    assert {chooser.candidates("c", 0.0)[0] for _ in range(3)} == set(endpoints)


def test_a_client_with_affinity_comes_back_until_its_time_is_over():
    endpoints = tuple(Endpoint(f"10.0.0.{n}", 80) for n in range(3))
    chooser = Chooser(Route(Front("TCP", "", 1), endpoints, affinity_seconds=10))
    first = chooser.candidates("c", 0.0)[0]
    chooser.chosen("c", first, 0.0)
    assert [chooser.candidates("c", 9.0)[0] for _ in range(3)] == [first] * 3
    assert len({chooser.candidates("c", 11.0)[0] for _ in range(3)}) == 3


async def test_datagrams_find_their_way_there_and_back():
    loop = asyncio.get_running_loop()

    class Upper(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, address):
            self.transport.sendto(data.upper(), address)

    class Client(asyncio.DatagramProtocol):
        def __init__(self):
            self.answer = loop.create_future()

        def datagram_received(self, data, address):
            self.answer.set_result(data)

    server, _ = await loop.create_datagram_endpoint(Upper, local_addr=("127.0.0.1", 0))
    front = Front("UDP", "127.0.0.1", free_port(socket.SOCK_DGRAM))
    target = Endpoint("127.0.0.1", server.get_extra_info("sockname")[1])
    relay = UdpFront(Route(front, (target,)))
    await relay.open()
    transport, client = await loop.create_datagram_endpoint(Client, remote_addr=("127.0.0.1", front.port))
    transport.sendto(b"lemonade")
    assert await asyncio.wait_for(client.answer, 5) == b"LEMONADE"
    transport.close()
    await relay.close()
    server.close()
