"""Services: fields that the server once filled in go when a change of type makes them meaningless.

Only what the client left as it was is dropped: what he set himself is validation's to refuse.
"""

from kubeade.api.parts import part, parts
from kubeade.api.resource import Object

_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def drop_type_dependent_fields(service: Object, old: Object) -> None:
    """Forget addresses, ports and policies that the new type does not have."""
    new_spec, old_spec = part(service, "spec"), part(old, "spec")
    new_type, old_type = new_spec.get("type", "ClusterIP"), old_spec.get("type", "ClusterIP")
    if new_type == old_type:
        return
    if new_type == "ExternalName":
        _drop_unchanged(new_spec, old_spec, "clusterIP", "clusterIPs")
        _drop_unchanged(new_spec, old_spec, "ipFamilies")
        _drop_unchanged(new_spec, old_spec, "ipFamilyPolicy")
    if old_type in _WITH_NODE_PORTS and new_type not in _WITH_NODE_PORTS:
        _drop_node_ports(new_spec, old_spec)
        _drop_unchanged(new_spec, old_spec, "externalTrafficPolicy")
    if old_type == "LoadBalancer":
        for field in ("healthCheckNodePort", "allocateLoadBalancerNodePorts", "loadBalancerClass"):
            _drop_unchanged(new_spec, old_spec, field)
        service["status"] = {**part(service, "status"), "loadBalancer": {}}


def _drop_unchanged(new: Object, old: Object, *fields: str) -> None:
    if all(new.get(field) == old.get(field) for field in fields):
        for field in fields:
            new.pop(field, None)


def _drop_node_ports(new: Object, old: Object) -> None:
    before = {port.get("nodePort") for port in parts(old, "ports")}
    ports = parts(new, "ports")
    if all(port.get("nodePort") in before for port in ports if port.get("nodePort")):
        new["ports"] = [{key: value for key, value in port.items() if key != "nodePort"} for port in ports]
