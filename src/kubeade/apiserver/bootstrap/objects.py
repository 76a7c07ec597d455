"""What exists on an empty cluster, as a list. Pure: the same configuration gives the same objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network

from kubeade.api.resource import Object, Resource
from kubeade.api.resources import (
    CONFIG_MAPS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    NAMESPACES,
    PRIORITY_CLASSES,
    SERVICES,
)
from kubeade.apiserver.authorization import policy
from kubeade.apiserver.authorization.rbac import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    ROLE_BINDINGS,
    ROLES,
)
from kubeade.apiserver.bootstrap.flow_control import (
    FLOW_SCHEMAS,
    PRIORITY_LEVELS,
    flow_schemas,
    priority_levels,
)
from kubeade.apiserver.bootstrap.servers import Address

SERVICE_CIDRS = Resource("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR", namespaced=False)
SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")

_PRIORITY_CLASSES = {
    "system-node-critical": (
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    "system-cluster-critical": (
        2_000_000_000,
        (
            "Used for system critical pods that must run in the cluster, "
            "but can be moved to another node if necessary."
        ),
    ),
}

Placed = tuple[Resource, Object]


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Where the API server is reached, and the range that Services get their addresses from.

    `address` and `port` are the server's own, as pods reach it, `others` further servers' addresses with the
    same port; `service_cidr` gives the `kubernetes` Service
    its first address. `client_ca_pem` is what client certificates are verified with, `request_headers` how
    those are recognized who speak for others. `further_roles` are cluster roles, and their bindings, for
    users that upstream has no default role for. ServiceCIDRs are served since 1.33.
    """

    address: str
    port: int
    service_cidr: str = "10.96.0.0/16"
    client_ca_pem: str = ""
    request_headers: Mapping[str, str] = field(default_factory=dict)
    further_roles: Sequence[Object] = ()
    has_service_cidrs: bool = True
    others: Sequence[str] = ()


def leading_to(config: ClusterConfig, servers: Sequence[Address]) -> ClusterConfig:
    """With these as the `kubernetes` Service's endpoints. All have one port."""
    (address, port), *others = servers
    return replace(config, address=address, port=port, others=tuple(each for each, _ in others))


def namespaces() -> list[Placed]:
    """Written first: everything else lies in them."""
    return [
        (NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for name in SYSTEM_NAMESPACES
    ]


def kept_objects(config: ClusterConfig) -> list[Placed]:
    """Put back whenever they are gone."""
    return [*namespaces(), *_own_service(config)]


def first_objects(config: ClusterConfig) -> list[Placed]:
    """Made once where they are missing, then their users' business."""
    objects = [(PRIORITY_CLASSES, found) for found in _priority_classes()]
    if config.has_service_cidrs:
        objects.append((SERVICE_CIDRS, _service_cidr(config)))
    if config.client_ca_pem:
        objects.append((CONFIG_MAPS, _client_authentication(config)))
    return objects


def reconciled_objects(config: ClusterConfig) -> list[Placed]:
    """Brought up to date at every start, unless their annotation says not to."""
    own = {CLUSTER_ROLES.kind: CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS.kind: CLUSTER_ROLE_BINDINGS}
    return [
        *((own[found["kind"]], found) for found in config.further_roles),
        *((CLUSTER_ROLES, found) for found in policy.cluster_roles()),
        *((CLUSTER_ROLE_BINDINGS, found) for found in policy.cluster_role_bindings()),
        *((ROLES, found) for found in policy.roles()),
        *((ROLE_BINDINGS, found) for found in policy.role_bindings()),
        *((PRIORITY_LEVELS, found) for found in priority_levels()),
        *((FLOW_SCHEMAS, found) for found in flow_schemas()),
    ]


def service_address(config: ClusterConfig) -> str:
    """The address of the `kubernetes` Service: the first of the range."""
    return str(ip_network(config.service_cidr)[1])


def _own_service(config: ClusterConfig) -> list[Placed]:
    metadata = {"name": "kubernetes", "namespace": "default"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**metadata, "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": service_address(config),
            "clusterIPs": [service_address(config)],
            "ipFamilies": [_family(service_address(config))],
            "ipFamilyPolicy": "SingleStack",
            "sessionAffinity": "None",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": config.port}],
        },
    }
    port = {"name": "https", "port": config.port, "protocol": "TCP"}
    addresses = [config.address, *config.others]
    endpoints = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {**metadata, "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": each} for each in addresses], "ports": [port]}],
    }
    endpoint_slice = {
        "apiVersion": ENDPOINT_SLICES.api_version,
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": _family(config.address),
        "endpoints": [{"addresses": [each], "conditions": {"ready": True}} for each in addresses],
        "ports": [port],
    }
    return [(SERVICES, service), (ENDPOINTS, endpoints), (ENDPOINT_SLICES, endpoint_slice)]


def _family(address: str) -> str:
    return f"IPv{ip_address(address).version}"


def _priority_classes() -> list[Object]:
    return [
        {
            "apiVersion": PRIORITY_CLASSES.api_version,
            "kind": PRIORITY_CLASSES.kind,
            "metadata": {"name": name},
            "value": value,
            "description": description,
            "preemptionPolicy": "PreemptLowerPriority",
        }
        for name, (value, description) in _PRIORITY_CLASSES.items()
    ]


def _service_cidr(config: ClusterConfig) -> Object:
    return {
        "apiVersion": SERVICE_CIDRS.api_version,
        "kind": SERVICE_CIDRS.kind,
        "metadata": {"name": "kubernetes"},
        "spec": {"cidrs": [config.service_cidr]},
    }


def _client_authentication(config: ClusterConfig) -> Object:
    """By which extension servers verify the same client certificates, and this server's when it speaks for
    its users."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "extension-apiserver-authentication", "namespace": "kube-system"},
        "data": {"client-ca-file": config.client_ca_pem, **config.request_headers},
    }
