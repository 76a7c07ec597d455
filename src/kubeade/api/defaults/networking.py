"""Defaults of the networking and discovery groups."""

from kubeade.api.defaults.fill import attached, fill
from kubeade.api.parts import parts
from kubeade.api.resource import Object


def default_endpoint_slice(endpoint_slice: Object) -> None:
    """A port has a name, be it empty, and is TCP."""
    for port in parts(endpoint_slice, "ports"):
        if port.get("name") is None:
            port["name"] = ""
        fill(port, "protocol", "TCP")


def default_network_policy(policy: Object) -> None:
    """Ingress is always meant; egress where there are rules for it."""
    spec = attached(policy, "spec")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for rule in parts(spec, "ingress") + parts(spec, "egress"):
        for port in parts(rule, "ports"):
            fill(port, "protocol", "TCP")


def default_ingress_class(ingress_class: Object) -> None:
    """Parameters are cluster-wide where not said otherwise."""
    parameters = attached(ingress_class, "spec").get("parameters")
    if isinstance(parameters, dict):
        fill(parameters, "scope", "Cluster")
