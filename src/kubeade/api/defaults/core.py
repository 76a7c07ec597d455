"""Defaults of the core group's smaller kinds."""

from kubeade.api.defaults.fill import attached, fill
from kubeade.api.defaults.pods import default_template_in
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.strategy.secrets import fold_string_data

_AFFINITY_TIMEOUT_SECONDS = 10800


def default_service(service: Object) -> None:
    """A Service: type, affinity, ports and traffic policies."""
    spec = attached(service, "spec")
    fill(spec, "type", "ClusterIP")
    fill(spec, "sessionAffinity", "None")
    _default_affinity(spec)
    for port in parts(spec, "ports"):
        _default_service_port(port)
    kind = spec["type"]
    balanced = kind == "LoadBalancer"
    exposed = kind in ("NodePort", "LoadBalancer")
    if exposed or (kind == "ClusterIP" and spec.get("externalIPs")):
        fill(spec, "externalTrafficPolicy", "Cluster")
    if exposed or kind == "ClusterIP":
        fill(spec, "internalTrafficPolicy", "Cluster")
    if balanced:
        fill(spec, "allocateLoadBalancerNodePorts", True)
    addresses = attached(attached(service, "status"), "loadBalancer")
    for ingress in parts(addresses, "ingress") if balanced else ():
        if ingress.get("ip"):
            fill(ingress, "ipMode", "VIP")


def _default_affinity(spec: Object) -> None:
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client = attached(attached(spec, "sessionAffinityConfig"), "clientIP")
        fill(client, "timeoutSeconds", _AFFINITY_TIMEOUT_SECONDS)


def _default_service_port(port: Object) -> None:
    fill(port, "protocol", "TCP")
    if not port.get("targetPort"):
        port["targetPort"] = port.get("port", 0)


def default_replication_controller(controller: Object) -> None:
    """Selector and labels come from the template where they are not given."""
    spec = attached(controller, "spec")
    fill(spec, "replicas", 1)
    labels = part(spec, "template", "metadata", "labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        metadata = attached(controller, "metadata")
        if not metadata.get("labels"):
            metadata["labels"] = dict(labels)
    default_template_in(spec)


def default_endpoints(endpoints: Object) -> None:
    """Ports are TCP."""
    for subset in parts(endpoints, "subsets"):
        for port in parts(subset, "ports"):
            fill(port, "protocol", "TCP")


def default_secret(secret: Object) -> None:
    """Opaque where no type is named; plain text takes its place among the data."""
    fill(secret, "type", "Opaque")
    fold_string_data(secret)


def default_namespace(namespace: Object) -> None:
    """The label that carries its name, and its phase."""
    metadata = attached(namespace, "metadata")
    if name := text(metadata, "name"):
        attached(metadata, "labels")["kubernetes.io/metadata.name"] = name
    fill(attached(namespace, "status"), "phase", "Active")


def default_node(node: Object) -> None:
    """What can be given out is, until the kubelet says otherwise, all there is."""
    status = node.get("status")
    if isinstance(status, dict) and status.get("allocatable") is None and part(status, "capacity"):
        status["allocatable"] = dict(status["capacity"])


def default_limit_range(limit_range: Object) -> None:
    """For containers: default limit from max, default request from default limit, then from min."""
    for item in parts(limit_range, "spec", "limits"):
        if item.get("type") == "Container":
            _default_container_limits(item)


def _default_container_limits(item: Object) -> None:
    limit = {**part(item, "max"), **part(item, "default")}
    request = {**part(item, "min"), **limit, **part(item, "defaultRequest")}
    for key, found in (("default", limit), ("defaultRequest", request)):
        if found:
            item[key] = found
