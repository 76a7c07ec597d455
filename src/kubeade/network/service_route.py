"""Service addresses as addresses of this machine, so that a proxy in user space can listen on them.

`ip route add local CIDR dev LINK`: the kernel takes every packet to the block for its own (AnyIP). Pods
reach it through their default gateway, which is this machine. A route goes with its link: of several nodes
on one machine each has its own, and none takes away another's.
"""

import contextlib
import ipaddress

from kubeade.cni import NetworkError
from kubeade.network.netlink import Netlink

_LOOPBACK = "lo"


def add_service_route(cidr: str, link: str = _LOOPBACK) -> None:
    """Make the addresses of `cidr` local while `link` is there. Needs root; raises NetworkError."""
    try:
        with Netlink() as netlink:
            netlink.add_local_route(ipaddress.ip_network(cidr), _index(netlink, link))
    except OSError as error:
        raise NetworkError(f"service addresses {cidr}: {error.strerror}") from error


def remove_service_route(cidr: str, link: str = _LOOPBACK) -> None:
    """Undo it; a route that is not there is no error."""
    with contextlib.suppress(OSError), Netlink() as netlink:
        netlink.delete_local_route(ipaddress.ip_network(cidr), _index(netlink, link))


def _index(netlink: Netlink, link: str) -> int:
    found = netlink.link(link)
    if found is None:
        raise NetworkError(f"this machine has no interface {link}")
    return found.index
