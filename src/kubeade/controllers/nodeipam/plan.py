"""Which part of the pods' range a node gets: a /24 (IPv4) or a /64 (IPv6). Pure."""

import ipaddress

NODE_PREFIX_LENGTH = {4: 24, 6: 64}


class SubnetPool:
    """The subnets of a range by number; those that nodes have are taken."""

    def __init__(self, pod_cidr: str) -> None:
        self._range = ipaddress.ip_network(pod_cidr)
        longest = max(NODE_PREFIX_LENGTH[self._range.version], self._range.prefixlen)
        self._step = 1 << (self._range.max_prefixlen - longest)
        self._prefix_length = longest
        self._count = self._range.num_addresses // self._step
        self._taken: set[int] = set()
        self._next = 0

    def take(self) -> str | None:
        """The first free subnet at or after the last one given, then from the start; None: all are taken."""
        for offset in range(self._count):
            number = (self._next + offset) % self._count
            if number not in self._taken:
                self._taken.add(number)
                self._next = number + 1
                return self._name(number)
        return None

    def mark(self, cidr: str) -> None:
        """Somebody has this subnet; one that lies elsewhere is no matter."""
        self._taken.update(self._numbers(cidr))

    def release(self, cidr: str) -> None:
        self._taken.difference_update(self._numbers(cidr))

    def _numbers(self, cidr: str) -> range:
        network = ipaddress.ip_network(cidr, strict=False)
        if network.version != self._range.version or not network.overlaps(self._range):
            return range(0)
        start = int(network.network_address) - int(self._range.network_address)
        end = start + network.num_addresses
        return range(max(0, start // self._step), min(self._count, -(-end // self._step)))

    def _name(self, number: int) -> str:
        return f"{self._range.network_address + number * self._step}/{self._prefix_length}"
