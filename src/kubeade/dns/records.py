"""Which DNS records the cluster has: a pure function of its Services and EndpointSlices.

The names are those of the Kubernetes DNS specification 1.1.0 (github.com/kubernetes/dns, specification.md),
relative to the cluster domain: `NAME.NAMESPACE.svc`, `HOSTNAME.NAME.NAMESPACE.svc` for headless Services,
`_PORT._PROTOCOL.` + either for SRV, `A-B-C-D.NAMESPACE.pod` for pods.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object

SPECIFICATION_VERSION = "1.1.0"


@dataclass(frozen=True, slots=True)
class Srv:
    """A SRV record's data; `target` is relative to the cluster domain."""

    port: int
    target: str


@dataclass(slots=True)
class ServiceRecords:
    """All names of one Service, lower case, relative to the cluster domain; and its reverse names."""

    addresses: dict[str, list[str]] = field(default_factory=dict)
    ports: dict[str, list[Srv]] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    reverse: dict[str, str] = field(default_factory=dict)

    def names(self) -> Iterable[str]:
        yield from self.addresses
        yield from self.ports
        yield from self.alias


def records_of(service: Object, slices: Iterable[Object]) -> ServiceRecords:
    """What the cluster's DNS says of one Service."""
    records = ServiceRecords()
    metadata, spec = service["metadata"], part(service, "spec")
    name = f"{metadata['name']}.{metadata['namespace']}.svc".lower()
    if spec.get("type") == "ExternalName":
        records.alias[name] = text(spec, "externalName").rstrip(".").lower()
    elif spec.get("clusterIP") == "None":
        _add_headless(records, name, slices, bool(spec.get("publishNotReadyAddresses")))
    else:
        _add_cluster_ip(records, name, spec)
    return records


def pod_address(name: str) -> str | None:
    """The address that a pod's name (`10-1-2-3.NAMESPACE.pod`) spells; None for any other name."""
    labels = name.split(".")
    if len(labels) != 3 or labels[2] != "pod":
        return None
    for separator in (".", ":"):
        try:
            return str(ipaddress.ip_address(labels[0].replace("-", separator)))
        except ValueError:
            continue
    return None


def reverse_name(address: str) -> str:
    """`4.3.2.1.in-addr.arpa` or the ip6.arpa form."""
    return ipaddress.ip_address(address).reverse_pointer


def _add_cluster_ip(records: ServiceRecords, name: str, spec: Object) -> None:
    addresses = values(spec, "clusterIPs") or values({"a": [spec.get("clusterIP")]}, "a")
    addresses = [address for address in addresses if address]
    if not addresses:
        return
    records.addresses[name] = addresses
    for address in addresses:
        records.reverse[reverse_name(address)] = name
    for port in parts(spec, "ports"):
        _add_port(records, name, port, number(port, "port"), name)


def _add_headless(records: ServiceRecords, name: str, slices: Iterable[Object], publish_all: bool) -> None:
    records.addresses[name] = []
    for one in slices:
        for endpoint in parts(one, "endpoints"):
            if not publish_all and part(endpoint, "conditions").get("ready", True) is False:
                continue
            for address in values(endpoint, "addresses"):
                _add_endpoint(records, name, one, endpoint, address)


def _add_endpoint(records: ServiceRecords, name: str, one: Object, endpoint: Object, address: str) -> None:
    label = text(endpoint, "hostname") or address.replace(".", "-").replace(":", "-")
    host = f"{label}.{name}".lower()
    if address not in records.addresses[name]:
        records.addresses[name].append(address)
    records.addresses.setdefault(host, []).append(address)
    if text(endpoint, "hostname") or reverse_name(address) not in records.reverse:
        records.reverse[reverse_name(address)] = host
    for port in parts(one, "ports"):
        _add_port(records, name, port, number(port, "port"), host)


def _add_port(records: ServiceRecords, name: str, port: Object, number_: int, target: str) -> None:
    if not text(port, "name"):
        return
    protocol = (text(port, "protocol") or "TCP").lower()
    entry = Srv(number_, target)
    listed = records.ports.setdefault(f"_{text(port, 'name')}._{protocol}.{name}".lower(), [])
    if entry not in listed:
        listed.append(entry)
