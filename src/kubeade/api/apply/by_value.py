"""Which members upstream's built-in types hold by value.

Such a member is never absent, so nobody comes to own its presence, only what is in it. Nearly always the
member's type tells; these are the exceptions, as upstream's OpenAPI has them (`default: {}`).
"""

_SUFFIXES = ("Spec", "Status", "Strategy", "ObjectMeta", "ResourceRequirements")

_POINTERS = frozenset(
    """
    ContainerStatus.resources CustomResourceSubresources.status MetricStatus.containerResource
    MetricStatus.external MetricStatus.object MetricStatus.pods MetricStatus.resource NodeStatus.config
    NodeSystemInfo.swap PersistentVolumeClaimStatus.modifyVolumeStatus PodSpec.resources
    PodStatus.extendedResourceClaimStatus PodStatus.resources ReplicationControllerSpec.template
    ResourcePoolStatusRequest.status StatefulSetUpdateStrategy.rollingUpdate
    VolumeAttachmentSource.inlineVolumeSpec VolumeMountStatus.volumeStatus VolumeStatus.image
    """.split()  # noqa: SIM905 - a list of forty names would be forty lines
)
_VALUES = frozenset(
    """
    AllocationResult.devices Binding.target ClusterRoleBinding.roleRef ContainerResourceMetricSource.target
    ContainerStatus.lastState ContainerStatus.state CustomResourceDefinitionSpec.names
    CustomResourceDefinitionStatus.acceptedNames DeviceTaintRuleSpec.taint Endpoint.conditions
    Event.deprecatedSource Event.involvedObject Event.regarding Event.source ExternalMetricSource.metric
    ExternalMetricSource.target ExternalMetricStatus.metric FlowSchemaSpec.priorityLevelConfiguration
    HTTPIngressPath.backend HorizontalPodAutoscalerSpec.scaleTargetRef IngressServiceBackend.port
    LimitedPriorityLevelConfiguration.limitResponse MutatingWebhook.clientConfig NetworkPolicySpec.podSelector
    NodeDaemonEndpoints.kubeletEndpoint NodeStatus.daemonEndpoints NodeStatus.nodeInfo
    ObjectMetricSource.describedObject ObjectMetricSource.metric ObjectMetricSource.target
    ObjectMetricStatus.describedObject ObjectMetricStatus.metric PodGroupSpec.schedulingPolicy
    PodGroupTemplate.schedulingPolicy PodsMetricSource.metric PodsMetricSource.target PodsMetricStatus.metric
    PreferredSchedulingTerm.preference ResourceClaimSpec.devices ResourceMetricSource.target
    ResourceSliceSpec.pool RoleBinding.roleRef SelfSubjectReviewStatus.userInfo
    StorageVersionMigrationSpec.resource TokenReviewStatus.user ValidatingWebhook.clientConfig
    VolumeAttachmentSpec.source WeightedPodAffinityTerm.podAffinityTerm
    """.split()  # noqa: SIM905 - a list of forty names would be forty lines
)


def held_by_value(owner: str, name: str, member: str) -> bool:
    """Whether the definition `owner` holds its field `name`, of the definition `member`, by value."""
    key = f"{owner.rpartition('.')[2]}.{name}"
    return key in _VALUES or (member.endswith(_SUFFIXES) and key not in _POINTERS)
