"""The bridge network on this very machine: pods reach each other, the host, services and beyond."""

import asyncio
import contextlib
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubeade.cni import NetworkError, NetworkRequest, PortMapping
from kubeade.lib.netns import socket_in_namespace
from kubeade.network.bridge import BridgeNetwork, bridge_name, port_name
from kubeade.network.netlink import Netlink, peer_of
from kubeade.network.service_route import add_service_route, remove_service_route

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a bridge network needs root")

_REFUSALS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP)
"""A root without the right to it, or a kernel without bridges; anything else is a fault."""
_HOLD = (
    "import ctypes, time; assert ctypes.CDLL(None).unshare(0x40000000) == 0; "
    "print('ready', flush=True); time.sleep(1000)"
)


@pytest.fixture
def namespace():
    """Makes network namespaces; the path of each."""
    holders = []

    def make() -> str:
        holder = subprocess.Popen([sys.executable, "-I", "-S", "-c", _HOLD], stdout=subprocess.PIPE)
        assert holder.stdout is not None
        holders.append(holder)
        assert holder.stdout.readline() == b"ready\n"
        path = f"/proc/{holder.pid}/ns/net"
        with Netlink(path) as inside:  # as the runtime leaves it
            loopback = inside.link("lo")
            assert loopback is not None
            inside.set_up(loopback.index)
        return path

    yield make
    for holder in holders:
        holder.kill()
        holder.communicate()


@pytest.fixture
async def network(tmp_path):
    number = os.getpid() % 250
    made = BridgeNetwork(f"10.213.{number}.0/24", tmp_path / "network", bridge_name(f"{os.getpid():08x}"))
    try:
        await made.open()
    except NetworkError as error:
        if not isinstance(error.__cause__, OSError) or error.__cause__.errno not in _REFUSALS:
            raise
        pytest.skip(f"no bridge can be made here: {error}")
    yield made
    await made.purge()


def identifier(letter: str) -> str:
    return f"{letter}{os.getpid():x}".ljust(64, "0")


def listen(path: str | None, address: str) -> socket.socket:
    server = socket_in_namespace(path, socket.AF_INET, socket.SOCK_STREAM) if path else socket.socket()
    server.bind((address, 0))
    server.listen()
    server.settimeout(5)
    return server


def reached_from(path: str, server: socket.socket, address: str) -> str:
    """The peer address that `server` sees when something in the namespace at `path` connects."""
    with socket_in_namespace(path, socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        client.connect((address, server.getsockname()[1]))
        connection, peer = server.accept()
        connection.close()
        return str(peer[0])


async def test_pods_reach_each_other_the_host_and_themselves(network, namespace):
    paths = [namespace(), namespace()]
    first, second = [
        (await network.add(NetworkRequest(identifier(letter), path))).addresses[0]
        for letter, path in zip("ab", paths, strict=True)
    ]
    with listen(paths[1], second) as server:
        assert reached_from(paths[0], server, second) == first
        assert reached_from(paths[1], server, second) == second
    with listen(None, network.gateway) as server:
        assert reached_from(paths[0], server, network.gateway) == first


async def test_adding_again_gives_the_same_and_removing_frees(network, namespace):
    request = NetworkRequest(identifier("c"), namespace())
    assert await network.add(request) == await network.add(request)
    for _ in range(2):
        await network.remove(identifier("c"))
    with Netlink() as netlink:
        assert netlink.link(port_name(identifier("c"))) is None


async def test_service_addresses_are_this_machines_own(network, namespace):
    path = namespace()
    attached = await network.add(NetworkRequest(identifier("d"), path))
    block = f"10.214.{os.getpid() % 250}"
    add_service_route(f"{block}.0/24")
    try:
        with listen(None, f"{block}.7") as server:
            assert reached_from(path, server, f"{block}.7") == attached.addresses[0]
    finally:
        remove_service_route(f"{block}.0/24")
        remove_service_route(f"{block}.0/24")


async def test_service_addresses_stay_when_another_node_of_this_machine_leaves(network, namespace):
    path = namespace()
    await network.add(NetworkRequest(identifier("e"), path))
    block, other = f"10.215.{os.getpid() % 250}", f"kades{os.getpid()}"
    with Netlink() as netlink:
        netlink.add_bridge(other, 1500)
        found = netlink.link(other)
        assert found is not None
        netlink.set_up(found.index)
        for link in (bridge_name(f"{os.getpid():08x}"), other):
            add_service_route(f"{block}.0/24", link)
        netlink.delete_link(found.index)
    with listen(None, f"{block}.7") as server:
        assert reached_from(path, server, f"{block}.7")


@contextlib.contextmanager
def linked(world: str, outside: str) -> Iterator[None]:
    """A link between this machine, there `outside`.1, and the namespace `world`, there `outside`.2."""
    name = f"kadew{os.getpid()}"
    with Netlink() as netlink:
        netlink.add_bridge(name, 1500)
        bridge = netlink.link(name)
        assert bridge is not None
        netlink.add_address(bridge.index, f"{outside}.1", 24)
        netlink.set_up(bridge.index)
        fd = os.open(world, os.O_RDONLY)
        netlink.add_veth(f"kadev{os.getpid()}", bridge, 1500, peer_of("eth0", b"\x0a\x58\0\0\0\1", 1500, fd))
        os.close(fd)
    try:
        with Netlink(world) as inside:
            link = inside.link("eth0")
            assert link is not None
            inside.add_address(link.index, f"{outside}.2", 24)
            inside.set_up(link.index)
        yield
    finally:
        with Netlink() as netlink:
            netlink.delete_link(bridge.index)


async def test_beyond_the_machine_pods_have_its_address_or_it_is_said(network, namespace):
    """A namespace that knows nothing of the pod network stands for the rest of the world."""
    if network.warnings:  # this kernel cannot masquerade: then the user has been told
        assert all(text.startswith("pods cannot reach beyond this machine: ") for text in network.warnings)
        return
    path, world = namespace(), namespace()
    await network.add(NetworkRequest(identifier("e"), path))
    outside = f"10.215.{os.getpid() % 250}"
    with linked(world, outside), listen(world, f"{outside}.2") as server:
        assert reached_from(path, server, f"{outside}.2") == f"{outside}.1"


async def test_pods_of_another_machine_are_reached_through_it_and_see_who_comes(network, namespace):
    """A namespace with an address of a range of its own stands for another node and a pod on it."""
    path, machine = namespace(), namespace()
    attached = await network.add(NetworkRequest(identifier("e"), path))
    outside, block = (f"10.{second}.{os.getpid() % 250}" for second in (215, 216))
    with linked(machine, outside):
        with Netlink(machine) as inside:
            loopback = inside.link("lo")
            assert loopback is not None
            inside.add_address(loopback.index, f"{block}.5", 32)
            inside.add_default_route(f"{outside}.1")
        assert network.reach({f"{block}.0/24": f"{outside}.2"}) == {}
        with listen(machine, f"{block}.5") as server:
            assert reached_from(path, server, f"{block}.5") == attached.addresses[0]
        assert network.reach({}) == {}
        with listen(machine, f"{block}.5") as server, pytest.raises(OSError):
            reached_from(path, server, f"{block}.5")


async def test_a_machine_that_is_no_neighbour_is_named_with_the_reason(network):
    block = f"10.216.{os.getpid() % 250}"
    failed = network.reach({f"{block}.0/24": f"{block}.1", "10.217.0.0/24": "10.218.0.1"})
    assert failed[f"{block}.0/24"] == f"its address {block}.1 is known to its own machine only"
    assert failed["10.217.0.0/24"].startswith("10.218.0.1 is no neighbour of this machine (")


async def test_host_port_leads_to_the_pod(network, namespace):
    path = namespace()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = socket_in_namespace(path, socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("0.0.0.0", 8080))
    server.listen()
    server.setblocking(False)
    mapping = PortMapping("TCP", 8080, port, "127.0.0.1")
    await network.add(NetworkRequest(identifier("f"), path, port_mappings=(mapping,)))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connection, _ = await asyncio.get_running_loop().sock_accept(server)
    connection.send(b"lemonade")
    assert await reader.readexactly(8) == b"lemonade"
    writer.close()
    connection.close()
    server.close()


async def test_purge_by_another_process_leaves_nothing(network, namespace, tmp_path):
    forwarding = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    assert forwarding == "1\n"
    await network.add(NetworkRequest(identifier("a"), namespace()))
    fresh = BridgeNetwork(str(network._block), tmp_path / "network", network._name)
    await fresh.purge()
    with Netlink() as netlink:
        names = [link.name for link in netlink.links()]
    assert network._name not in names
    assert port_name(identifier("a")) not in names
    assert not (tmp_path / "network").exists()
