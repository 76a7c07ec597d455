"""Which rules belong to which kind; kinds without an entry (custom ones) are held to their name and metadata
only."""

from kubeade.api.resource import Object, Resource
from kubeade.api.validation import (
    access,
    configuration,
    endpoints,
    jobs,
    namespaces,
    networking,
    nodes,
    platform,
    pod_resize,
    pods,
    policies,
    quotas,
    services,
    volume_claims,
    workloads,
)
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
    "Event": KindRules(always=platform.core_event, name=path_segment, plain_finalizers=True),
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
    ("autoscaling", "HorizontalPodAutoscaler"): KindRules(always=platform.horizontal_pod_autoscaler),
    ("policy", "PodDisruptionBudget"): KindRules(
        always=platform.pod_disruption_budget, plain_finalizers=True
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
        always=volume_claims.storage_class, change=volume_claims.storage_class_change
    ),
    ("scheduling.k8s.io", "PriorityClass"): KindRules(
        always=platform.priority_class, change=platform.priority_class_change
    ),
    ("node.k8s.io", "RuntimeClass"): KindRules(
        always=platform.runtime_class, change=platform.runtime_class_change, plain_finalizers=True
    ),
    ("coordination.k8s.io", "Lease"): KindRules(always=platform.lease, plain_finalizers=True),
    ("certificates.k8s.io", "CertificateSigningRequest"): KindRules(
        always=access.signing_request,
        change=access.signing_request_change,
        subresources={
            "status": access.signing_request_change,
            "approval": access.signing_request_approval,
        },
    ),
    # Names with colons: a signer's bundle, an IPv6 address.
    ("certificates.k8s.io", "ClusterTrustBundle"): KindRules(name=path_segment),
    ("networking.k8s.io", "IPAddress"): KindRules(name=path_segment),
    ("coordination.k8s.io", "LeaseCandidate"): KindRules(name=config_key),
    ("events.k8s.io", "Event"): KindRules(
        create=platform.event_create, change=platform.event_change, name=path_segment
    ),
    (_ADMISSION, "MutatingWebhookConfiguration"): _WEBHOOKS,
    (_ADMISSION, "ValidatingWebhookConfiguration"): _WEBHOOKS,
    (_ADMISSION, "ValidatingAdmissionPolicy"): KindRules(
        always=policies.validating_policy, plain_finalizers=True
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
        always=platform.api_service, name=path_segment, plain_finalizers=True
    ),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): KindRules(
        create=_definition_create, change=_definition_change, plain_finalizers=True
    ),
}
_NO_RULES_YET = (
    ("", "ServiceAccount"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "ResourceClaim"),
    ("resource.k8s.io", "ResourceClaimTemplate"),
    ("resource.k8s.io", "ResourceSlice"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "CSIStorageCapacity"),
    ("storage.k8s.io", "VolumeAttachment"),
    ("storage.k8s.io", "VolumeAttributesClass"),
)
_RULES = {
    **dict.fromkeys(_NO_RULES_YET, KindRules()),
    **{("", kind): rules for kind, rules in _CORE.items()},
    **_OTHERS,
}
_METADATA_ONLY = KindRules(plain_finalizers=True)


def rules_of(resource: Resource) -> KindRules:
    """The rules of a resource's kind."""
    return _RULES.get((resource.group, resource.kind), _METADATA_ONLY)
