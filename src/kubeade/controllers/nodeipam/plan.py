"""Which /24 a node gets. Pure."""

import ipaddress
from collections.abc import Collection

NODE_PREFIX_LENGTH = 24


def next_subnet(pod_cidr: str, taken: Collection[str]) -> str | None:
    """The first subnet of the range that nobody has; None when all are given."""
    used = {ipaddress.ip_network(one) for one in taken}
    for subnet in ipaddress.ip_network(pod_cidr).subnets(new_prefix=NODE_PREFIX_LENGTH):
        if not any(subnet.overlaps(one) for one in used):
            return str(subnet)
    return None
