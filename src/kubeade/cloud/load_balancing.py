"""Does a Service want a balancer, and what has to change on it? Pure (upstream: service controller)."""

from kubeade.api.parts import part, text, values
from kubeade.api.resource import Object

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
EXCLUDE_NODE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"


def wants_balancer(service: Object) -> bool:
    """Type LoadBalancer, of the cluster's own class, and not being deleted."""
    spec = part(service, "spec")
    ordered = spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass")
    return ordered and not service["metadata"].get("deletionTimestamp")


def has_finalizer(service: Object) -> bool:
    return FINALIZER in values(service, "metadata", "finalizers")


def is_ours(service: Object) -> bool:
    """A Service of another class is another controller's, whatever finalizer it carries."""
    return not text(service, "spec", "loadBalancerClass")


def takes_traffic(node: Object) -> bool:
    """Whether a balancer may send traffic to this node."""
    labels, spec = part(node, "metadata", "labels"), part(node, "spec")
    taints = values(spec, "taints")
    leaving = any(taint.get("key") == "ToBeDeletedByClusterAutoscaler" for taint in taints)
    return EXCLUDE_NODE_LABEL not in labels and not leaving and not node["metadata"].get("deletionTimestamp")
