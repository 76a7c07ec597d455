"""What the components that upstream has no default role for may do: cluster DNS, cloud controllers, courier.

Least privilege: each reads what it needs and writes events about it; only the cloud controllers change
Services and Nodes.
"""

from kubeade.api.resource import Object
from kubeade.apiserver.authorization.policy import AUTO_UPDATE_ANNOTATION

DNS_USER = "kubeade:dns"
CLOUD_USER = "kubeade:cloud-controller-manager"
COURIER_USER = "kubeade:courier"
KUBELET_CLIENT_USER = "kube-apiserver-kubelet-client"
"""Who the API server is to the nodes' own servers."""
CERTIFICATE_CONTROLLER_USER = "system:serviceaccount:kube-system:certificate-controller"
"""Upstream leaves serving certificates of nodes to people; ours are given for a node's own addresses."""

_READ = ["get", "list", "watch"]
_EVENTS = {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]}
_SERVICES_AND_SLICES = [
    {"apiGroups": [""], "resources": ["services"], "verbs": _READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
]
_CLOUD = [
    {"apiGroups": [""], "resources": ["services"], "verbs": [*_READ, "patch", "update"]},
    {"apiGroups": [""], "resources": ["services/status"], "verbs": ["patch", "update"]},
    {"apiGroups": [""], "resources": ["nodes"], "verbs": [*_READ, "patch", "update", "delete"]},
    _EVENTS,
]
_NODE_ENDPOINTS = [f"nodes/{each}" for each in ("proxy", "pods", "healthz", "log", "metrics", "stats")]
_SERVING_APPROVAL = [
    {
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["signers"],
        "resourceNames": ["kubernetes.io/kubelet-serving"],
        "verbs": ["approve"],
    },
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]},
]
_RULES = {
    DNS_USER: _SERVICES_AND_SLICES,
    CLOUD_USER: _CLOUD,
    COURIER_USER: [*_SERVICES_AND_SLICES, _EVENTS],
    CERTIFICATE_CONTROLLER_USER: _SERVING_APPROVAL,
    KUBELET_CLIENT_USER: [{"apiGroups": [""], "resources": _NODE_ENDPOINTS, "verbs": ["create", "get"]}],
}


def component_roles() -> list[Object]:
    """A ClusterRole and its binding for each of these users."""
    objects: list[Object] = []
    for user, rules in _RULES.items():
        metadata = {
            "name": user,
            "labels": {"app.kubernetes.io/managed-by": "kubeade"},
            "annotations": {AUTO_UPDATE_ANNOTATION: "true"},
        }
        api = "rbac.authorization.k8s.io"
        objects.append(
            {"apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}
        )
        objects.append(
            {
                "apiVersion": f"{api}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": metadata,
                "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": user},
                "subjects": [{"apiGroup": api, "kind": "User", "name": user}],
            }
        )
    return objects
