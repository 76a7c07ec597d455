"""Which defaults belong to which kind.

Idempotent, and run on every read from a request: creates, updates, and the result of a patch. Defaults
that the schema itself declares (`default:`) belong to `api.schema`; what is set on create only (finalizers,
generated names, cleared status) belongs to `api.strategy`.
"""

from collections.abc import Callable

from kubeade.api.defaults import (
    admission,
    apps,
    autoscaling,
    batch,
    cluster,
    core,
    devices,
    flowcontrol,
    networking,
    pods,
    rbac,
    storage,
)
from kubeade.api.resource import Object, Resource

_DEFAULTERS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("", "Pod"): pods.default_pod,
    ("", "PodTemplate"): pods.default_pod_template,
    ("", "ReplicationController"): core.default_replication_controller,
    ("", "Service"): core.default_service,
    ("", "Endpoints"): core.default_endpoints,
    ("", "Secret"): core.default_secret,
    ("", "Namespace"): core.default_namespace,
    ("", "Node"): core.default_node,
    ("", "LimitRange"): core.default_limit_range,
    ("", "PersistentVolume"): storage.default_persistent_volume,
    ("", "PersistentVolumeClaim"): storage.default_persistent_volume_claim,
    ("apps", "Deployment"): apps.default_deployment,
    ("apps", "ReplicaSet"): apps.default_replica_set,
    ("apps", "StatefulSet"): apps.default_stateful_set,
    ("apps", "DaemonSet"): apps.default_daemon_set,
    ("batch", "Job"): batch.default_job,
    ("batch", "CronJob"): batch.default_cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscaling.default_horizontal_pod_autoscaler,
    ("discovery.k8s.io", "EndpointSlice"): networking.default_endpoint_slice,
    ("networking.k8s.io", "NetworkPolicy"): networking.default_network_policy,
    ("networking.k8s.io", "IngressClass"): networking.default_ingress_class,
    ("rbac.authorization.k8s.io", "RoleBinding"): rbac.default_role_binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): rbac.default_role_binding,
    ("storage.k8s.io", "StorageClass"): storage.default_storage_class,
    ("storage.k8s.io", "CSIDriver"): storage.default_csi_driver,
    ("scheduling.k8s.io", "PriorityClass"): cluster.default_priority_class,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): cluster.default_custom_resource_definition,
    ("apiregistration.k8s.io", "APIService"): cluster.default_api_service,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): admission.default_mutating_webhooks,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): admission.default_validating_webhooks,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): admission.default_policy,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): admission.default_policy,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): admission.default_policy_binding,
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): admission.default_policy_binding,
    ("certificates.k8s.io", "PodCertificateRequest"): cluster.default_pod_certificate_request,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): flowcontrol.default_flow_schema,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): flowcontrol.default_priority_level,
    ("resource.k8s.io", "ResourceClaim"): devices.default_resource_claim,
    ("resource.k8s.io", "ResourceClaimTemplate"): devices.default_resource_claim_template,
}


def apply_defaults(resource: Resource, obj: Object) -> None:
    """Fill in, in place, what upstream fills in for this kind. The caller owns `obj`."""
    defaulter = _DEFAULTERS.get((resource.group, resource.kind))
    if defaulter is not None:
        defaulter(obj)
