"""Rules of Services (upstream: ValidateService)."""

import ipaddress

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.endpoints import endpoint_ip
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    invalid,
    messages,
    not_supported,
    one_of,
    required,
)
from kubeade.api.validation.metadata import labels
from kubeade.api.validation.names import dns_label, dns_subdomain, port_number, qualified_name
from kubeade.api.validation.options import ValidationOptions
from kubeade.api.validation.paths import cidr, ip_address, is_ip, port_number_or_name

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"
_ONCE = "may not change once set"
_LONGEST_AFFINITY_SECONDS = 86400
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")


def is_headless(spec: Object) -> bool:
    return values(spec, "clusterIPs") == ["None"]


def service(found: Object, options: ValidationOptions) -> Errors:
    """Any Service, addresses allocated."""
    spec = part(found, "spec")
    kind = text(spec, "type")
    yield from _type(spec, kind)
    yield from _ports(spec, kind)
    yield from labels(part(spec, "selector"), "spec.selector")
    yield from _affinity(spec)
    if kind != "ExternalName":
        yield from _cluster_ips(spec)
    for index, address in enumerate(values(spec, "externalIPs")):
        at = f"spec.externalIPs[{index}]"
        yield from (
            ip_address(str(address), at)
            if not is_ip(str(address))
            else endpoint_ip(str(address), at, options)
        )
    yield from one_of("spec.type", kind, _TYPES)
    yield from _balancer(spec, kind)
    yield from _traffic(spec, kind)


def _type(spec: Object, kind: str) -> Errors:
    if not parts(spec, "ports") and not is_headless(spec) and kind != "ExternalName":
        yield required("spec.ports")
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    if kind == "ExternalName":
        for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(key):
                yield forbidden(f"spec.{key}", "may not be set for ExternalName services")
        name = text(spec, "externalName").removesuffix(".")
        if name:
            yield from messages("spec.externalName", name, dns_subdomain(name))
        else:
            yield required("spec.externalName")


def _ports(spec: Object, kind: str) -> Errors:
    ports = parts(spec, "ports")
    names: set[str] = set()
    for index, port in enumerate(ports):
        yield from _port(port, names, len(ports) > 1, f"spec.ports[{index}]")
    if kind == "ClusterIP":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                detail = "may not be used when `type` is 'ClusterIP'"
                yield forbidden(f"spec.ports[{index}].nodePort", detail)
    node_ports: set[tuple[str, int]] = set()
    numbers: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        protocol, node_port = text(port, "protocol"), number(port, "nodePort")
        if node_port and (protocol, node_port) in node_ports:
            yield duplicate(f"spec.ports[{index}].nodePort", node_port)
        node_ports.add((protocol, node_port))
    for index, port in enumerate(ports):
        key = (text(port, "protocol"), number(port, "port"))
        if key in numbers:
            yield duplicate(f"spec.ports[{index}]", _bare_port(*key))
        numbers.add(key)


def _bare_port(protocol: object, port: object) -> Object:
    """The key that upstream shows: its internal type, with the fields it does not compare left empty."""
    return {
        "Name": "",
        "Protocol": protocol,
        "AppProtocol": None,
        "Port": port,
        "TargetPort": 0,
        "NodePort": 0,
    }


def _port(port: Object, names: set[str], name_required: bool, path: str) -> Errors:
    name = text(port, "name")
    if name:
        yield from messages(f"{path}.name", name, dns_label(name))
        if name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
    elif name_required:
        yield required(f"{path}.name")
    yield from messages(f"{path}.port", number(port, "port"), port_number(number(port, "port")))
    yield from one_of(f"{path}.protocol", port.get("protocol"), ("SCTP", "TCP", "UDP"))
    yield from port_number_or_name(port.get("targetPort"), f"{path}.targetPort")
    if (protocol := port.get("appProtocol")) is not None:
        yield from messages(f"{path}.appProtocol", protocol, qualified_name(str(protocol)))


def _affinity(spec: Object) -> Errors:
    affinity = spec.get("sessionAffinity", "None")
    yield from one_of("spec.sessionAffinity", affinity, ("ClientIP", "None"))
    path = "spec.sessionAffinityConfig"
    seconds = number(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds")
    if affinity == "ClientIP" and not 1 <= seconds <= _LONGEST_AFFINITY_SECONDS:
        limit = f"must be greater than 0 and less than {_LONGEST_AFFINITY_SECONDS}"
        yield invalid(f"{path}.clientIP.timeoutSeconds", seconds, limit)
    elif affinity == "None" and spec.get("sessionAffinityConfig") is not None:
        yield forbidden(path, "must not be set when session affinity is None")


def _cluster_ips(spec: Object) -> Errors:
    addresses = [str(address) for address in values(spec, "clusterIPs")]
    first = text(spec, "clusterIP")
    if first and not addresses:
        yield required("spec.clusterIPs")
    elif first and addresses[0] != first:
        yield invalid("spec.clusterIPs", addresses, "first value must match `clusterIP`")
    elif addresses and not first:
        yield invalid("spec.clusterIPs", addresses, "must be empty when `clusterIP` is not specified")
    yield from _families(spec)
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                yield invalid("spec.clusterIPs", addresses, "'None' must be the first and only value")
            continue
        yield from ip_address(address, f"spec.clusterIPs[{index}]")
    if len(addresses) > 2:
        yield invalid("spec.clusterIPs", addresses, "may only hold up to 2 values")
    yield from _family_of_each(addresses, values(spec, "ipFamilies"))


def _families(spec: Object) -> Errors:
    families = values(spec, "ipFamilies")
    for index, family in enumerate(families):
        if family not in ("IPv4", "IPv6"):
            yield not_supported(f"spec.ipFamilies[{index}]", family, ("IPv4", "IPv6"))
        if family in families[:index]:
            yield duplicate(f"spec.ipFamilies[{index}]", family)
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _FAMILY_POLICIES:
        yield not_supported("spec.ipFamilyPolicy", policy, _FAMILY_POLICIES)


def _family_of_each(addresses: list[str], families: list[object]) -> Errors:
    versions = [f"IPv{ipaddress.ip_address(a).version}" for a in addresses if is_ip(a)]
    if len(versions) != len(addresses):
        return
    if len(versions) > 1 and len(set(versions)) == 1:
        detail = "may specify no more than one IP for each IP family"
        yield invalid("spec.clusterIPs", addresses, detail)
    for index, (address, version) in enumerate(zip(addresses, versions, strict=True)):
        if index < len(families) and families[index] != version:
            detail = f"expected an {families[index]} value as indicated by `ipFamilies[{index}]`"
            yield invalid(f"spec.clusterIPs[{index}]", address, detail)


def _balancer(spec: Object, kind: str) -> Errors:
    balanced = kind == "LoadBalancer"
    path = "spec.LoadBalancerSourceRanges"
    ranges = values(spec, "loadBalancerSourceRanges")
    if ranges and not balanced:
        yield forbidden(path, _ONLY_BALANCED)
    for index, network in enumerate(ranges):
        yield from cidr(str(network).strip(), f"{path}[{index}]")
    if spec.get("allocateLoadBalancerNodePorts") is not None and not balanced:
        yield forbidden("spec.allocateLoadBalancerNodePorts", _ONLY_BALANCED)
    balancer_class = spec.get("loadBalancerClass")
    if balancer_class is not None and not balanced:
        yield forbidden("spec.loadBalancerClass", _ONLY_BALANCED)
    elif balancer_class is not None:
        name = str(balancer_class)
        yield from messages("spec.loadBalancerClass", name, qualified_name(name))


def _traffic(spec: Object, kind: str) -> Errors:
    policy = text(spec, "externalTrafficPolicy")
    exposed = kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs"))
    if policy and not exposed:
        detail = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", policy, detail)
    elif exposed:
        yield from one_of("spec.externalTrafficPolicy", policy, ("Cluster", "Local"))
    health_port = number(spec, "healthCheckNodePort")
    if health_port and not needs_health_check(spec):
        detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield invalid("spec.healthCheckNodePort", health_port, detail)
    elif health_port:
        yield from messages("spec.healthCheckNodePort", health_port, port_number(health_port))
    internal = spec.get("internalTrafficPolicy")
    if internal is not None and internal not in ("Cluster", "Local"):
        yield not_supported("spec.internalTrafficPolicy", internal, ("Cluster", "Local"))
    distribution = spec.get("trafficDistribution")
    if distribution is not None and distribution not in _DISTRIBUTIONS:
        yield not_supported("spec.trafficDistribution", distribution, _DISTRIBUTIONS)


def needs_health_check(spec: Object) -> bool:
    """Whether a port on every node says which nodes have the Service's pods."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def service_change(new: Object, old: Object) -> Errors:
    """A changed Service keeps its addresses."""
    after, before = part(new, "spec"), part(old, "spec")
    if "ExternalName" not in (after.get("type"), before.get("type")):
        if not (is_headless(after) and is_headless(before)):
            yield from _same_cluster_ips(after, before)
        if not is_headless(after) and not is_headless(before):
            yield from _same_families(after, before)
    if after.get("type") == before.get("type") == "LoadBalancer":
        balancer_class = after.get("loadBalancerClass")
        if balancer_class != before.get("loadBalancerClass"):
            yield invalid("spec.loadBalancerClass", balancer_class, _ONCE)
    checked = needs_health_check(after) and needs_health_check(before)
    if checked and after.get("healthCheckNodePort") != before.get("healthCheckNodePort"):
        yield forbidden("spec.healthCheckNodePort", "field is immutable")


def _same_cluster_ips(after: Object, before: Object) -> Errors:
    new, old = values(after, "clusterIPs"), values(before, "clusterIPs")
    if old and not new:
        yield invalid("spec.clusterIPs[0]", None, "primary clusterIP can not be unset")
        return
    compared = len(old) if len(old) == len(new) else 1
    for index, address in enumerate(old[:compared]):
        if address != new[index]:
            yield invalid(f"spec.clusterIPs[{index}]", new, _ONCE)
    if len(old) > len(new) == 1 and after.get("ipFamilyPolicy") != "SingleStack":
        detail = "must be set to 'SingleStack' when releasing the secondary clusterIP"
        yield invalid("spec.ipFamilyPolicy", after.get("ipFamilyPolicy"), detail)


def _same_families(after: Object, before: Object) -> Errors:
    new, old = values(after, "ipFamilies"), values(before, "ipFamilies")
    compared = len(old) if len(old) == len(new) else 1
    for index, family in enumerate(old[:compared]):
        if new and family != new[index]:
            yield invalid("spec.ipFamilies[0]", new, _ONCE)


def service_status(new: Object, _old: Object) -> Errors:
    """The load balancer's addresses."""
    path = "status.loadBalancer.ingress"
    entries = parts(new, "status", "loadBalancer", "ingress")
    if entries and text(new, "spec", "type") != "LoadBalancer":
        yield forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")
        return
    for index, entry in enumerate(entries):
        yield from _balancer_address(entry, f"{path}[{index}]")


def _balancer_address(entry: Object, path: str) -> Errors:
    address, mode, name = text(entry, "ip"), entry.get("ipMode"), text(entry, "hostname")
    if address:
        yield from ip_address(address, f"{path}.ip")
    if mode is None and address:
        yield required(f"{path}.ipMode", "must be specified when `ip` is set")
    elif mode is not None and not address:
        yield forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set")
    elif mode is not None and mode not in ("Proxy", "VIP"):
        yield not_supported(f"{path}.ipMode", mode, ("Proxy", "VIP"))
    if name:
        yield from messages(f"{path}.hostname", name, dns_subdomain(name))
        if is_ip(name):
            yield invalid(f"{path}.hostname", name, "must be a DNS name, not an IP address")
