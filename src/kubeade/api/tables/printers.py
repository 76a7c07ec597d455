"""Which printer belongs to which kind; kinds without one show name and creation date."""

from datetime import datetime

from kubeade.api.resource import Object, Resource
from kubeade.api.tables import cluster, core, networking, pods, storage, workloads
from kubeade.api.tables.column import Cells, Printer

_CORE = {
    "Pod": pods.POD,
    "PodTemplate": pods.POD_TEMPLATE,
    "ReplicationController": workloads.REPLICATION_CONTROLLER,
    "Service": networking.SERVICE,
    "Endpoints": networking.ENDPOINTS,
    "Node": core.NODE,
    "Namespace": core.NAMESPACE,
    "ConfigMap": core.CONFIG_MAP,
    "Secret": core.SECRET,
    "ServiceAccount": core.NAME_AND_AGE,
    "ResourceQuota": core.RESOURCE_QUOTA,
    "ComponentStatus": core.COMPONENT_STATUS,
    "Event": core.EVENT,
    "PersistentVolume": storage.PERSISTENT_VOLUME,
    "PersistentVolumeClaim": storage.PERSISTENT_VOLUME_CLAIM,
}
_OTHERS = {
    ("apps", "Deployment"): workloads.DEPLOYMENT,
    ("apps", "ReplicaSet"): workloads.REPLICA_SET,
    ("apps", "StatefulSet"): workloads.STATEFUL_SET,
    ("apps", "DaemonSet"): workloads.DAEMON_SET,
    ("apps", "ControllerRevision"): workloads.CONTROLLER_REVISION,
    ("batch", "Job"): workloads.JOB,
    ("batch", "CronJob"): workloads.CRON_JOB,
    ("autoscaling", "HorizontalPodAutoscaler"): workloads.HORIZONTAL_POD_AUTOSCALER,
    ("autoscaling", "Scale"): workloads.SCALE,
    ("policy", "PodDisruptionBudget"): workloads.POD_DISRUPTION_BUDGET,
    ("events.k8s.io", "Event"): core.EVENT,
    ("discovery.k8s.io", "EndpointSlice"): networking.ENDPOINT_SLICE,
    ("networking.k8s.io", "Ingress"): networking.INGRESS,
    ("networking.k8s.io", "IngressClass"): networking.INGRESS_CLASS,
    ("networking.k8s.io", "NetworkPolicy"): networking.NETWORK_POLICY,
    ("networking.k8s.io", "ServiceCIDR"): networking.SERVICE_CIDR,
    ("networking.k8s.io", "IPAddress"): networking.IP_ADDRESS,
    ("storage.k8s.io", "StorageClass"): storage.STORAGE_CLASS,
    ("storage.k8s.io", "VolumeAttributesClass"): storage.VOLUME_ATTRIBUTES_CLASS,
    ("storage.k8s.io", "VolumeAttachment"): storage.VOLUME_ATTACHMENT,
    ("storage.k8s.io", "CSINode"): storage.CSI_NODE,
    ("storage.k8s.io", "CSIDriver"): storage.CSI_DRIVER,
    ("storage.k8s.io", "CSIStorageCapacity"): storage.CSI_STORAGE_CAPACITY,
    ("storagemigration.k8s.io", "StorageVersionMigration"): cluster.STORAGE_VERSION_MIGRATION,
    ("rbac.authorization.k8s.io", "RoleBinding"): cluster.ROLE_BINDING,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): cluster.ROLE_BINDING,
    ("certificates.k8s.io", "CertificateSigningRequest"): cluster.CERTIFICATE_SIGNING_REQUEST,
    ("certificates.k8s.io", "ClusterTrustBundle"): cluster.CLUSTER_TRUST_BUNDLE,
    ("certificates.k8s.io", "PodCertificateRequest"): cluster.POD_CERTIFICATE_REQUEST,
    ("coordination.k8s.io", "Lease"): cluster.LEASE,
    ("coordination.k8s.io", "LeaseCandidate"): cluster.LEASE_CANDIDATE,
    ("scheduling.k8s.io", "PriorityClass"): cluster.PRIORITY_CLASS,
    ("scheduling.k8s.io", "PodGroup"): cluster.POD_GROUP,
    ("scheduling.k8s.io", "Workload"): core.NAME_AND_AGE,
    ("node.k8s.io", "RuntimeClass"): cluster.RUNTIME_CLASS,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): cluster.WEBHOOK_CONFIGURATION,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): cluster.WEBHOOK_CONFIGURATION,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): cluster.VALIDATING_POLICY,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): cluster.MUTATING_POLICY,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): cluster.POLICY_BINDING,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): cluster.POLICY_BINDING,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): cluster.FLOW_SCHEMA,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): cluster.PRIORITY_LEVEL,
    ("apiregistration.k8s.io", "APIService"): cluster.API_SERVICE,
    ("internal.apiserver.k8s.io", "StorageVersion"): cluster.STORAGE_VERSION,
    ("resource.k8s.io", "DeviceClass"): core.NAME_AND_AGE,
    ("resource.k8s.io", "ResourceClaim"): cluster.RESOURCE_CLAIM,
    ("resource.k8s.io", "ResourceClaimTemplate"): core.NAME_AND_AGE,
    ("resource.k8s.io", "ResourceSlice"): cluster.RESOURCE_SLICE,
    ("resource.k8s.io", "DeviceTaintRule"): cluster.DEVICE_TAINT_RULE,
}
_PRINTERS = {**{("", kind): printer for kind, printer in _CORE.items()}, **_OTHERS}


def columns(resource: Resource) -> tuple[Object, ...]:
    """The TableColumnDefinition objects of a kind, wide ones included. Shared: do not change."""
    return _printer(resource).columns


def cells(resource: Resource, obj: Object, now: datetime) -> Cells:
    """One object's values, in the order of `columns(resource)`."""
    return _printer(resource).cells(obj, now)


def row_conditions(resource: Resource, obj: Object) -> list[Object]:
    """The TableRowCondition objects of a row: finished pods have one."""
    return pods.pod_row_conditions(obj) if (resource.group, resource.kind) == ("", "Pod") else []


def _printer(resource: Resource) -> Printer:
    return _PRINTERS.get((resource.group, resource.kind), cluster.NAME_AND_DATE)
