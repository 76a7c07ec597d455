"""The table of built-in resources: all that Kubernetes serves by default, group by group.

Groups stand in the order of discovery, versions with the preferred one first. `since` is the first
version of Kubernetes that serves a row by default, where that is later than the oldest we imitate; `until`
the first that serves it no more.
A test checks the table against upstream's definitions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kubeade.api.resource import Resource
from kubeade.api.resource_type import (
    ALL_VERBS,
    ResourceType,
    Subresource,
    common_subresource,
)

CREATE = ("create",)
CONNECT = ("create", "get")
PROXY = ("create", "delete", "get", "patch", "update")
NO_COLLECTION = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")


@dataclass(frozen=True, slots=True)
class Row:
    """One resource; short names, categories and subresources are separated by blanks."""

    plural: str
    kind: str
    namespaced: bool = True
    short: str = ""
    categories: str = ""
    subresources: str = ""
    verbs: tuple[str, ...] = ALL_VERBS
    since: str = ""
    until: str = ""
    virtual: bool = False
    stored_as: tuple[str, str] | None = None


CLUSTER = False
_EXTENSIONS = "api-extensions"

CORE = [
    Row("bindings", "Binding", verbs=CREATE, virtual=True),
    Row("componentstatuses", "ComponentStatus", CLUSTER, "cs", verbs=("get", "list"), virtual=True),
    Row("configmaps", "ConfigMap", short="cm"),
    Row("endpoints", "Endpoints", short="ep"),
    Row("events", "Event", short="ev"),
    Row("limitranges", "LimitRange", short="limits"),
    Row("namespaces", "Namespace", CLUSTER, "ns", subresources="finalize status", verbs=NO_COLLECTION),
    Row("nodes", "Node", CLUSTER, "no", subresources="proxy status"),
    Row("persistentvolumeclaims", "PersistentVolumeClaim", short="pvc", subresources="status"),
    Row("persistentvolumes", "PersistentVolume", CLUSTER, "pv", subresources="status"),
    Row(
        "pods",
        "Pod",
        short="po",
        categories="all",
        subresources="attach binding ephemeralcontainers eviction exec log portforward proxy resize status",
    ),
    Row("podtemplates", "PodTemplate"),
    Row(
        "replicationcontrollers",
        "ReplicationController",
        short="rc",
        categories="all",
        subresources="scale status",
    ),
    Row("resourcequotas", "ResourceQuota", short="quota", subresources="status"),
    Row("secrets", "Secret"),
    Row("serviceaccounts", "ServiceAccount", short="sa", subresources="token"),
    Row("services", "Service", short="svc", categories="all", subresources="proxy status"),
]
APPS = [
    Row("controllerrevisions", "ControllerRevision"),
    Row("daemonsets", "DaemonSet", short="ds", categories="all", subresources="status"),
    Row("deployments", "Deployment", short="deploy", categories="all", subresources="scale status"),
    Row("replicasets", "ReplicaSet", short="rs", categories="all", subresources="scale status"),
    Row("statefulsets", "StatefulSet", short="sts", categories="all", subresources="scale status"),
]
AUTHENTICATION = [
    Row("selfsubjectreviews", "SelfSubjectReview", CLUSTER, verbs=CREATE, virtual=True),
    Row("tokenreviews", "TokenReview", CLUSTER, verbs=CREATE, virtual=True),
]
AUTHORIZATION = [
    Row("localsubjectaccessreviews", "LocalSubjectAccessReview", verbs=CREATE, virtual=True),
    Row("selfsubjectaccessreviews", "SelfSubjectAccessReview", CLUSTER, verbs=CREATE, virtual=True),
    Row("selfsubjectrulesreviews", "SelfSubjectRulesReview", CLUSTER, verbs=CREATE, virtual=True),
    Row("subjectaccessreviews", "SubjectAccessReview", CLUSTER, verbs=CREATE, virtual=True),
]
AUTOSCALERS = Row(
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    short="hpa",
    categories="all",
    subresources="status",
    stored_as=("autoscaling", "v2"),
)
BATCH = [
    Row("cronjobs", "CronJob", short="cj", categories="all", subresources="status"),
    Row("jobs", "Job", categories="all", subresources="status"),
]
CERTIFICATES = [
    Row("certificatesigningrequests", "CertificateSigningRequest", CLUSTER, "csr", "", "approval status"),
    Row("clustertrustbundles", "ClusterTrustBundle", CLUSTER, since="1.37"),
    Row("podcertificaterequests", "PodCertificateRequest", subresources="status", since="1.37"),
]
NETWORKING = [
    Row("ingressclasses", "IngressClass", CLUSTER),
    Row("ingresses", "Ingress", short="ing", subresources="status"),
    Row("ipaddresses", "IPAddress", CLUSTER, "ip", since="1.33"),
    Row("networkpolicies", "NetworkPolicy", short="netpol"),
    Row("servicecidrs", "ServiceCIDR", CLUSTER, subresources="status", since="1.33"),
]
POLICY = [Row("poddisruptionbudgets", "PodDisruptionBudget", short="pdb", subresources="status")]
RBAC = [
    Row("clusterrolebindings", "ClusterRoleBinding", CLUSTER),
    Row("clusterroles", "ClusterRole", CLUSTER),
    Row("rolebindings", "RoleBinding"),
    Row("roles", "Role"),
]
STORAGE = [
    Row("csidrivers", "CSIDriver", CLUSTER),
    Row("csinodes", "CSINode", CLUSTER),
    Row("csistoragecapacities", "CSIStorageCapacity"),
    Row("storageclasses", "StorageClass", CLUSTER, "sc"),
    Row("volumeattachments", "VolumeAttachment", CLUSTER, subresources="status"),
    Row("volumeattributesclasses", "VolumeAttributesClass", CLUSTER, "vac", since="1.34"),
]
ADMISSION = [
    Row("mutatingadmissionpolicies", "MutatingAdmissionPolicy", CLUSTER, "", _EXTENSIONS, since="1.36"),
    Row(
        "mutatingadmissionpolicybindings",
        "MutatingAdmissionPolicyBinding",
        CLUSTER,
        categories=_EXTENSIONS,
        since="1.36",
    ),
    Row("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", CLUSTER, "", _EXTENSIONS),
    Row("validatingadmissionpolicies", "ValidatingAdmissionPolicy", CLUSTER, "", _EXTENSIONS, "status"),
    Row("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", CLUSTER, "", _EXTENSIONS),
    Row("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", CLUSTER, "", _EXTENSIONS),
]
DEFINITIONS = Row(
    "customresourcedefinitions", "CustomResourceDefinition", CLUSTER, "crd crds", _EXTENSIONS, "status"
)
DEVICES = [
    Row("deviceclasses", "DeviceClass", CLUSTER, since="1.34"),
    Row("devicetaintrules", "DeviceTaintRule", CLUSTER, subresources="status", since="1.37"),
    Row("resourceclaims", "ResourceClaim", subresources="status", since="1.34"),
    Row("resourceclaimtemplates", "ResourceClaimTemplate", since="1.34"),
    Row("resourceslices", "ResourceSlice", CLUSTER, since="1.34"),
]
FLOW_CONTROL = [
    Row("flowschemas", "FlowSchema", CLUSTER, subresources="status"),
    Row("prioritylevelconfigurations", "PriorityLevelConfiguration", CLUSTER, subresources="status"),
]
OLDER_FLOW_CONTROL = [
    replace(row, until="1.32", stored_as=("flowcontrol.apiserver.k8s.io", "v1")) for row in FLOW_CONTROL
]
MIGRATIONS = Row(
    "storageversionmigrations", "StorageVersionMigration", CLUSTER, subresources="status", since="1.37"
)

# (group, version): rows. The core group is not in the list of groups but comes first of all.
TABLE: dict[tuple[str, str], list[Row]] = {
    ("", "v1"): CORE,
    ("apiregistration.k8s.io", "v1"): [
        Row("apiservices", "APIService", CLUSTER, "", _EXTENSIONS, "status"),
    ],
    ("apps", "v1"): APPS,
    ("events.k8s.io", "v1"): [Row("events", "Event", short="ev", stored_as=("", "v1"))],
    ("authentication.k8s.io", "v1"): AUTHENTICATION,
    ("authorization.k8s.io", "v1"): AUTHORIZATION,
    ("autoscaling", "v2"): [AUTOSCALERS],
    ("autoscaling", "v1"): [AUTOSCALERS],
    ("batch", "v1"): BATCH,
    ("certificates.k8s.io", "v1"): CERTIFICATES,
    ("networking.k8s.io", "v1"): NETWORKING,
    ("policy", "v1"): POLICY,
    ("rbac.authorization.k8s.io", "v1"): RBAC,
    ("storage.k8s.io", "v1"): STORAGE,
    ("admissionregistration.k8s.io", "v1"): ADMISSION,
    ("apiextensions.k8s.io", "v1"): [DEFINITIONS],
    ("scheduling.k8s.io", "v1"): [Row("priorityclasses", "PriorityClass", CLUSTER, "pc")],
    ("coordination.k8s.io", "v1"): [Row("leases", "Lease")],
    ("node.k8s.io", "v1"): [Row("runtimeclasses", "RuntimeClass", CLUSTER)],
    ("discovery.k8s.io", "v1"): [Row("endpointslices", "EndpointSlice")],
    ("resource.k8s.io", "v1"): DEVICES,
    ("flowcontrol.apiserver.k8s.io", "v1"): FLOW_CONTROL,
    ("flowcontrol.apiserver.k8s.io", "v1beta3"): OLDER_FLOW_CONTROL,
    ("storagemigration.k8s.io", "v1"): [MIGRATIONS],
}

# Subresources that are not the object itself: verbs and the kind exchanged.
SPECIAL: dict[tuple[str, str], Subresource] = {
    ("namespaces", "finalize"): Subresource("finalize", ("update",), "", "v1", "Namespace"),
    ("nodes", "proxy"): Subresource("proxy", PROXY, "", "v1", "NodeProxyOptions"),
    ("pods", "attach"): Subresource("attach", CONNECT, "", "v1", "PodAttachOptions"),
    ("pods", "binding"): Subresource("binding", CREATE, "", "v1", "Binding"),
    ("pods", "eviction"): Subresource("eviction", CREATE, "policy", "v1", "Eviction"),
    ("pods", "exec"): Subresource("exec", CONNECT, "", "v1", "PodExecOptions"),
    ("pods", "log"): Subresource("log", ("get",), "", "v1", "Pod"),
    ("pods", "portforward"): Subresource("portforward", CONNECT, "", "v1", "PodPortForwardOptions"),
    ("pods", "proxy"): Subresource("proxy", PROXY, "", "v1", "PodProxyOptions"),
    ("serviceaccounts", "token"): Subresource("token", CREATE, "authentication.k8s.io", "v1", "TokenRequest"),
    ("services", "proxy"): Subresource("proxy", PROXY, "", "v1", "ServiceProxyOptions"),
}
SUBRESOURCE_SINCE = {("pods", "resize"): "1.33"}


def built_in_types(kubernetes_version: str) -> Iterator[ResourceType]:
    """Every resource that this version of Kubernetes serves by default, in the order of discovery."""
    for (group, version), rows in TABLE.items():
        for row in rows:
            if _serves(kubernetes_version, row.since, row.until):
                yield _resource_type(group, version, row, kubernetes_version)


def _resource_type(group: str, version: str, row: Row, kubernetes_version: str) -> ResourceType:
    resource = Resource(group, version, row.plural, row.kind, row.namespaced)
    stored_group, stored_version = row.stored_as or (group, version)
    stored = Resource(stored_group, stored_version, row.plural, row.kind, row.namespaced)
    names = [
        name
        for name in row.subresources.split()
        if _serves(kubernetes_version, SUBRESOURCE_SINCE.get((row.plural, name), ""))
    ]
    return ResourceType(
        resource,
        singular=row.kind.lower(),
        short_names=tuple(row.short.split()),
        categories=tuple(row.categories.split()),
        verbs=row.verbs,
        subresources={name: _subresource(resource, name) for name in names},
        storage=None if row.virtual else stored,
        list_kind=f"{row.kind}List",
    )


def _subresource(resource: Resource, name: str) -> Subresource:
    special = SPECIAL.get((resource.plural, name))
    return special or common_subresource(resource, name)


def _serves(kubernetes_version: str, since: str, until: str = "") -> bool:
    minor = _minor(kubernetes_version)
    return (not since or minor >= _minor(since)) and (not until or minor < _minor(until))


def _minor(kubernetes_version: str) -> int:
    return int(kubernetes_version.split(".")[1])
