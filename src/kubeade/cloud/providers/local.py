"""This machine as a cloud: every Service of type LoadBalancer gets an address of its own on it, at once.

Addresses come from a range that the machine has to itself (a local route, or a part of 127.0.0.0/8): no two
Services meet on a port, and the proxy only has to listen. Which Service has which address is written in the
Services themselves, so nothing else is kept.
"""

import ipaddress
from collections.abc import Callable, Iterable, Sequence

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.cloud.provider import CloudError, Provider


class LocalLoadBalancers:
    """Hands out addresses of `address_range` (CIDR). `services` lists all Services as they are now."""

    def __init__(self, address_range: str, services: Callable[[], Iterable[Object]]) -> None:
        self._range = ipaddress.ip_network(address_range)
        self._services = services
        self._given: dict[str, str] = {}

    async def ensure(self, service: Object, nodes: Sequence[Object]) -> Object:
        uid = service["metadata"]["uid"]
        taken = self._taken(except_uid=uid)
        wanted = text(service, "spec", "loadBalancerIP")
        current = next(iter(addresses_of(service)), "") or self._given.get(uid, "")
        if wanted:
            address = self._checked(wanted, taken)
        elif current and current not in taken and ipaddress.ip_address(current) in self._range:
            address = current
        else:
            address = self._free(taken)
        self._given[uid] = address
        return {"ingress": [{"ip": address, "ipMode": "VIP"}]}

    async def delete(self, service: Object) -> None:
        self._given.pop(service["metadata"]["uid"], None)

    def _taken(self, except_uid: str) -> set[str]:
        seen = {
            address
            for service in self._services()
            if service["metadata"]["uid"] != except_uid
            for address in addresses_of(service)
        }
        return seen | {address for uid, address in self._given.items() if uid != except_uid}

    def _checked(self, wanted: str, taken: set[str]) -> str:
        try:
            inside = ipaddress.ip_address(wanted) in self._range
        except ValueError:
            inside = False
        if not inside:
            raise CloudError(f"loadBalancerIP {wanted} is not in this machine's range {self._range}")
        if wanted in taken:
            raise CloudError(f"loadBalancerIP {wanted} belongs to another Service")
        return wanted

    def _free(self, taken: set[str]) -> str:
        for address in self._range.hosts():
            if str(address) not in taken:
                return str(address)
        raise CloudError(f"no address is left in {self._range}")


def addresses_of(service: Object) -> list[str]:
    """The addresses in the Service's status."""
    ingresses = parts(part(service, "status", "loadBalancer"), "ingress")
    return [one["ip"] for one in ingresses if one.get("ip")]


def local_provider(address_range: str, services: Callable[[], Iterable[Object]]) -> Provider:
    """Load balancers only: the machine itself is the node's own business."""
    return Provider("local", load_balancers=LocalLoadBalancers(address_range, services))
