"""A Service's linked fields, before anything is allocated: what old clients leave out, what a new type drops,
which address families it has. Pure; upstream: registry/core/service. The cluster has one family.
"""

from ipaddress import ip_address

from kubeade.api.errors import FieldError, Invalid
from kubeade.api.parts import parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import invalid

HEADLESS = "None"
_EXPOSED = frozenset({"NodePort", "LoadBalancer"})
_FAMILY_FIELDS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def needs_address(spec: Object) -> bool:
    return text(spec, "type") != "ExternalName"


def is_headless(spec: Object) -> bool:
    return spec.get("clusterIP") == HEADLESS or values(spec, "clusterIPs")[:1] == [HEADLESS]


def has_node_ports(spec: Object) -> bool:
    return text(spec, "type") in _EXPOSED


def wants_node_ports(spec: Object) -> bool:
    """A load balancer may do without them."""
    kind, wanted = text(spec, "type"), spec.get("allocateLoadBalancerNodePorts")
    return kind == "NodePort" or (kind == "LoadBalancer" and wanted is not False)


def needs_health_check(spec: Object) -> bool:
    return text(spec, "type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def settle(new: Object, old: Object | None) -> None:
    """Bring a new spec's linked fields into step, taking from the old one what the client left out."""
    if old is None:
        if new.get("clusterIP") and not new.get("clusterIPs"):
            new["clusterIPs"] = [new["clusterIP"]]
        return
    _link_addresses(new, old)
    _keep_allocated(new, old)
    _drop_for_type(new, old)


def settle_families(new: Object, old: Object | None, cluster_family: str, name: str) -> None:
    """Policy and families of a Service that has an address, or is headless. Raises Invalid."""
    if not needs_address(new):
        return
    selectorless = is_headless(new) and not new.get("selector")
    if not new.get("ipFamilyPolicy"):
        inherited = (old or {}).get("ipFamilyPolicy")
        new["ipFamilyPolicy"] = inherited or ("RequireDualStack" if selectorless else "SingleStack")
    _keep_first_only(new, old)
    for address in values(new, "clusterIPs")[len(values(new, "ipFamilies")) :]:
        if address != HEADLESS:
            new["ipFamilies"] = [*values(new, "ipFamilies"), family_of(address)]
    errors = _family_errors(new, cluster_family, selectorless)
    if errors:
        raise Invalid.of("Service", name, errors)
    families = values(new, "ipFamilies") or [cluster_family]
    if selectorless and new["ipFamilyPolicy"] != "SingleStack" and len(families) == 1:
        families = [families[0], "IPv6" if families[0] == "IPv4" else "IPv4"]
    new["ipFamilies"] = families


def family_of(address: str) -> str:
    """`IPv4` or `IPv6`; text that is no address is left to validation."""
    try:
        return f"IPv{ip_address(address).version}"
    except ValueError:
        return "IPv4"


def _link_addresses(new: Object, old: Object) -> None:
    """`clusterIP` and `clusterIPs` say the same; old clients know only the first."""
    if old.get("clusterIPs") and not new.get("clusterIPs") and old.get("clusterIP") == new.get("clusterIP"):
        new["clusterIPs"] = list(old["clusterIPs"])
    same_list = values(old, "clusterIPs") == values(new, "clusterIPs")
    if same_list and old.get("clusterIP") != new.get("clusterIP"):
        if new.get("clusterIP"):
            new["clusterIPs"] = [new["clusterIP"]]
        elif old.get("clusterIP"):
            new.pop("clusterIPs", None)


def _keep_allocated(new: Object, old: Object) -> None:
    """So that the manifest a Service was made from can be applied again."""
    if needs_address(old) and needs_address(new):
        if not new.get("clusterIP") and old.get("clusterIP"):
            new["clusterIP"] = old["clusterIP"]
        if not new.get("clusterIPs") and old.get("clusterIPs"):
            new["clusterIPs"] = list(old["clusterIPs"])
    if wants_node_ports(old) and wants_node_ports(new):
        _keep_node_ports(new, old)
    if needs_health_check(old) and needs_health_check(new) and old.get("healthCheckNodePort"):
        new["healthCheckNodePort"] = new.get("healthCheckNodePort") or old["healthCheckNodePort"]


def _keep_node_ports(new: Object, old: Object) -> None:
    known = {text(port, "name"): port.get("nodePort") for port in parts(old, "ports")}
    used = {port.get("nodePort") for port in parts(new, "ports")} & set(known.values())
    for port in parts(new, "ports"):
        node_port = known.get(text(port, "name"))
        if not port.get("nodePort") and node_port and node_port not in used:
            port["nodePort"] = node_port


def _drop_for_type(new: Object, old: Object) -> None:
    """What the new type has no use for goes, unless the client changed it (then validation speaks)."""

    def unchanged(field: str) -> bool:
        return bool(new.get(field) == old.get(field))

    if needs_address(old) and not needs_address(new):
        for field in _FAMILY_FIELDS:
            if unchanged(field):
                new.pop(field, None)
    if wants_node_ports(old) and not wants_node_ports(new) and _node_ports(new) == _node_ports(old):
        for port in parts(new, "ports"):
            port.pop("nodePort", None)
    if needs_health_check(old) and not needs_health_check(new) and unchanged("healthCheckNodePort"):
        new.pop("healthCheckNodePort", None)
    if text(old, "type") == "LoadBalancer" and text(new, "type") != "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if unchanged(field):
                new.pop(field, None)
    inside = not has_node_ports(new) and not new.get("externalIPs")
    if has_node_ports(old) and inside and unchanged("externalTrafficPolicy"):
        new.pop("externalTrafficPolicy", None)


def _node_ports(spec: Object) -> list[int]:
    return [port.get("nodePort") or 0 for port in parts(spec, "ports")]


def _keep_first_only(new: Object, old: Object | None) -> None:
    """Choosing SingleStack, with nothing else changed, lets the second address go."""
    if old is None or new["ipFamilyPolicy"] != "SingleStack":
        return
    for field in ("clusterIPs", "ipFamilies"):
        if values(new, field) == values(old, field) and len(values(new, field)) > 1:
            new[field] = values(new, field)[:1]


def _family_errors(new: Object, cluster_family: str, selectorless: bool) -> list[FieldError]:
    policy, families = new["ipFamilyPolicy"], values(new, "ipFamilies")
    path, errors = "spec.ipFamilyPolicy", list[FieldError]()
    if policy == "SingleStack":
        must = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
        if len(values(new, "clusterIPs")) == 2:
            errors.append(invalid(path, policy, f"{must} cluster IPs are specified"))
        if len(families) == 2:
            errors.append(invalid(path, policy, f"{must} IP families are specified"))
    if selectorless or errors:
        return errors
    if policy == "RequireDualStack":
        errors.append(invalid(path, policy, "this cluster is not configured for dual-stack services"))
    for index, family in enumerate(families):
        if family != cluster_family:
            errors.append(invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster"))
    return errors
