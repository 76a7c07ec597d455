"""Which addresses the API server may be sent to by what stands in a status (server-side request forgery).

Whoever may write a status could otherwise have the API server call on its own machine's loopback services
or on a cloud's metadata address. Upstream refuses all but global unicast; so do we, but for the range that
pods themselves live in where a cluster has no network of its own (docs/decisions/0003).
"""

import asyncio
import ipaddress
import socket

from kubeade.api.errors import BadRequest

_REFUSED = "address not allowed"


class AllowedAddresses:
    """`pod_range` is the pods' network where it lies in 127.0.0.0/8, else ""."""

    def __init__(self, pod_range: str = "") -> None:
        self._pod_range = ipaddress.ip_network(pod_range) if pod_range else None

    def check_pod(self, address: str) -> None:
        """Raises BadRequest for what is no pod's address."""
        found = _parse(address)
        if found is not None and self._pod_range is not None and found in self._pod_range:
            return
        self.check(address)

    def check(self, address: str) -> None:
        """Raises BadRequest for all but global unicast addresses."""
        found = _parse(address)
        if found is None or not _is_global_unicast(found):
            raise BadRequest(_REFUSED)

    async def resolve(self, host: str) -> str:
        """An address of a host name, of which all are allowed. It is resolved once: a second answer could
        be another one. Raises BadRequest."""
        if _parse(host) is not None:
            self.check(host)
            return host
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # a label may be too long even to be asked for
            raise BadRequest(f"lookup {host}: no such host") from error
        addresses = [str(each[4][0]) for each in found]
        for address in addresses:
            self.check(address)
        return addresses[0]


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_global_unicast(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """As Go's net.IP.IsGlobalUnicast: private ranges are allowed, they are where clusters live."""
    special = (
        address.is_loopback,
        address.is_link_local,
        address.is_multicast,
        address.is_unspecified,
        str(address) == "255.255.255.255",
        getattr(address, "scope_id", None) is not None,
    )
    return not any(special)
