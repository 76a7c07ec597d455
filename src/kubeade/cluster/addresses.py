"""Which addresses and ports a new cluster gets, so that it meets nobody else's on this machine.

With a bridge, pods and Services live in 10.0.0.0/8. Without privileges only the loopback range 127.0.0.0/8
can be listened on, so there pods and Services get addresses of that: docs/decisions/0003.
"""

import ipaddress
import re
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PREFERRED_API_PORT = 6443
_LISTENING = "0A"
_UNROUTED = ("192.0.2.1", 9)  # TEST-NET-1: connecting a datagram socket sends nothing


def choose_ranges(network: str, tag: str, taken: Iterable[str]) -> tuple[str, str]:
    """(pod range, service range), drawn from the cluster's tag and stepped past what is taken.

    Pods get a /16; Services the lower half of another, whose upper half is for load balancers.
    """
    first = 10 if network == "bridge" else 127
    used = [ipaddress.ip_network(one) for one in taken]
    start = int(tag, 16)
    for step in range(60):
        offset = (start + step) % 60
        pods, services = f"{first}.{64 + offset}.0.0/16", f"{first}.{128 + offset}.0.0/16"
        candidates = [ipaddress.ip_network(pods), ipaddress.ip_network(services)]
        if not any(one.overlaps(other) for one in candidates for other in used):
            return pods, services.replace("/16", "/17")
    raise OSError("no free address range is left on this machine for pods and services")


def routed_ranges(table: str) -> list[str]:
    """The networks in `/proc/net/route` text, without the default route."""
    networks = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        destination, mask = (struct.pack("<I", int(fields[i], 16)) for i in (1, 7))
        prefix = int.from_bytes(mask, "big").bit_count()
        if prefix:
            networks.append(f"{socket.inet_ntoa(destination)}/{prefix}")
    return networks


def listening_addresses(table: str) -> list[str]:
    """The addresses that somebody listens on, in `/proc/net/tcp` text, without "all"."""
    found = set()
    for line in table.splitlines()[1:]:
        _, local, _, state = line.split()[:4]
        if state == _LISTENING:
            found.add(socket.inet_ntoa(struct.pack("<I", int(local.partition(":")[0], 16))))
    return sorted(found - {"0.0.0.0"})  # noqa: S104 - nothing is bound here


def machine_ranges() -> list[str]:
    """What this machine routes already, and what is listened on: loopback addresses need no route."""
    try:
        routed = routed_ranges(Path("/proc/net/route").read_text())
        return [*routed, *listening_addresses(Path("/proc/net/tcp").read_text())]
    except OSError:
        return []


def machine_address() -> str:
    """The address that this machine shows to others; 127.0.0.1 without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_UNROUTED)
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ReservedPort:
    """A port that no other cluster which starts at this moment takes; held for as long as `claim` is open."""

    number: int
    claim: socket.socket | None


def reserve_port(preferred: int = PREFERRED_API_PORT) -> ReservedPort:
    """`preferred` if nobody on loopback listens on it or is about to, else one that the kernel picks."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            number = int(probe.getsockname()[1])
            claimed, claim = _claim(number)
            if claimed:
                return ReservedPort(number, claim)
    raise OSError("no free port on 127.0.0.1")


def free_port() -> int:
    """Any port that nobody on loopback listens on, as the kernel picks it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _claim(port: int) -> tuple[bool, socket.socket | None]:
    """An abstract socket of that name: one process has it, and the kernel takes it back when that ends."""
    if not sys.platform.startswith("linux"):
        return True, None
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0kubeade-port-{port}")
    except OSError:
        claim.close()
        return False, None
    return True, claim


def node_name() -> str:
    """The host name as a node name: lower case, a DNS subdomain."""
    name = re.sub(r"[^a-z0-9.-]+", "-", socket.gethostname().lower()).strip("-.")
    return name[:63] or "node"
