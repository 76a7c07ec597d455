"""From a Service and its EndpointSlices to what must be listened on, and who answers there. Pure.

Which endpoints count is upstream's rule (kube-proxy, proxy/topology.go): ready ones; where none is ready,
those that still serve while they terminate; only this node's under a Local traffic policy.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object

DEFAULT_AFFINITY_SECONDS = 10800
ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - node ports answer on every address, as upstream's do


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a connection can be sent."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Front:
    """What is listened on. `address` empty: every address of the node (a node port)."""

    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers at one front. `affinity_seconds` 0: every connection is on its own."""

    front: Front
    endpoints: tuple[Endpoint, ...]
    affinity_seconds: int = 0
    source_ranges: tuple[str, ...] = ()


def routes_of(service: Object, slices: Iterable[Object], node_name: str) -> list[Route]:
    """All routes of one Service on one node. Fronts without endpoints are left out: nothing answers there."""
    spec = part(service, "spec")
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") in (None, "", "None"):
        return []
    slices = list(slices)
    affinity = _affinity_seconds(spec)
    routes = []
    for port in parts(spec, "ports"):
        inside = _endpoints(slices, port, node_name, text(spec, "internalTrafficPolicy"))
        outside = _endpoints(slices, port, node_name, text(spec, "externalTrafficPolicy"))
        routes += [Route(front, inside, affinity) for front in _inner_fronts(spec, port)]
        ranges = tuple(values(spec, "loadBalancerSourceRanges"))
        balanced = _balancer_fronts(service, port)
        routes += [Route(front, outside, affinity, ranges) for front in balanced]
        routes += [Route(front, outside, affinity) for front in _outer_fronts(spec, port)]
    return [route for route in routes if route.endpoints]


def _inner_fronts(spec: Object, port: Object) -> list[Front]:
    protocol, number_ = text(port, "protocol") or "TCP", number(port, "port")
    addresses = values(spec, "clusterIPs") or [spec["clusterIP"]]
    return [Front(protocol, address, number_) for address in addresses]


def _outer_fronts(spec: Object, port: Object) -> list[Front]:
    """Node ports, and external addresses (which only answer where this node really has them)."""
    protocol = text(port, "protocol") or "TCP"
    fronts = [Front(protocol, address, number(port, "port")) for address in values(spec, "externalIPs")]
    if number(port, "nodePort"):
        fronts.append(Front(protocol, "", number(port, "nodePort")))
    return fronts


def _balancer_fronts(service: Object, port: Object) -> list[Front]:
    ingresses = parts(service, "status", "loadBalancer", "ingress")
    addresses = [one["ip"] for one in ingresses if one.get("ip") and one.get("ipMode", "VIP") == "VIP"]
    return [Front(text(port, "protocol") or "TCP", address, number(port, "port")) for address in addresses]


def _affinity_seconds(spec: Object) -> int:
    if spec.get("sessionAffinity") != "ClientIP":
        return 0
    seconds = number(part(spec, "sessionAffinityConfig", "clientIP"), "timeoutSeconds")
    return seconds or DEFAULT_AFFINITY_SECONDS


def _endpoints(slices: list[Object], port: Object, node_name: str, policy: str) -> tuple[Endpoint, ...]:
    ready: list[Endpoint] = []
    leaving: list[Endpoint] = []
    for one in slices:
        target = _target_port(one, port)
        if target is None or one.get("addressType") not in ("IPv4", "IPv6"):
            continue
        for endpoint in parts(one, "endpoints"):
            if policy == "Local" and endpoint.get("nodeName") != node_name:
                continue
            conditions = part(endpoint, "conditions")
            found = [Endpoint(address, target) for address in values(endpoint, "addresses")[:1]]
            if conditions.get("ready", True) is not False:
                ready += found
            elif conditions.get("serving") and conditions.get("terminating"):
                leaving += found
    return tuple(sorted(set(ready or leaving), key=lambda one: (one.address, one.port)))


def _target_port(one: Object, port: Object) -> int | None:
    """The slice's port of the same name; None where it has none."""
    for candidate in parts(one, "ports"):
        if text(candidate, "name") == text(port, "name"):
            return number(candidate, "port") or None
    return None
