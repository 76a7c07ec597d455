"""Rules of Endpoints and EndpointSlices (upstream: ValidateEndpoints, ValidateEndpointSlice)."""

import ipaddress

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    immutable,
    invalid,
    messages,
    one_of,
    required,
    too_many,
)
from kubeade.api.validation.metadata import labels
from kubeade.api.validation.names import (
    dns_label,
    dns_subdomain,
    label_value,
    port_number,
    qualified_name,
)
from kubeade.api.validation.options import ValidationOptions
from kubeade.api.validation.paths import ip_address, is_ip

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_ENDPOINTS_LIMIT = 1000
_PORTS_LIMIT = 20000
_ADDRESSES_LIMIT = 100
_HINTS_LIMIT = 8


def endpoint_ip(address: str, path: str, options: ValidationOptions) -> Errors:
    """An address that other machines can mean the same by."""
    if not is_ip(address):
        yield invalid(path, address, "must be a valid IP address")
        return
    found = ipaddress.ip_address(address)
    if found.is_unspecified:
        yield invalid(path, address, f"may not be unspecified ({address})")
    if found.is_loopback and not options.allow_loopback_endpoints:
        yield invalid(path, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)")
    if found.is_link_local:
        yield invalid(path, address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    if address.startswith("224.0.0.") or address.lower().startswith("ff02:"):
        detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        yield invalid(path, address, detail)


def endpoints(found: Object, options: ValidationOptions) -> Errors:
    """An Endpoints object."""
    for index, subset in enumerate(parts(found, "subsets")):
        at = f"subsets[{index}]"
        ready, not_ready = parts(subset, "addresses"), parts(subset, "notReadyAddresses")
        if not ready and not not_ready:
            yield required(at, "must specify `addresses` or `notReadyAddresses`")
        for key, addresses in (("addresses", ready), ("notReadyAddresses", not_ready)):
            for address_index, address in enumerate(addresses):
                yield from _address(address, f"{at}.{key}[{address_index}]", options)
        ports = parts(subset, "ports")
        for port_index, port in enumerate(ports):
            yield from _port(port, len(ports) > 1, f"{at}.ports[{port_index}]")


def _address(address: Object, path: str, options: ValidationOptions) -> Errors:
    found = text(address, "ip")
    yield from ip_address(found, f"{path}.ip")
    if name := text(address, "hostname"):
        yield from messages(f"{path}.hostname", name, dns_label(name))
    if (node := address.get("nodeName")) is not None:
        yield from messages(f"{path}.nodeName", node, dns_subdomain(str(node)))
    yield from endpoint_ip(found, f"{path}.ip", options)


def _port(port: Object, name_required: bool, path: str) -> Errors:
    name = text(port, "name")
    if name:
        yield from messages(f"{path}.name", name, dns_label(name))
    elif name_required:
        yield required(f"{path}.name")
    yield from messages(f"{path}.port", number(port, "port"), port_number(number(port, "port")))
    yield from one_of(f"{path}.protocol", port.get("protocol"), _PROTOCOLS)
    yield from _app_protocol(port, path)


def _app_protocol(port: Object, path: str) -> Errors:
    if (protocol := port.get("appProtocol")) is not None:
        yield from messages(f"{path}.appProtocol", protocol, qualified_name(str(protocol)))


def endpoint_slice(found: Object, options: ValidationOptions) -> Errors:
    """An EndpointSlice."""
    kind = text(found, "addressType")
    yield from one_of("addressType", kind, _ADDRESS_TYPES)
    listed = parts(found, "endpoints")
    if len(listed) > _ENDPOINTS_LIMIT:
        yield too_many("endpoints", len(listed), _ENDPOINTS_LIMIT)
    for index, endpoint in enumerate(listed):
        yield from _endpoint(endpoint, kind, f"endpoints[{index}]", options)
    yield from _slice_ports(parts(found, "ports"))


def endpoint_slice_change(new: Object, old: Object) -> Errors:
    """The kind of address stays."""
    yield from immutable("addressType", new.get("addressType"), old.get("addressType"))


def _endpoint(endpoint: Object, kind: str, path: str, options: ValidationOptions) -> Errors:
    addresses = [str(address) for address in values(endpoint, "addresses")]
    if not addresses:
        yield required(f"{path}.addresses", "must contain at least 1 address")
    elif len(addresses) > _ADDRESSES_LIMIT:
        yield too_many(f"{path}.addresses", len(addresses), _ADDRESSES_LIMIT)
    for index, address in enumerate(addresses):
        yield from _slice_address(address, kind, f"{path}.addresses[{index}]", options)
    yield from _placement(endpoint, path)
    if (name := endpoint.get("hostname")) is not None:
        yield from messages(f"{path}.hostname", name, dns_label(str(name)))


def _slice_address(address: str, kind: str, path: str, options: ValidationOptions) -> Errors:
    if kind == "FQDN":
        yield from messages(path, address, dns_subdomain(address.removesuffix(".")))
        return
    if kind not in ("IPv4", "IPv6"):
        return
    version = 4 if kind == "IPv4" else 6
    if not is_ip(address) or ipaddress.ip_address(address).version != version:
        yield invalid(path, address, f"must be a valid {kind} address")
        return
    yield from endpoint_ip(address, path, options)


def _placement(endpoint: Object, path: str) -> Errors:
    if (node := endpoint.get("nodeName")) is not None:
        yield from messages(f"{path}.nodeName", node, dns_subdomain(str(node)))
    topology = part(endpoint, "deprecatedTopology")
    yield from labels(topology, f"{path}.deprecatedTopology")
    if "topology.kubernetes.io/zone" in topology:
        detail = 'use "zone" field instead'
        yield invalid(f"{path}.deprecatedTopology", "topology.kubernetes.io/zone", detail)
    zones = parts(endpoint, "hints", "forZones")
    if len(zones) > _HINTS_LIMIT:
        yield too_many(f"{path}.hints.forZones", len(zones), _HINTS_LIMIT)
    names = [text(zone, "name") for zone in zones]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield duplicate(f"{path}.hints.forZones[{index}].name", name)
        yield from messages(f"{path}.hints.forZones[{index}].name", name, label_value(name))
    nodes = [text(node, "name") for node in parts(endpoint, "hints", "forNodes")]
    if len(nodes) > _HINTS_LIMIT:
        yield too_many(f"{path}.hints.forNodes", len(nodes), _HINTS_LIMIT)
        return
    for index, name in enumerate(nodes):
        if name in nodes[:index]:
            yield duplicate(f"{path}.hints.forNodes[{index}].name", name)
        yield from messages(f"{path}.hints.forNodes[{index}].name", name, dns_subdomain(name))


def _slice_ports(ports: list[Object]) -> Errors:
    if len(ports) > _PORTS_LIMIT:
        yield too_many("ports", len(ports), _PORTS_LIMIT)
    names: set[str] = set()
    for index, port in enumerate(ports):
        at, name = f"ports[{index}]", text(port, "name")
        if name:
            yield from messages(f"{at}.name", name, dns_label(name))
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        if (found := port.get("port")) is not None:
            yield from messages(f"{at}.port", found, port_number(number(port, "port")))
        yield from one_of(f"{at}.protocol", port.get("protocol"), _PROTOCOLS)
        yield from _app_protocol(port, at)
