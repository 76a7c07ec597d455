"""Rules of a pod spec, in a pod or in a template (upstream: ValidatePodSpec)."""

from kubeade.api.parts import number, part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.containers import Pod, containers, ephemeral_containers, init_containers
from kubeade.api.validation.fields import (
    Errors,
    duplicate,
    forbidden,
    in_range,
    invalid,
    messages,
    one_of,
    required,
    too_long,
)
from kubeade.api.validation.metadata import annotations, labels
from kubeade.api.validation.names import (
    dns_label,
    dns_subdomain,
    dns_subdomain_with_underscore,
    qualified_name,
)
from kubeade.api.validation.paths import ip_address
from kubeade.api.validation.pod_volumes import volumes
from kubeade.api.validation.quantities import quantity
from kubeade.api.validation.scheduling import affinity, tolerations, topology_spread
from kubeade.api.validation.security import pod_security_context

_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_LONGEST_DEADLINE_SECONDS = 2**31 - 1
_NAMESERVERS_LIMIT = 3
_SEARCHES_LIMIT = 32
_SEARCH_LIST_LIMIT = 2048
_HOSTNAME_LIMIT_BYTES = 64


def pod_template(template: Object, path: str) -> Errors:
    """A PodTemplateSpec."""
    yield from labels(part(template, "metadata", "labels"), f"{path}.labels")
    yield from annotations(part(template, "metadata", "annotations"), f"{path}.annotations")
    yield from pod_spec(part(template, "spec"), f"{path}.spec")
    if parts(template, "spec", "ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        yield forbidden(f"{path}.spec.ephemeralContainers", detail)


def pod_spec(spec: Object, path: str, pod_name: str = "", *, is_pod: bool = False) -> Errors:
    """A PodSpec; `is_pod` is False within a template."""
    wrong_volumes, good_volumes = volumes(spec, pod_name, f"{path}.volumes")
    pod = Pod(spec, good_volumes)
    yield from wrong_volumes
    yield from containers(pod, f"{path}.containers")
    yield from init_containers(pod, f"{path}.initContainers")
    yield from ephemeral_containers(pod, f"{path}.ephemeralContainers")
    if spec.get("hostNetwork"):
        yield from _host_network(spec, path, is_pod)
    policy = spec.get("restartPolicy", "Always")
    yield from one_of(f"{path}.restartPolicy", policy, ("Always", "OnFailure", "Never"))
    yield from one_of(f"{path}.dnsPolicy", spec.get("dnsPolicy", "ClusterFirst"), _DNS_POLICIES)
    yield from labels(part(spec, "nodeSelector"), f"{path}.nodeSelector")
    yield from pod_security_context(spec, f"{path}.securityContext")
    yield from affinity(part(spec, "affinity"), f"{path}.affinity")
    yield from _dns_config(spec, f"{path}.dnsConfig")
    yield from _gates(spec, path)
    yield from topology_spread(parts(spec, "topologySpreadConstraints"), f"{path}.topologySpreadConstraints")
    yield from _host_users(spec, path)
    yield from _names(spec, path)
    deadline = spec.get("activeDeadlineSeconds")
    yield from in_range(f"{path}.activeDeadlineSeconds", deadline, 1, _LONGEST_DEADLINE_SECONDS)
    yield from tolerations(parts(spec, "tolerations"), f"{path}.tolerations")
    yield from _host_aliases(parts(spec, "hostAliases"), f"{path}.hostAliases")
    yield from _others(spec, path)


def _host_network(spec: Object, path: str, is_pod: bool) -> Errors:
    for index, container in enumerate(parts(spec, "containers")):
        for port_index, port in enumerate(parts(container, "ports")):
            host_port = number(port, "hostPort")
            if (is_pod or host_port) and host_port != number(port, "containerPort"):
                at = f"{path}.containers[{index}].ports[{port_index}].hostPort"
                yield invalid(at, host_port, "must match `containerPort` when `hostNetwork` is true")


def _dns_config(spec: Object, path: str) -> Errors:
    config = spec.get("dnsConfig")
    nameservers, searches = values(config, "nameservers"), values(config, "searches")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
            return
        if not nameservers:
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{path}.nameservers", detail)
            return
    if len(nameservers) > _NAMESERVERS_LIMIT:
        detail = f"must not have more than {_NAMESERVERS_LIMIT} nameservers"
        yield invalid(f"{path}.nameservers", nameservers, detail)
    for index, nameserver in enumerate(nameservers):
        yield from ip_address(str(nameserver), f"{path}.nameservers[{index}]")
    yield from _searches([str(search) for search in searches], f"{path}.searches")
    for index, option in enumerate(parts(config, "options")):
        if not text(option, "name"):
            yield required(f"{path}.options[{index}]", "must not be empty")


def _searches(searches: list[str], path: str) -> Errors:
    if len(searches) > _SEARCHES_LIMIT:
        yield invalid(path, searches, f"must not have more than {_SEARCHES_LIMIT} search paths")
    if len(" ".join(searches)) > _SEARCH_LIST_LIMIT:
        limit = f"{_SEARCH_LIST_LIMIT} characters (including spaces) in the search list"
        yield invalid(path, searches, f"must not have more than {limit}")
    for index, search in enumerate(searches):
        name = search.removesuffix(".")
        if search != ".":
            yield from messages(f"{path}[{index}]", name, dns_subdomain_with_underscore(name))


def _gates(spec: Object, path: str) -> Errors:
    for index, gate in enumerate(parts(spec, "readinessGates")):
        kind = text(gate, "conditionType")
        yield from messages(f"{path}.readinessGates[{index}].conditionType", kind, qualified_name(kind))
    names: set[str] = set()
    for index, gate in enumerate(parts(spec, "schedulingGates")):
        name = text(gate, "name")
        yield from messages(f"{path}.schedulingGates[{index}]", name, qualified_name(name))
        if name in names:
            yield duplicate(f"{path}.schedulingGates[{index}]", name)
        names.add(name)


def _host_users(spec: Object, path: str) -> Errors:
    if spec.get("hostUsers") is not False:
        return
    # The last two paths are upstream's, capital letter and all.
    for key, shown_key in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(key):
            yield forbidden(f"{path}.{shown_key}", "when `hostUsers` is false")


def _names(spec: Object, path: str) -> Errors:
    subdomains = ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName")
    for key in subdomains:
        if name := text(spec, key):
            yield from messages(f"{path}.{key}", name, dns_subdomain(name))
    for key in ("hostname", "subdomain"):
        if name := text(spec, key):
            yield from messages(f"{path}.{key}", name, dns_label(name))
    if isinstance(override := spec.get("hostnameOverride"), str):
        yield from _hostname_override(spec, override, f"{path}.hostnameOverride")


def _hostname_override(spec: Object, override: str, path: str) -> Errors:
    for key in ("setHostnameAsFQDN", "hostNetwork"):
        if spec.get(key):
            yield forbidden(path, f"may not be specified when {key} is true")
    if len(override) > _HOSTNAME_LIMIT_BYTES:
        yield too_long(path, _HOSTNAME_LIMIT_BYTES)
    yield from messages(path, override, dns_subdomain(override))


def _host_aliases(aliases: list[Object], path: str) -> Errors:
    for index, alias in enumerate(aliases):
        yield from ip_address(text(alias, "ip"), f"{path}[{index}].ip")
        for name_index, name in enumerate(values(alias, "hostnames")):
            at = f"{path}[{index}].hostnames[{name_index}]"
            yield from messages(at, name, dns_subdomain(str(name)))


def _others(spec: Object, path: str) -> Errors:
    if spec.get("preemptionPolicy") is not None:
        policies = ("PreemptLowerPriority", "Never")
        yield from one_of(f"{path}.preemptionPolicy", spec["preemptionPolicy"], policies)
    for name, value in part(spec, "overhead").items():
        yield from quantity(name, value, f"{path}.overhead[{name}]")
    if isinstance(system := spec.get("os"), dict):
        yield from one_of(f"{path}.os.name", system.get("name"), ("linux", "windows"))
