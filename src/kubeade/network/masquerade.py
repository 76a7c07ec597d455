"""Masquerading in the kernel's nf_tables: what pods send to the outside leaves with the host's address.

What they send to pods, here or on other nodes, keeps theirs.

The rules are one table of our own, so that removing the table removes everything. Spoken directly over
netlink: neither `nft` nor `iptables` has to be installed.
"""

import contextlib
import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Iterable

_NETLINK_NETFILTER = 12
_SUBSYSTEM = 10 << 8
_BATCH_BEGIN, _BATCH_END = 16, 17
_NEWTABLE, _DELTABLE, _NEWCHAIN, _NEWRULE = _SUBSYSTEM | 0, _SUBSYSTEM | 2, _SUBSYSTEM | 3, _SUBSYSTEM | 6
_REQUEST, _ACK, _CREATE, _APPEND = 0x1, 0x4, 0x400, 0x800
_NESTED = 0x8000
_FAMILY_IPV4 = 2
_HOOK_POSTROUTING, _PRIORITY_SOURCE_NAT = 4, 100
_REGISTER_VERDICT, _REGISTER = 0, 1
_VERDICT_ACCEPT = 1
_NETWORK_HEADER = 1
_OFFSET_SOURCE, _OFFSET_DESTINATION = 12, 16
_EQUAL = 0
_CHAIN = "postrouting"

Block = ipaddress.IPv4Network


def add_masquerade(table: str, block: Block, others: Iterable[Block] = ()) -> None:
    """Masquerade from `block` to anywhere outside of it and of `others`, in place of the table there may be.

    Raises OSError."""
    hook = _nested(4, _number(1, _HOOK_POSTROUTING) + _number(2, _PRIORITY_SOURCE_NAT))
    chain = _text(1, table) + _text(3, _CHAIN) + hook + _text(7, "nat")
    ours = _is_in(_OFFSET_SOURCE, block, _EQUAL)
    rules = [ours + _is_in(_OFFSET_DESTINATION, other, _EQUAL) + _accept() for other in (block, *others)]
    rules.append(ours + _expression("masq", b""))
    place = _text(1, table) + _text(2, _CHAIN)
    _transact(
        [
            (_NEWTABLE, _CREATE, _text(1, table)),
            (_DELTABLE, 0, _text(1, table)),
            (_NEWTABLE, _CREATE, _text(1, table)),
            (_NEWCHAIN, _CREATE, chain),
            *((_NEWRULE, _CREATE | _APPEND, place + _nested(4, rule)) for rule in rules),
        ]
    )


def remove_masquerade(table: str) -> None:
    """Remove the table; one that is not there is no error."""
    with contextlib.suppress(FileNotFoundError):
        _transact([(_DELTABLE, 0, _text(1, table))])


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _nested(kind: int, value: bytes) -> bytes:
    return _attribute(kind | _NESTED, value)


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode() + b"\0")


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("!I", value))


def _expression(name: str, data: bytes) -> bytes:
    return _nested(1, _text(1, name) + _nested(2, data))


def _is_in(offset: int, block: Block, operation: int) -> bytes:
    """Load an address of the packet, cut it to the block's prefix, compare."""
    load = _number(1, _REGISTER) + _number(2, _NETWORK_HEADER) + _number(3, offset) + _number(4, 4)
    mask, zero = _nested(4, _attribute(1, block.netmask.packed)), _nested(5, _attribute(1, bytes(4)))
    cut = _number(1, _REGISTER) + _number(2, _REGISTER) + _number(3, 4) + mask + zero
    value = _nested(3, _attribute(1, block.network_address.packed))
    compare = _number(1, _REGISTER) + _number(2, operation) + value
    return _expression("payload", load) + _expression("bitwise", cut) + _expression("cmp", compare)


def _accept() -> bytes:
    """End here, with the packet as it is."""
    verdict = _nested(2, _number(1, _VERDICT_ACCEPT))
    return _expression("immediate", _number(1, _REGISTER_VERDICT) + _nested(2, verdict))


def _message(kind: int, flags: int, sequence: int, family: int, resource: int, payload: bytes) -> bytes:
    body = struct.pack("!BBH", family, 0, resource) + payload
    return struct.pack("=IHHII", 16 + len(body), kind, flags | _REQUEST, sequence, 0) + body


def _transact(changes: list[tuple[int, int, bytes]]) -> None:
    """All changes or none."""
    messages = [_message(_BATCH_BEGIN, 0, 0, 0, 10, b"")]
    for sequence, (kind, flags, payload) in enumerate(changes, 1):
        messages.append(_message(kind, flags | _ACK, sequence, _FAMILY_IPV4, 0, payload))
    messages.append(_message(_BATCH_END, 0, len(changes) + 1, 0, 10, b""))
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_NETLINK, kind, _NETLINK_NETFILTER) as connection:
        connection.settimeout(2.0)
        connection.send(b"".join(messages))
        acknowledged = 0
        while acknowledged < len(changes):
            acknowledged += _acknowledgements(connection.recv(1 << 16))


def _acknowledgements(data: bytes) -> int:
    count = 0
    while data:
        length, kind, _, _, _ = struct.unpack_from("=IHHII", data)
        (code,) = struct.unpack_from("=i", data, 16) if kind == 2 else (-errno.EPROTO,)
        if code:
            raise OSError(-code, os.strerror(-code))
        count += 1
        data = data[(length + 3) & ~3 :]
    return count
