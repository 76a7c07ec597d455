"""Rules of Ingresses, their classes, and NetworkPolicies."""

import ipaddress

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    messages,
    not_supported,
    required,
)
from kubeade.api.validation.names import (
    dns_label,
    dns_subdomain,
    path_segment,
    port_name,
    port_number,
    wildcard_subdomain,
)
from kubeade.api.validation.paths import cidr, is_ip
from kubeade.api.validation.selectors import label_selector

_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_SUFFIXES = ("/..", "/.")
_PARAMETER_SCOPES = ("Cluster", "Namespace")
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_CONTROLLER_LIMIT = 250


def ingress(found: Object) -> Errors:
    spec = part(found, "spec")
    rules = parts(spec, "rules")
    if not rules and spec.get("defaultBackend") is None:
        yield invalid("spec", rules, "either `defaultBackend` or `rules` must be specified")
    if isinstance(backend := spec.get("defaultBackend"), dict):
        yield from _backend(backend, "spec.defaultBackend")
    for index, rule in enumerate(rules):
        yield from _rule(rule, f"spec.rules[{index}]")
    for index, tls in enumerate(parts(spec, "tls")):
        for host_index, host in enumerate(values(tls, "hosts")):
            yield from _host(str(host), f"spec.tls[{index}].hosts[{host_index}]")
        if name := text(tls, "secretName"):
            yield from messages(f"spec.tls[{index}].secretName", name, dns_subdomain(name))
    if (class_name := spec.get("ingressClassName")) is not None:
        yield from messages("spec.ingressClassName", class_name, dns_subdomain(str(class_name)))


def ingress_create(found: Object) -> Errors:
    annotated = part(found, "metadata", "annotations").get(_CLASS_ANNOTATION)
    name: object = part(found, "spec").get("ingressClassName")
    if annotated is not None and name is not None and annotated != name:
        detail = "must match `ingressClassName` when both are specified"
        yield invalid(f"annotations.{_CLASS_ANNOTATION}", annotated, detail)


def _host(host: str, path: str) -> Errors:
    yield from messages(path, host, wildcard_subdomain(host) if "*" in host else dns_subdomain(host))


def _rule(rule: Object, path: str) -> Errors:
    if host := text(rule, "host"):
        if is_ip(host):
            yield invalid(f"{path}.host", host, "must be a DNS name, not an IP address")
        yield from _host(host, f"{path}.host")
    if not isinstance(rule.get("http"), dict):
        return
    paths = parts(rule, "http", "paths")
    if not paths:
        yield required(f"{path}.http.paths")
    for index, entry in enumerate(paths):
        yield from _path(entry, f"{path}.http.paths[{index}]")


def _path(entry: Object, path: str) -> Errors:
    kind, target = entry.get("pathType"), text(entry, "path")
    if kind is None:
        yield required(f"{path}.pathType", "pathType must be specified")
        return
    if kind not in _PATH_TYPES:
        yield not_supported(f"{path}.pathType", kind, _PATH_TYPES)
    elif not target.startswith("/") and (target or kind != "ImplementationSpecific"):
        yield invalid(f"{path}.path", target, "must be an absolute path")
    if kind in ("Exact", "Prefix"):
        for sequence in _BAD_SEQUENCES:
            if sequence in target:
                yield invalid(f"{path}.path", target, f"must not contain '{sequence}'")
        for suffix in _BAD_SUFFIXES:
            if target.endswith(suffix):
                yield invalid(f"{path}.path", target, f"cannot end with '{suffix}'")
    yield from _backend(part(entry, "backend"), f"{path}.backend")


def _backend(backend: Object, path: str) -> Errors:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield invalid(path, "", "cannot set both resource and service backends")
    elif resource is not None:
        yield from _reference(part(resource), f"{path}.resource")
    elif isinstance(service, dict):
        yield from _service_backend(service, f"{path}.service")
    else:
        yield invalid(path, "", "resource or service backend is required")


def _reference(reference: Object, path: str) -> Errors:
    """An object of any kind. The core group is not named: it has no name."""
    group = reference.get("apiGroup")
    if group is not None:
        yield from messages(f"{path}.apiGroup", group, dns_subdomain(str(group)))
    for key in ("kind", "name"):
        name = text(reference, key)
        if not name:
            yield required(f"{path}.{key}")
        else:
            yield from messages(f"{path}.{key}", name, path_segment(name))


def _service_backend(service: Object, path: str) -> Errors:
    name, port = text(service, "name"), part(service, "port")
    if not name:
        yield required(f"{path}.name")
    else:
        yield from messages(f"{path}.name", name, dns_label(name))
    found, named = number(port, "number"), text(port, "name")
    if found and named:
        yield invalid(path.removesuffix(".service"), "", "cannot set both port name & port number")
    elif named:
        yield from messages(f"{path}.port.name", named, port_name(named))
    elif found:
        yield from messages(f"{path}.port.number", found, port_number(found))
    else:
        yield required(path.removesuffix(".service"), "port name or number is required")


def ingress_class(found: Object) -> Errors:
    controller = text(found, "spec", "controller")
    host, slash, rest = controller.partition("/")
    if not controller:
        yield required("spec.controller")
    elif len(controller) > _CONTROLLER_LIMIT:
        yield invalid("spec.controller", controller, f"must be no more than {_CONTROLLER_LIMIT} bytes")
    elif not slash or not rest or not host:
        detail = 'must be a domain-prefixed path (such as "acme.io/foo")'
        yield invalid("spec.controller", controller, detail)
    else:
        yield from messages("spec.controller", host, dns_subdomain(host))
    if isinstance(parameters := part(found, "spec").get("parameters"), dict):
        yield from _parameters(parameters, "spec.parameters")


def _parameters(parameters: Object, path: str) -> Errors:
    yield from _reference(parameters, path)
    scope, namespace = parameters.get("scope"), parameters.get("namespace")
    at = f"{path}.namespace"
    if scope is None:
        yield required(f"{path}.scope")
    elif scope not in _PARAMETER_SCOPES:
        yield not_supported(f"{path}.scope", scope, _PARAMETER_SCOPES)
    elif scope == "Cluster" and namespace is not None:
        yield forbidden(at, "`parameters.scope` is set to 'Cluster'")
    elif scope == "Namespace" and namespace is None:
        yield required(at, "`parameters.scope` is set to 'Namespace'")
    elif namespace is not None:
        yield from messages(at, namespace, dns_label(str(namespace)))


def ingress_class_change(new: Object, old: Object) -> Errors:
    after, before = text(new, "spec", "controller"), text(old, "spec", "controller")
    yield from immutable("spec.controller", after, before)


def network_policy(found: Object) -> Errors:
    spec = part(found, "spec")
    yield from label_selector(spec.get("podSelector"), "spec.podSelector")
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(parts(spec, direction)):
            at = f"spec.{direction}[{index}]"
            for port_index, port in enumerate(parts(rule, "ports")):
                yield from _policy_port(port, f"{at}.ports[{port_index}]")
            for peer_index, peer in enumerate(parts(rule, side)):
                yield from _peer(peer, f"{at}.{side}[{peer_index}]")
    types = values(spec, "policyTypes")
    if len(types) > 2:
        yield invalid("spec.policyTypes", types, "may not specify more than two policyTypes")
        return
    for index, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            yield not_supported(f"spec.policyTypes[{index}]", kind, ("Ingress", "Egress"))


def _policy_port(entry: Object, path: str) -> Errors:
    protocol, port, end = entry.get("protocol"), entry.get("port"), entry.get("endPort")
    if protocol is not None and protocol not in ("TCP", "UDP", "SCTP"):
        yield not_supported(f"{path}.protocol", protocol, ("SCTP", "TCP", "UDP"))
    if isinstance(port, str):
        if end is not None:
            yield invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric")
        yield from messages(f"{path}.port", port, port_name(port))
    elif isinstance(port, int):
        yield from messages(f"{path}.port", port, port_number(port))
        if isinstance(end, int):
            if end < port:
                yield invalid(f"{path}.endPort", port, "must be greater than or equal to `port`")
            yield from messages(f"{path}.endPort", end, port_number(end))
    elif end is not None:
        yield invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified")


def _peer(peer: Object, path: str) -> Errors:
    found = [key for key in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(key) is not None]
    for key in ("podSelector", "namespaceSelector"):
        yield from label_selector(peer.get(key), f"{path}.{key}")
    if "ipBlock" in found:
        yield from _ip_block(part(peer, "ipBlock"), f"{path}.ipBlock")
    if not found:
        yield required(path, "must specify a peer")
    elif len(found) > 1 and "ipBlock" in found:
        yield forbidden(path, "may not specify both ipBlock and another peer")


def _ip_block(block: Object, path: str) -> Errors:
    network = text(block, "cidr")
    if not network:
        yield required(f"{path}.cidr")
        return
    wrong = list(cidr(network, f"{path}.cidr"))
    yield from wrong
    for index, excepted in enumerate(values(block, "except")):
        at = f"{path}.except[{index}]"
        bad = list(cidr(str(excepted), at))
        yield from bad
        if not wrong and not bad and not _is_strict_subset(str(excepted), network):
            yield invalid(at, excepted, "must be a strict subset of `cidr`")


def _is_strict_subset(inner: str, outer: str) -> bool:
    found = ipaddress.ip_network(inner, strict=False)
    around = ipaddress.ip_network(outer, strict=False)
    if found.version != around.version or found.prefixlen <= around.prefixlen:
        return False
    return found.network_address in around
