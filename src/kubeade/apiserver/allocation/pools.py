"""Ranges to allocate from. They know no owners: what is taken is told to them at each question.

Whatever is asked for by name may lie anywhere in a range; what is chosen comes from its upper part, so that
the two seldom meet (upstream: the static and the dynamic band). The choice moves on, so that an address that
was just given back is not given to the next.
"""

from collections.abc import Container, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

NODE_PORTS = (30000, 32767)


class AllocationError(Exception):
    """The text says why, in upstream's words."""


class Full(AllocationError):
    def __init__(self) -> None:
        super().__init__("range is full")


class _Cursor:
    """Walks a range of `size` offsets: first the part above `reserved`, then the part below."""

    def __init__(self, size: int, reserved: int) -> None:
        self._size = size
        self._reserved = reserved
        self._next = reserved

    def offsets(self) -> Iterator[int]:
        upper = self._size - self._reserved
        start = self._next - self._reserved
        for step in range(upper):
            yield self._reserved + (start + step) % upper
        yield from range(self._reserved)

    def used(self, offset: int) -> None:
        if offset >= self._reserved:
            self._next = offset + 1 if offset + 1 < self._size else self._reserved


class AddressPool:
    """The addresses of one CIDR, without its first, and for IPv4 without its last."""

    def __init__(self, cidr: str) -> None:
        self._network: IPv4Network | IPv6Network = ip_network(cidr)
        size = min(self._network.num_addresses - (2 if self._network.version == 4 else 1), 1 << 62)
        self._cursor = _Cursor(size, min(max(16, size // 16), 256, size - 1))

    @property
    def family(self) -> str:
        return f"IPv{self._network.version}"

    def check(self, address: str, taken: Container[str]) -> str:
        """The address in its usual form, if it may be had. Raises AllocationError."""
        parsed = ip_address(address)
        if not self._holds(parsed):
            raise AllocationError(
                f"the provided IP ({address}) is not in the valid range. "
                f"The range of valid IPs is {self._network}"
            )
        if str(parsed) in taken:
            raise AllocationError("provided IP is already allocated")
        return str(parsed)

    def choose(self, taken: Container[str]) -> str:
        """A free address. Raises Full."""
        for offset in self._cursor.offsets():
            address = str(self._network.network_address + offset + 1)
            if address not in taken:
                self._cursor.used(offset)
                return address
        raise Full

    def _holds(self, address: IPv4Address | IPv6Address) -> bool:
        network = self._network
        if address.version != network.version or address not in network:
            return False
        last = network.version == 4 and address == network.broadcast_address
        return address != network.network_address and not last


class PortPool:
    """Node ports, from `first` to `last`."""

    def __init__(self, first: int = NODE_PORTS[0], last: int = NODE_PORTS[1]) -> None:
        self._first, self._last = first, last
        size = last - first + 1
        self._cursor = _Cursor(size, min(max(16, size // 32), 128, size - 1))

    def check(self, port: int, taken: Container[int]) -> None:
        """Raises AllocationError."""
        if not self._first <= port <= self._last:
            raise AllocationError(
                "provided port is not in the valid range. "
                f"The range of valid ports is {self._first}-{self._last}"
            )
        if port in taken:
            raise AllocationError("provided port is already allocated")

    def choose(self, taken: Container[int]) -> int:
        """A free port. Raises Full."""
        for offset in self._cursor.offsets():
            if self._first + offset not in taken:
                self._cursor.used(offset)
                return self._first + offset
        raise Full
