"""Ways to the pods of other nodes: one route per node, to the machine that has the pods' range.

It takes machines that are neighbours (one link, no router between them), as with any routed pod network: the
kernel refuses a gateway that it cannot see, and that refusal is handed on. Kept in a file, so that a later
process can take the routes away.
"""

import errno
import socket
from collections.abc import Mapping
from ipaddress import IPv4Network, ip_address
from pathlib import Path

import msgspec

from kubeade.network.netlink import Netlink

_GONE = (errno.ESRCH, errno.ENODEV, errno.ENETUNREACH)


class Neighbours:
    """The routes that this node has made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ways: dict[str, str] = {}
        if path.exists():
            self._ways = msgspec.json.decode(path.read_bytes(), type=dict[str, str])

    @property
    def blocks(self) -> list[IPv4Network]:
        return [IPv4Network(block) for block in sorted(self._ways)]

    def reach(self, ways: Mapping[str, str]) -> dict[str, str]:
        """Have exactly these routes: the pods' range by the node's address. What failed, and why."""
        failed: dict[str, str] = {}
        made: dict[str, str] = {}
        with Netlink() as netlink:
            for block, address in self._ways.items():
                if ways.get(block) != address:
                    _delete(netlink, block, address)
            for block, address in ways.items():
                why = _add(netlink, IPv4Network(block), address)
                if why:
                    failed[block] = why
                else:
                    made[block] = address
        if made != self._ways:
            self._ways = made
            self._save()
        return failed

    def purge(self) -> None:
        with Netlink() as netlink:
            for block, address in self._ways.items():
                _delete(netlink, block, address)
        self._ways = {}
        self._path.unlink(missing_ok=True)

    def _save(self) -> None:
        new = self._path.with_name(self._path.name + ".new")
        new.write_bytes(msgspec.json.encode(self._ways))
        new.replace(self._path)


def _add(netlink: Netlink, block: IPv4Network, address: str) -> str:
    """Why there is no way to `block`; empty when there is one."""
    if _is_here(address):
        return ""  # a second node of this machine, whose bridge is at hand
    if ip_address(address) in block:
        return f"its address {address} is known to its own machine only"
    try:
        netlink.add_route(block, address)
    except OSError as error:
        return f"{address} is no neighbour of this machine ({error.strerror})"
    return ""


def _is_here(address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _delete(netlink: Netlink, block: str, address: str) -> None:
    try:
        netlink.delete_route(IPv4Network(block), address)
    except OSError as error:
        if error.errno not in _GONE:
            raise
