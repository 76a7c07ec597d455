"""The pod network of one node: a bridge, a veth pair and an address per sandbox, and the way out.

Everything hangs on the bridge, whose name is the data directory's: `purge` finds it from a fresh process.
A sandbox's pair disappears with its namespace; `remove` frees the address.
"""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from kubeade.cni import Attachment, NetworkError, NetworkRequest
from kubeade.network.allocation import Addresses
from kubeade.network.host_ports import HostPorts
from kubeade.network.masquerade import add_masquerade, remove_masquerade
from kubeade.network.neighbours import Neighbours
from kubeade.network.netlink import Link, Netlink, peer_of

_log = logging.getLogger(__name__)

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_INTERFACE = "eth0"
_DEFAULT_MTU = 1500
_FORWARDING_WAS_OFF = "kubeade: ip_forward was off"
"""The alias of every bridge whose cluster relies on forwarding that a cluster has turned on."""


class BridgeNetwork:
    """Pods of `cidr` on the bridge `name`; what must survive a restart is in `directory`.

    `open` makes the bridge. Needs root; raises NetworkError.
    """

    def __init__(self, cidr: str, directory: Path, name: str) -> None:
        self._block = ipaddress.IPv4Network(cidr)
        self._name = name
        self._directory = directory
        self._addresses = Addresses(cidr, directory / "addresses.json")
        self._host_ports = HostPorts(directory / "host-ports.json")
        self._neighbours = Neighbours(directory / "neighbours.json")
        self._mtu = _DEFAULT_MTU
        self.warnings: list[str] = []
        """What does not work although pods run: said aloud once by `open`."""

    @property
    def gateway(self) -> str:
        return str(self._block[1])

    async def open(self) -> None:
        """Make bridge, forwarding and masquerading, or find them; take up the host ports again."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._mtu = _host_mtu()
        try:
            with Netlink() as netlink:
                if netlink.link(self._name) is None:
                    netlink.add_bridge(self._name, self._mtu)
                bridge = self._bridge(netlink)
                netlink.add_address(bridge.index, self.gateway, self._block.prefixlen)
                netlink.set_up(bridge.index)
        except OSError as error:
            raise NetworkError(f"bridge {self._name}: {error.strerror}") from error
        self._enable_forwarding()
        self._masquerade()
        await self._host_ports.open()

    def _bridge(self, netlink: Netlink) -> Link:
        bridge = netlink.link(self._name)
        if bridge is None:
            raise NetworkError(f"bridge {self._name} is not there")
        return bridge

    def _enable_forwarding(self) -> None:
        try:
            was_off = _FORWARDING.read_text(encoding="ascii").strip() == "0"
            with Netlink() as netlink:
                if was_off or any(link.alias == _FORWARDING_WAS_OFF for link in netlink.links()):
                    netlink.set_alias(self._bridge(netlink).index, _FORWARDING_WAS_OFF)
            if was_off:
                _FORWARDING.write_text("1", encoding="ascii")
        except OSError as error:
            self._warn(f"pods cannot reach beyond this machine: ip_forward: {error.strerror}")

    def _masquerade(self) -> None:
        try:
            add_masquerade(self._name, self._block, self._neighbours.blocks)
        except OSError as error:
            self._warn(f"pods cannot reach beyond this machine: no masquerading: {error.strerror}")

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            _log.warning("%s", text)
            self.warnings.append(text)

    async def add(self, request: NetworkRequest) -> Attachment:
        if request.namespace_path is None:
            raise NetworkError("a bridge network needs network namespaces")
        address = self._addresses.take(request.sandbox_id)
        try:
            self._connect(request.sandbox_id, request.namespace_path, address)
            await self._host_ports.add(request.sandbox_id, address, request.port_mappings)
        except OSError as error:
            await self.remove(request.sandbox_id)
            raise NetworkError(f"connect sandbox {request.sandbox_id}: {error.strerror}") from error
        except NetworkError:
            await self.remove(request.sandbox_id)
            raise
        return Attachment((address,), self.gateway)

    def _connect(self, sandbox_id: str, namespace_path: str, address: str) -> None:
        port = port_name(sandbox_id)
        with Netlink() as netlink:
            if netlink.link(port) is not None:
                return
            bridge = self._bridge(netlink)
            namespace_fd = os.open(namespace_path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                peer = peer_of(_INTERFACE, _hardware_address(address), self._mtu, namespace_fd)
                netlink.add_veth(port, bridge, self._mtu, peer)
            finally:
                os.close(namespace_fd)
            if link := netlink.link(port):
                netlink.set_hairpin(link.index)
        with Netlink(namespace_path) as inside:
            interface = inside.link(_INTERFACE)
            assert interface is not None, "the pair has just been made"
            inside.add_address(interface.index, address, self._block.prefixlen)
            inside.set_up(interface.index)
            inside.add_default_route(self.gateway)

    def reach(self, ways: Mapping[str, str]) -> dict[str, str]:
        """Route the pod ranges of other nodes, by range, to those nodes' addresses, and no others.

        What cannot be routed is returned with the reason.
        """
        before = self._neighbours.blocks
        failed = self._neighbours.reach(ways)
        if self._neighbours.blocks != before:
            self._masquerade()
        return failed

    async def remove(self, sandbox_id: str) -> None:
        await self._host_ports.remove(sandbox_id)
        # The kernel takes tens of milliseconds to be sure that nobody uses the pair any more.
        await asyncio.to_thread(_delete_port, port_name(sandbox_id))
        self._addresses.release(sandbox_id)

    def _restore_forwarding(self, bridge: Link, others: list[Link]) -> None:
        """Off again with the last cluster that relied on it being on."""
        if bridge.alias == _FORWARDING_WAS_OFF and all(link.alias != _FORWARDING_WAS_OFF for link in others):
            with contextlib.suppress(OSError):
                _FORWARDING.write_text("0", encoding="ascii")

    async def close(self) -> None:
        """Stop the host ports; the pods keep their network."""
        await self._host_ports.close()

    async def purge(self) -> None:
        """Remove everything, whoever made it: ports, bridge, rules, files; forwarding as it was."""
        await self._host_ports.close()
        with Netlink() as netlink:
            if bridge := netlink.link(self._name):
                others = [link for link in netlink.links() if link.index != bridge.index]
                for link in others:
                    if link.master == bridge.index:
                        _delete(netlink, link)
                self._restore_forwarding(bridge, others)
                _delete(netlink, bridge)
        with contextlib.suppress(OSError):
            remove_masquerade(self._name)
        self._addresses.purge()
        self._neighbours.purge()
        self._host_ports.purge()
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._directory.rmdir)


def bridge_name(short_hash: str) -> str:
    """The bridge of a data directory with that hash: an interface name has at most 15 characters."""
    return f"kade-{short_hash}"


def port_name(sandbox_id: str) -> str:
    return f"kade{sandbox_id[:11]}"


def _delete_port(name: str) -> None:
    with contextlib.suppress(OSError), Netlink() as netlink:
        if link := netlink.link(name):
            netlink.delete_link(link.index)


def _delete(netlink: Netlink, link: Link) -> None:
    try:
        netlink.delete_link(link.index)
    except OSError as error:
        if error.errno != errno.ENODEV:  # a pair goes with its namespace, at any time
            raise


def _hardware_address(address: str) -> bytes:
    """Derived from the address, so that a neighbour's table is right also for the address's next owner."""
    return b"\x0a\x58" + ipaddress.IPv4Address(address).packed


def _host_mtu() -> int:
    """The MTU of the interface with the default route."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[1] == "00000000":
                return int(Path(f"/sys/class/net/{fields[0]}/mtu").read_text(encoding="ascii"))
    return _DEFAULT_MTU
