"""One acceptable object of every kind that has rules of its own, as a user would send it."""

import copy
from typing import Any

import cluster_orders
import papers

from kubeade.api import resources
from kubeade.api.defaults import apply_defaults
from kubeade.api.resource import Object, Resource

CONTAINER: Object = {
    "name": "shaker",
    "image": "kubeade.local/host",
    "command": ["sleep", "1d"],
    "ports": [{"name": "http", "containerPort": 8080}],
    "env": [
        {"name": "MENU", "value": "sour"},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "till", "key": "pin"}}},
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    ],
    "envFrom": [{"configMapRef": {"name": "menu"}}],
    "volumeMounts": [{"name": "ice", "mountPath": "/ice"}, {"name": "menu", "mountPath": "/menu"}],
    "resources": {"limits": {"cpu": "500m", "memory": "64Mi"}, "requests": {"cpu": "100m"}},
    "livenessProbe": {"httpGet": {"port": "http"}},
    "readinessProbe": {"exec": {"command": ["true"]}},
    "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
    "securityContext": {"runAsUser": 1000, "allowPrivilegeEscalation": False},
}
POD_SPEC: Object = {
    "containers": [CONTAINER],
    "initContainers": [{"name": "wash", "image": "i", "restartPolicy": "Always"}],
    "volumes": [
        {"name": "ice", "emptyDir": {"sizeLimit": "1Mi"}},
        {"name": "menu", "configMap": {"name": "menu", "items": [{"key": "a", "path": "b/c"}]}},
        {"name": "all", "projected": {"sources": [{"secret": {"name": "till"}}]}},
    ],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]
            }
        },
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 1,
                    "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": {}},
                }
            ]
        },
    },
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 3}],
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    ],
    "securityContext": {"fsGroup": 1, "sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]},
}
LABELS = {"app": "lemonade"}
SELECTOR = {"matchLabels": LABELS}
TEMPLATE: Object = {"metadata": {"labels": LABELS}, "spec": POD_SPEC}
ONCE: Object = {**TEMPLATE, "spec": {**POD_SPEC, "restartPolicy": "Never"}}

_RBAC = "rbac.authorization.k8s.io"
_NETWORKING = "networking.k8s.io"


def _other(group: str, plural: str, kind: str, namespaced: bool = True, version: str = "v1") -> Resource:
    return Resource(group, version, plural, kind, namespaced)


ROLES = _other(_RBAC, "roles", "Role")
CLUSTER_ROLES = _other(_RBAC, "clusterroles", "ClusterRole", namespaced=False)
ROLE_BINDINGS = _other(_RBAC, "rolebindings", "RoleBinding")
CLUSTER_ROLE_BINDINGS = _other(_RBAC, "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
INGRESSES = _other(_NETWORKING, "ingresses", "Ingress")
INGRESS_CLASSES = _other(_NETWORKING, "ingressclasses", "IngressClass", namespaced=False)
NETWORK_POLICIES = _other(_NETWORKING, "networkpolicies", "NetworkPolicy")
AUTOSCALERS = _other("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", version="v2")
SIGNING_REQUESTS = _other(
    "certificates.k8s.io", "certificatesigningrequests", "CertificateSigningRequest", namespaced=False
)
WEBHOOKS = _other(
    "admissionregistration.k8s.io",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
PROTO_EVENTS = _other("events.k8s.io", "events", "Event")

_BODIES: list[tuple[Resource, dict[str, Any]]] = [
    (resources.PODS, {"spec": POD_SPEC}),
    (
        resources.SERVICES,
        {
            "spec": {
                "selector": LABELS,
                "clusterIP": "10.96.0.9",
                "clusterIPs": ["10.96.0.9"],
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
                "type": "LoadBalancer",
                "ports": [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080}],
            }
        },
    ),
    (resources.ENDPOINTS, {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]}),
    (resources.CONFIG_MAPS, {"data": {"menu": "sour"}, "binaryData": {"logo": "AAAA"}}),
    (resources.SECRETS, {"data": {"pin": "MTIzNA=="}}),
    (resources.SERVICE_ACCOUNTS, {}),
    (resources.NAMESPACES, {"spec": {"finalizers": ["kubernetes"]}}),
    (
        resources.NODES,
        {
            "spec": {"podCIDRs": ["10.0.0.0/24"], "taints": [{"key": "a", "effect": "NoSchedule"}]},
            "status": {"capacity": {"cpu": "2", "pods": "110"}},
        },
    ),
    (resources.EVENTS, {"involvedObject": {"kind": "Pod", "name": "a", "namespace": "default"}}),
    (
        resources.LIMIT_RANGES,
        {"spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "1"}}]}},
    ),
    (resources.RESOURCE_QUOTAS, {"spec": {"hard": {"pods": "3", "requests.cpu": "2"}}}),
    (
        resources.REPLICATION_CONTROLLERS,
        {"spec": {"selector": LABELS, "template": TEMPLATE}},
    ),
    (
        resources.PERSISTENT_VOLUMES,
        {
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": "/ice"},
            }
        },
    ),
    (
        resources.PERSISTENT_VOLUME_CLAIMS,
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
    ),
    (resources.DEPLOYMENTS, {"spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    (resources.REPLICA_SETS, {"spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    (
        resources.STATEFUL_SETS,
        {
            "spec": {
                "selector": SELECTOR,
                "serviceName": "lemonade",
                "template": TEMPLATE,
                "volumeClaimTemplates": [
                    {
                        "metadata": {"name": "ice"},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1Mi"}},
                        },
                    }
                ],
            }
        },
    ),
    (resources.DAEMON_SETS, {"spec": {"selector": SELECTOR, "template": TEMPLATE}}),
    (resources.CONTROLLER_REVISIONS, {"revision": 1, "data": {"a": "b"}}),
    (
        resources.JOBS,
        {
            "spec": {
                "selector": SELECTOR,
                "template": ONCE,
                "podFailurePolicy": {
                    "rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2]}}]
                },
            }
        },
    ),
    (
        resources.CRON_JOBS,
        {
            "spec": {
                "schedule": "*/5 8-18 * * mon-fri",
                "timeZone": "Europe/Berlin",
                "jobTemplate": {"spec": {"template": ONCE}},
            }
        },
    ),
    (
        resources.ENDPOINT_SLICES,
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]},
    ),
    (resources.LEASES, {"spec": {"leaseDurationSeconds": 15}}),
    (resources.POD_DISRUPTION_BUDGETS, {"spec": {"minAvailable": "50%", "selector": SELECTOR}}),
    (resources.PRIORITY_CLASSES, {"value": 5}),
    (resources.RUNTIME_CLASSES, {"handler": "runc"}),
    (resources.STORAGE_CLASSES, {"provisioner": "kubeade.local/path"}),
    (ROLES, {"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}),
    (CLUSTER_ROLES, {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}]}),
    (
        ROLE_BINDINGS,
        {
            "roleRef": {"kind": "Role", "name": "barista"},
            "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "default"}],
        },
    ),
    (
        CLUSTER_ROLE_BINDINGS,
        {"roleRef": {"kind": "ClusterRole", "name": "a"}, "subjects": [{"kind": "User", "name": "u"}]},
    ),
    (
        INGRESSES,
        {
            "spec": {
                "rules": [
                    {
                        "host": "lemonade.example.com",
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "lemonade", "port": {"number": 80}}},
                                }
                            ]
                        },
                    }
                ]
            }
        },
    ),
    (INGRESS_CLASSES, {"spec": {"controller": "kubeade.local/ingress"}}),
    (
        NETWORK_POLICIES,
        {
            "spec": {
                "podSelector": SELECTOR,
                "ingress": [
                    {
                        "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
                        "ports": [{"port": 80, "endPort": 90}],
                    }
                ],
            }
        },
    ),
    (
        AUTOSCALERS,
        {
            "spec": {
                "maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "lemonade"},
                "behavior": {"scaleDown": {}},
            }
        },
    ),
    (
        SIGNING_REQUESTS,
        {"spec": {"request": papers.request(), "signerName": "example.com/s", "usages": ["client auth"]}},
    ),
    (
        WEBHOOKS,
        {
            "webhooks": [
                {
                    "name": "taste.lemonade.example.com",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "clientConfig": {"service": {"name": "taste", "namespace": "default"}},
                    "rules": [
                        {
                            "operations": ["CREATE"],
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "resources": ["pods"],
                        }
                    ],
                }
            ]
        },
    ),
    (
        resources.API_SERVICES,
        {
            "metadata": {"name": "v1.example.com"},
            "spec": {
                "group": "example.com",
                "version": "v1",
                "groupPriorityMinimum": 100,
                "versionPriority": 10,
                "service": {"name": "a", "namespace": "default"},
            },
        },
    ),
    (
        PROTO_EVENTS,
        {
            "eventTime": "2026-01-01T00:00:00.000000Z",
            "type": "Normal",
            "reason": "Made",
            "action": "Making",
            "reportingController": "kubeade.local/kubelet",
            "reportingInstance": "a",
        },
    ),
]


def order(resource: Resource, body: dict[str, Any]) -> Object:
    metadata = {"name": "lemonade", "creationTimestamp": "2026-01-01T00:00:00Z", **body.get("metadata", {})}
    if resource.namespaced:
        metadata["namespace"] = "default"
    about = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**about, **body, "metadata": metadata}


ORDERS: list[tuple[Resource, Object]] = [
    (resource, order(resource, body)) for resource, body in _BODIES + cluster_orders.BODIES
]


def good(resource: Resource) -> Object:
    """A defaulted order that is accepted."""
    obj = copy.deepcopy(next(obj for kind, obj in ORDERS if kind == resource))
    apply_defaults(resource, obj)
    return obj


def changed(resource: Resource, path: str, value: Any) -> Object:
    """The good order with one value put in at a path such as `spec.containers.0.name`; `...` takes it out."""
    obj = good(resource)
    *way, last = path.split(".")
    holder: Any = obj
    for key in way:
        holder = holder[int(key)] if isinstance(holder, list) else holder.setdefault(key, {})
    key = int(last) if isinstance(holder, list) else last
    if value is ...:
        del holder[key]
    else:
        holder[key] = value
    return obj


def texts(found: list[Any]) -> list[str]:
    return [error.text() for error in found]
