"""The few rtnetlink messages that a pod network needs.

Own code rather than pyroute2 because of what it costs here: importing the library takes 160 ms and 20 MB in
a process that is ready after half a second, for eight kinds of messages.
"""

import errno
import ipaddress
import os
import socket
import struct
from dataclasses import dataclass
from typing import Self

from kubeade.lib.netns import socket_in_namespace

_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NEWLINK, _DELLINK, _GETLINK, _SETLINK = 16, 17, 18, 19
_NEWADDR, _NEWROUTE, _DELROUTE = 20, 24, 25
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_REPLACE, _EXCLUSIVE, _CREATE = 0x100, 0x200, 0x400
_NESTED = 0x8000
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_MASTER, _IFLA_PROTINFO = 1, 3, 4, 10, 12
_IFLA_LINKINFO, _IFLA_IFALIAS, _IFLA_NET_NS_FD = 18, 20, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER, _BRPORT_HAIRPIN = 1, 2, 1, 4
_IFF_UP = 1
_AF_BRIDGE = 7
_READ_BYTES = 1 << 17
_TABLE_MAIN, _TABLE_LOCAL = 254, 255
_PROTOCOL_STATIC = 4
_SCOPE_UNIVERSE, _SCOPE_HOST = 0, 254
_TYPE_UNICAST, _TYPE_LOCAL = 1, 2

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _attribute(kind: int, value: bytes) -> bytes:
    padding = -len(value) % 4
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * padding


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode() + b"\0")


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("=I", value))


def _link(index: int = 0, flags: int = 0, change: int = 0, family: int = 0) -> bytes:
    return struct.pack("=BxHiII", family, 0, index, flags, change)


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface; `master` is the index of the bridge it is a port of, 0 for none. `alias` is a note
    that anybody may put on it."""

    index: int
    name: str
    master: int = 0
    alias: str = ""


class Netlink:
    """A conversation with the kernel about links, addresses and routes of one network namespace.

    Every method raises OSError with what the kernel says.
    """

    def __init__(self, namespace_path: str | None = None) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        if namespace_path is None:
            self._socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        else:
            self._socket = socket_in_namespace(namespace_path, socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def links(self) -> list[Link]:
        return [_parse_link(body) for body in self._ask(_GETLINK, _DUMP, _link())]

    def link(self, name: str) -> Link | None:
        try:
            answers = self._ask(_GETLINK, 0, _link() + _text(_IFLA_IFNAME, name))
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise
        return _parse_link(answers[0])

    def add_bridge(self, name: str, mtu: int) -> None:
        info = _attribute(_IFLA_LINKINFO, _text(_INFO_KIND, "bridge"))
        attributes = _text(_IFLA_IFNAME, name) + _number(_IFLA_MTU, mtu) + info
        self._ask(_NEWLINK, _CREATE | _EXCLUSIVE | _ACK, _link() + attributes)

    def add_veth(self, name: str, bridge: Link, mtu: int, peer: bytes) -> None:
        """A pair: `name` as a running port of `bridge`, and the peer that `peer_of` describes."""
        data = _attribute(_INFO_DATA, _attribute(_VETH_PEER, peer))
        info = _attribute(_IFLA_LINKINFO, _text(_INFO_KIND, "veth") + data)
        attributes = _text(_IFLA_IFNAME, name) + _number(_IFLA_MTU, mtu) + _number(_IFLA_MASTER, bridge.index)
        self._ask(_NEWLINK, _CREATE | _EXCLUSIVE | _ACK, _link(0, _IFF_UP, _IFF_UP) + attributes + info)

    def set_up(self, index: int) -> None:
        self._ask(_NEWLINK, _ACK, _link(index, _IFF_UP, _IFF_UP))

    def set_alias(self, index: int, alias: str) -> None:
        self._ask(_NEWLINK, _ACK, _link(index) + _attribute(_IFLA_IFALIAS, alias.encode()))

    def set_hairpin(self, index: int) -> None:
        """Let a port send back what came from it: a pod that reaches itself through its Service."""
        port = _attribute(_IFLA_PROTINFO | _NESTED, _attribute(_BRPORT_HAIRPIN, b"\1"))
        self._ask(_SETLINK, _ACK, _link(index, family=_AF_BRIDGE) + port)

    def delete_link(self, index: int) -> None:
        self._ask(_DELLINK, _ACK, _link(index))

    def add_address(self, index: int, address: str, prefix_length: int) -> None:
        parsed = ipaddress.ip_address(address)
        header = struct.pack("=BBBBi", _family(parsed.version), prefix_length, 0, 0, index)
        attributes = _attribute(2, parsed.packed) + _attribute(1, parsed.packed)
        self._ask(_NEWADDR, _CREATE | _REPLACE | _ACK, header + attributes)

    def add_default_route(self, gateway: str) -> None:
        parsed = ipaddress.ip_address(gateway)
        header = _route(_family(parsed.version), 0, _TABLE_MAIN, _SCOPE_UNIVERSE, _TYPE_UNICAST)
        self._ask(_NEWROUTE, _CREATE | _REPLACE | _ACK, header + _attribute(5, parsed.packed))

    def add_local_route(self, block: Network, index: int) -> None:
        """Make every address of `block` one of this machine's own (AnyIP), as long as the link is there.

        Several links may do that for one block: each has an entry of its own."""
        self._ask(_NEWROUTE, _CREATE | _REPLACE | _ACK, _local_route(block, index))

    def delete_local_route(self, block: Network, index: int) -> None:
        self._ask(_DELROUTE, _ACK, _local_route(block, index))

    def add_route(self, block: Network, gateway: str) -> None:
        """Reach `block` through `gateway`, which must be a neighbour."""
        way = _attribute(5, ipaddress.ip_address(gateway).packed)
        self._ask(_NEWROUTE, _CREATE | _REPLACE | _ACK, _remote_route(block) + way)

    def delete_route(self, block: Network, gateway: str) -> None:
        way = _attribute(5, ipaddress.ip_address(gateway).packed)
        self._ask(_DELROUTE, _ACK, _remote_route(block) + way)

    def _ask(self, kind: int, flags: int, payload: bytes) -> list[bytes]:
        self._sequence += 1
        header = struct.pack("=IHHII", 16 + len(payload), kind, flags | _REQUEST, self._sequence, 0)
        self._socket.send(header + payload)
        return self._answers(flags)

    def _answers(self, flags: int) -> list[bytes]:
        found: list[bytes] = []
        while True:
            data = self._socket.recv(_READ_BYTES)
            while data:
                length, kind, _, _, _ = struct.unpack_from("=IHHII", data)
                body, data = data[16:length], data[(length + 3) & ~3 :]
                if kind == _NLMSG_DONE:
                    return found
                if kind == _NLMSG_ERROR:
                    _raise_for(body)
                    return found
                found.append(body)
                if not flags & (_DUMP | _ACK):
                    return found


def peer_of(name: str, hardware_address: bytes, mtu: int, namespace_fd: int) -> bytes:
    """The other end of a veth pair, to be made inside a namespace."""
    attributes = _text(_IFLA_IFNAME, name) + _attribute(_IFLA_ADDRESS, hardware_address)
    return _link() + attributes + _number(_IFLA_MTU, mtu) + _number(_IFLA_NET_NS_FD, namespace_fd)


def _raise_for(body: bytes) -> None:
    (code,) = struct.unpack_from("=i", body)
    if code:
        raise OSError(-code, os.strerror(-code))


def _parse_link(body: bytes) -> Link:
    _, _, index, _, _ = struct.unpack_from("=BxHiII", body)
    name, master, alias, place = "", 0, "", 16
    while place + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, place)
        value = body[place + 4 : place + length]
        if kind == _IFLA_IFNAME:
            name = value.rstrip(b"\0").decode()
        elif kind == _IFLA_MASTER:
            (master,) = struct.unpack("=I", value)
        elif kind == _IFLA_IFALIAS:
            alias = value.rstrip(b"\0").decode(errors="replace")
        place += max(4, (length + 3) & ~3)
    return Link(index, name, master, alias)


def _family(version: int) -> int:
    return socket.AF_INET if version == 4 else socket.AF_INET6


def _route(family: int, prefix_length: int, table: int, scope: int, kind: int) -> bytes:
    return struct.pack("=BBBBBBBBI", family, prefix_length, 0, 0, table, _PROTOCOL_STATIC, scope, kind, 0)


def _local_route(block: Network, index: int) -> bytes:
    header = _route(_family(block.version), block.prefixlen, _TABLE_LOCAL, _SCOPE_HOST, _TYPE_LOCAL)
    return header + _attribute(1, block.network_address.packed) + _number(4, index) + _number(6, index)


def _remote_route(block: Network) -> bytes:
    header = _route(_family(block.version), block.prefixlen, _TABLE_MAIN, _SCOPE_UNIVERSE, _TYPE_UNICAST)
    return header + _attribute(1, block.network_address.packed)
