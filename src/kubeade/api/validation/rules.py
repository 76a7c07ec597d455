"""Which rules belong to which kind; kinds without an entry (custom ones) are held to their name and metadata
only."""

from functools import cache

from kubeade.api.resource import Object, Resource
from kubeade.api.validation import (
    access,
    autoscalers,
    certificates,
    configuration,
    endpoints,
    events,
    flow_schemas,
    jobs,
    namespaces,
    networking,
    nodes,
    platform,
    pod_certificates,
    pod_resize,
    pods,
    policies,
    priority_levels,
    quotas,
    service_addresses,
    services,
    storage,
    storage_classes,
    volume_claims,
    workloads,
)
from kubeade.api.validation.conditions import status_conditions
from kubeade.api.validation.fields import Errors
from kubeade.api.validation.kind_rules import KindRules
from kubeade.api.validation.names import config_key, dns_label, path_segment


def _definition_create(definition: Object) -> Errors:
    # Loaded when the first definition comes: it brings the expression language with it.
    from kubeade.api.crd.validation import definition_create

    yield from definition_create(definition)


def _definition_change(new: Object, old: Object) -> Errors:
    from kubeade.api.crd.validation import definition_update

    yield from definition_update(new, old)


_CORE = {
    "Pod": KindRules(
        create=pods.pod_create,
        change=pods.pod_update,
        subresources={
            "status": pods.pod_status,
            "ephemeralcontainers": pods.pod_ephemeral_containers,
            "resize": pod_resize.pod_resize,
        },
    ),
    "PodTemplate": KindRules(always=pods.pod_template_object),
    "ReplicationController": KindRules(
        always=workloads.replication_controller, subresources={"status": workloads.replicas_status}
    ),
    "Service": KindRules(
        with_options=services.service,
        change=services.service_change,
        name=dns_label,
        subresources={"status": services.service_status},
    ),
    "Endpoints": KindRules(with_options=endpoints.endpoints),
    "ServiceAccount": KindRules(),
    "ConfigMap": KindRules(always=configuration.config_map, change=configuration.config_map_change),
    "Secret": KindRules(always=configuration.secret, change=configuration.secret_change),
    "Namespace": KindRules(
        always=namespaces.namespace,
        name=dns_label,
        subresources={"status": namespaces.namespace_status, "finalize": namespaces.namespace_finalize},
    ),
    "Node": KindRules(
        always=nodes.node, change=nodes.node_change, subresources={"status": nodes.node_change}
    ),
    "Event": KindRules(always=events.core_event, name=path_segment, plain_finalizers=True),
    "LimitRange": KindRules(always=quotas.limit_range),
    "ResourceQuota": KindRules(
        always=quotas.resource_quota,
        change=quotas.resource_quota_change,
        subresources={"status": quotas.resource_quota_status},
    ),
    "PersistentVolume": KindRules(
        always=volume_claims.persistent_volume, change=volume_claims.persistent_volume_change
    ),
    "PersistentVolumeClaim": KindRules(
        always=volume_claims.persistent_volume_claim, change=volume_claims.persistent_volume_claim_change
    ),
}
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_WEBHOOKS = KindRules(always=platform.webhook_configuration, plain_finalizers=True)
_OTHERS = {
    ("apps", "Deployment"): KindRules(
        always=workloads.deployment,
        change=workloads.selector_unchanged,
        subresources={"status": workloads.replicas_status},
    ),
    ("apps", "ReplicaSet"): KindRules(
        always=workloads.replica_set,
        change=workloads.selector_unchanged,
        subresources={"status": workloads.replicas_status},
    ),
    ("apps", "StatefulSet"): KindRules(
        always=workloads.stateful_set,
        create=workloads.stateful_set_create,
        change=workloads.stateful_set_change,
        subresources={"status": workloads.replicas_status},
        name=dns_label,
    ),
    ("apps", "DaemonSet"): KindRules(
        always=workloads.daemon_set,
        change=workloads.selector_unchanged,
        subresources={"status": workloads.replicas_status},
    ),
    ("apps", "ControllerRevision"): KindRules(
        always=workloads.controller_revision,
        create=workloads.controller_revision_create,
        change=workloads.controller_revision_change,
    ),
    ("batch", "Job"): KindRules(
        always=jobs.job, change=jobs.job_change, subresources={"status": jobs.job_status}
    ),
    ("batch", "CronJob"): KindRules(always=jobs.cron_job, create=jobs.cron_job_create),
    ("autoscaling", "HorizontalPodAutoscaler"): KindRules(
        create=autoscalers.autoscaler,
        change=autoscalers.autoscaler_change,
        subresources={"status": autoscalers.autoscaler_status},
    ),
    ("policy", "PodDisruptionBudget"): KindRules(
        always=platform.pod_disruption_budget,
        subresources={"status": platform.pod_disruption_budget_status},
        name=path_segment,
        plain_finalizers=True,
    ),
    ("discovery.k8s.io", "EndpointSlice"): KindRules(
        with_options=endpoints.endpoint_slice, change=endpoints.endpoint_slice_change
    ),
    ("networking.k8s.io", "Ingress"): KindRules(always=networking.ingress, create=networking.ingress_create),
    ("networking.k8s.io", "IngressClass"): KindRules(
        always=networking.ingress_class, change=networking.ingress_class_change
    ),
    ("networking.k8s.io", "NetworkPolicy"): KindRules(always=networking.network_policy),
    (_RBAC, "Role"): KindRules(always=access.role, name=path_segment),
    (_RBAC, "ClusterRole"): KindRules(always=access.cluster_role, name=path_segment),
    (_RBAC, "RoleBinding"): KindRules(
        always=access.role_binding, change=access.role_unchanged, name=path_segment
    ),
    (_RBAC, "ClusterRoleBinding"): KindRules(
        always=access.cluster_role_binding, change=access.role_unchanged, name=path_segment
    ),
    ("storage.k8s.io", "StorageClass"): KindRules(
        always=storage_classes.storage_class, change=storage_classes.storage_class_change
    ),
    ("storage.k8s.io", "VolumeAttributesClass"): KindRules(
        create=storage_classes.volume_attributes_class, change=storage_classes.volume_attributes_class_change
    ),
    ("storage.k8s.io", "CSIDriver"): KindRules(always=storage.csi_driver, change=storage.csi_driver_change),
    ("storage.k8s.io", "CSINode"): KindRules(always=storage.csi_node, change=storage.csi_node_change),
    ("storage.k8s.io", "CSIStorageCapacity"): KindRules(
        always=storage.csi_storage_capacity, change=storage.csi_storage_capacity_change
    ),
    ("storage.k8s.io", "VolumeAttachment"): KindRules(
        always=storage.volume_attachment,
        change=storage.volume_attachment_change,
        subresources={"status": storage.volume_attachment_status},
    ),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): KindRules(
        always=flow_schemas.flow_schema, subresources={"status": flow_schemas.status}
    ),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): KindRules(
        always=priority_levels.priority_level, subresources={"status": flow_schemas.status}
    ),
    ("scheduling.k8s.io", "PriorityClass"): KindRules(
        always=platform.priority_class, change=platform.priority_class_change
    ),
    ("node.k8s.io", "RuntimeClass"): KindRules(
        always=platform.runtime_class, change=platform.runtime_class_change, plain_finalizers=True
    ),
    ("coordination.k8s.io", "Lease"): KindRules(always=platform.lease, plain_finalizers=True),
    ("certificates.k8s.io", "CertificateSigningRequest"): KindRules(
        always=certificates.signing_request,
        change=certificates.signing_request_change,
        name=path_segment,
        subresources={
            "status": certificates.signing_request_change,
            "approval": certificates.signing_request_approval,
        },
    ),
    # A name with colons.
    ("certificates.k8s.io", "ClusterTrustBundle"): KindRules(
        create=certificates.trust_bundle, change=certificates.trust_bundle_change, name=path_segment
    ),
    ("networking.k8s.io", "IPAddress"): KindRules(
        always=service_addresses.ip_address,
        change=service_addresses.ip_address_change,
        name=service_addresses.address_name,
    ),
    ("networking.k8s.io", "ServiceCIDR"): KindRules(
        create=service_addresses.service_cidr, change=service_addresses.service_cidr_change
    ),
    ("certificates.k8s.io", "PodCertificateRequest"): KindRules(
        create=pod_certificates.request,
        change=pod_certificates.request_change,
        subresources={"status": pod_certificates.request_status},
    ),
    ("storagemigration.k8s.io", "StorageVersionMigration"): KindRules(
        always=platform.storage_migration,
        change=platform.storage_migration_change,
        subresources={"status": platform.storage_migration_status},
    ),
    ("coordination.k8s.io", "LeaseCandidate"): KindRules(name=config_key),
    ("events.k8s.io", "Event"): KindRules(create=events.event, change=events.event_change),
    (_ADMISSION, "MutatingWebhookConfiguration"): _WEBHOOKS,
    (_ADMISSION, "ValidatingWebhookConfiguration"): _WEBHOOKS,
    (_ADMISSION, "ValidatingAdmissionPolicy"): KindRules(
        always=policies.validating_policy,
        subresources={"status": status_conditions},
        plain_finalizers=True,
    ),
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): KindRules(
        always=policies.validating_binding, plain_finalizers=True
    ),
    (_ADMISSION, "MutatingAdmissionPolicy"): KindRules(
        always=policies.mutating_policy, plain_finalizers=True
    ),
    (_ADMISSION, "MutatingAdmissionPolicyBinding"): KindRules(
        always=policies.mutating_binding, plain_finalizers=True
    ),
    ("apiregistration.k8s.io", "APIService"): KindRules(
        always=platform.api_service,
        subresources={"status": platform.api_service_status},
        name=path_segment,
        plain_finalizers=True,
    ),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): KindRules(
        create=_definition_create, change=_definition_change, plain_finalizers=True
    ),
}
_RULES = {
    **{("", kind): rules for kind, rules in _CORE.items()},
    **_OTHERS,
}
_METADATA_ONLY = KindRules(plain_finalizers=True)
_DEVICES = "resource.k8s.io"


@cache
def _device_rules() -> dict[str, KindRules]:
    # Loaded when the first device or claim comes: most clusters have none.
    from kubeade.api.validation.device_rules import RULES

    return RULES


def rules_of(resource: Resource) -> KindRules:
    """The rules of a resource's kind."""
    if resource.group == _DEVICES:
        return _device_rules().get(resource.kind, _METADATA_ONLY)
    return _RULES.get((resource.group, resource.kind), _METADATA_ONLY)
