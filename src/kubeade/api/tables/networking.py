"""How Services, endpoints, Ingresses and their neighbours are printed."""

from collections.abc import Iterator
from datetime import datetime

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.tables.column import Cells, printer
from kubeade.api.tables.formats import NONE, address_of, age, label_selector, labels, name_of, some


def service_cells(service: Object, now: datetime) -> Cells:
    spec = part(service, "spec")
    cluster_ips = values(spec, "clusterIPs")
    ports = ",".join(_service_port(port) for port in parts(spec, "ports"))
    return [
        name_of(service),
        text(spec, "type"),
        cluster_ips[0] if cluster_ips else NONE,
        _external_ip(service),
        ports or NONE,
        age(service, now),
        labels(spec.get("selector")),
    ]


def _service_port(port: Object) -> str:
    node_port = number(port, "nodePort")
    exposed = f":{node_port}" if node_port > 0 else ""
    return f"{number(port, 'port')}{exposed}/{text(port, 'protocol')}"


def _external_ip(service: Object) -> str:
    spec = part(service, "spec")
    kind = text(spec, "type")
    if kind == "ExternalName":
        return text(spec, "externalName")
    if kind not in ("ClusterIP", "NodePort", "LoadBalancer"):
        return "<unknown>"
    balanced = kind == "LoadBalancer"
    found = _balancer_addresses(service) if balanced else []
    found += map(str, values(spec, "externalIPs"))
    return ",".join(found) or ("<pending>" if balanced else NONE)


def _balancer_addresses(obj: Object) -> list[str]:
    return sorted({address_of(i) for i in parts(obj, "status", "loadBalancer", "ingress")} - {""})


def endpoints_cells(endpoints: Object, now: datetime) -> Cells:
    found = [address for subset in parts(endpoints, "subsets") for address in _subset_addresses(subset)]
    if not parts(endpoints, "subsets"):
        return [name_of(endpoints), NONE, age(endpoints, now)]
    return [name_of(endpoints), some(found, empty=""), age(endpoints, now)]


def _subset_addresses(subset: Object) -> Iterator[str]:
    hosts = [text(address, "ip") for address in parts(subset, "addresses")]
    ports = parts(subset, "ports")
    if not ports:
        yield from hosts
    for port in ports:
        yield from (_host_port(host, number(port, "port")) for host in hosts)


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def endpoint_slice_cells(endpoint_slice: Object, now: datetime) -> Cells:
    ports = [_slice_port(port) for port in parts(endpoint_slice, "ports")]
    endpoints = parts(endpoint_slice, "endpoints")
    addresses = [str(address) for endpoint in endpoints for address in values(endpoint, "addresses")]
    listed = [some(ports), some(addresses)]
    return [name_of(endpoint_slice), text(endpoint_slice, "addressType"), *listed, age(endpoint_slice, now)]


def _slice_port(port: Object) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return text(port, "name") if port.get("name") is not None else "*"


def ingress_cells(ingress: Object, now: datetime) -> Cells:
    spec = part(ingress, "spec")
    return [
        name_of(ingress),
        text(spec, "ingressClassName") or NONE,
        _hosts(parts(spec, "rules")),
        ",".join(_balancer_addresses(ingress)),
        "80, 443" if spec.get("tls") else "80",
        age(ingress, now),
    ]


def _hosts(rules: list[Object]) -> str:
    hosts = [text(rule, "host") for rule in rules if text(rule, "host")]
    if not hosts:
        return "*"
    shown = ",".join(hosts[:3])
    return f"{shown} + {len(rules) - 3} more..." if len(hosts) >= 3 and len(rules) > 3 else shown


def ingress_class_cells(ingress_class: Object, now: datetime) -> Cells:
    default = "ingressclass.kubernetes.io/is-default-class"
    marked = part(ingress_class, "metadata", "annotations").get(default) == "true"
    name = name_of(ingress_class) + (" (default)" if marked else "")
    parameters = part(ingress_class, "spec", "parameters")
    group = text(parameters, "apiGroup")
    kind = text(parameters, "kind") + (f".{group}" if group else "")
    reference = f"{kind}/{text(parameters, 'name')}" if parameters else NONE
    return [name, text(ingress_class, "spec", "controller"), reference, age(ingress_class, now)]


def network_policy_cells(policy: Object, now: datetime) -> Cells:
    return [name_of(policy), label_selector(part(policy, "spec", "podSelector")), age(policy, now)]


def service_cidr_cells(service_cidr: Object, now: datetime) -> Cells:
    cidrs = ",".join(map(str, values(service_cidr, "spec", "cidrs")))
    return [name_of(service_cidr), cidrs, age(service_cidr, now)]


def ip_address_cells(ip_address: Object, _now: datetime) -> Cells:
    parent = part(ip_address, "spec", "parentRef")
    if not parent:
        return [name_of(ip_address), NONE]
    resource = ".".join(filter(None, (text(parent, "resource"), text(parent, "group")))).lower()
    path = [resource, text(parent, "namespace"), text(parent, "name")]
    return [name_of(ip_address), "/".join(filter(None, path))]


SERVICE = printer(service_cells, "Name|Type|Cluster-IP|External-IP|Port(s)|Age|+Selector")
ENDPOINTS = printer(endpoints_cells, "Name|Endpoints|Age")
ENDPOINT_SLICE = printer(endpoint_slice_cells, "Name|AddressType|Ports|Endpoints|Age")
INGRESS = printer(ingress_cells, "Name|Class|Hosts|Address|Ports|Age")
INGRESS_CLASS = printer(ingress_class_cells, "Name|Controller|Parameters|Age")
NETWORK_POLICY = printer(network_policy_cells, "Name|Pod-Selector|Age")
SERVICE_CIDR = printer(service_cidr_cells, "Name|CIDRs|Age")
IP_ADDRESS = printer(ip_address_cells, "Name|ParentRef")
