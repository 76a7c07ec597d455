"""Service addresses as addresses of this machine, so that a proxy in user space can listen on them.

`ip route add local CIDR dev lo`: the kernel takes every packet to the block for its own (AnyIP). Pods
reach it through their default gateway, which is this machine.
"""

import contextlib
import ipaddress

from kubeade.cni import NetworkError
from kubeade.network.netlink import Netlink

_LOOPBACK = "lo"


def add_service_route(cidr: str) -> None:
    """Make the addresses of `cidr` local. Needs root; raises NetworkError."""
    try:
        with Netlink() as netlink:
            netlink.add_local_route(ipaddress.ip_network(cidr), _loopback_index(netlink))
    except OSError as error:
        raise NetworkError(f"service addresses {cidr}: {error.strerror}") from error


def remove_service_route(cidr: str) -> None:
    """Undo it; a route that is not there is no error."""
    with contextlib.suppress(OSError), Netlink() as netlink:
        netlink.delete_local_route(ipaddress.ip_network(cidr), _loopback_index(netlink))


def _loopback_index(netlink: Netlink) -> int:
    link = netlink.link(_LOOPBACK)
    if link is None:
        raise NetworkError("this machine has no loopback interface")
    return link.index
