"""Fields that an imitated version knows and does not serve yet: their feature was switched off by default.

Whoever sets one is told nothing, as upstream does it: it is dropped from new objects, and from changed ones
that did not have it. What is off in every version is `disabled`'s.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from kubeade.api.resource import Object
from kubeade.api.resource_type import ResourceType
from kubeade.api.strategy import kinds

Path = tuple[str, ...]

_POD = """
    33 hostUsers
    33 securityContext.supplementalGroupsPolicy
    33 containers.resizePolicy
    34 resources
    34 resourceClaims
    34 containers.resources.claims
    34 initContainers.resources.claims
    35 hostnameOverride
    35 volumes.image
    35 containers.restartPolicyRules
    35 initContainers.restartPolicyRules
    35 containers.env.valueFrom.fileKeyRef
    35 initContainers.env.valueFrom.fileKeyRef
"""
_TERMS = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution.podAffinityTerm",
)
_AFFINITY = [
    f"31 affinity.{kind}.{terms}.{key}"
    for kind in ("podAffinity", "podAntiAffinity")
    for terms in _TERMS
    for key in ("matchLabelKeys", "mismatchLabelKeys")
]
_OTHERS = """
    31 batch/jobs spec.successPolicy
    32 batch/jobs spec.managedBy
    31 batch/cronjobs spec.jobTemplate.spec.successPolicy
    32 batch/cronjobs spec.jobTemplate.spec.managedBy
    31 /services spec.trafficDistribution
    31 apiextensions.k8s.io/customresourcedefinitions spec.versions.selectableFields
    34 /persistentvolumeclaims spec.volumeAttributesClassName
    34 /persistentvolumes spec.volumeAttributesClassName
    35 autoscaling/horizontalpodautoscalers spec.behavior.scaleUp.tolerance
    35 autoscaling/horizontalpodautoscalers spec.behavior.scaleDown.tolerance
    35 storage.k8s.io/csidrivers spec.serviceAccountTokenInSecrets
    35 storage.k8s.io/csidrivers spec.nodeAllocatableUpdatePeriodSeconds
    36 resource.k8s.io/deviceclasses spec.extendedResourceName
    36 resource.k8s.io/resourceslices spec.sharedCounters
    36 resource.k8s.io/resourceslices spec.perDeviceNodeSelection
    36 resource.k8s.io/resourceslices spec.devices.taints
    36 resource.k8s.io/resourceslices spec.devices.consumesCounters
    36 resource.k8s.io/resourceslices spec.devices.allowMultipleAllocations
    36 resource.k8s.io/resourceslices spec.devices.bindingConditions
    36 resource.k8s.io/resourceslices spec.devices.bindingFailureConditions
"""
"""The minor version that has the field on by default, and where it stands; lists are walked through."""

_POD_SPECS = {
    kinds.PODS: ("spec",),
    ("", "podtemplates"): ("template", "spec"),
    ("", "replicationcontrollers"): ("spec", "template", "spec"),
    ("apps", "deployments"): ("spec", "template", "spec"),
    ("apps", "replicasets"): ("spec", "template", "spec"),
    ("apps", "statefulsets"): ("spec", "template", "spec"),
    ("apps", "daemonsets"): ("spec", "template", "spec"),
    ("batch", "jobs"): ("spec", "template", "spec"),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template", "spec"),
}
LATEST_GATE = 36


def drop_gated(resource_type: ResourceType, obj: Object, old: Object | None, minor: int) -> None:
    """Drop, in place, what this minor version of Kubernetes would not keep. `old` is None for a new one."""
    if minor >= LATEST_GATE or resource_type.custom:
        return
    for since, path in _gates(kinds.key(resource_type)):
        if minor < since and not any(path[-1] in each for each in _holders(old, path[:-1])):
            for holder in _holders(obj, path[:-1]):
                holder.pop(path[-1], None)


@cache
def _gates(key: kinds.Key) -> tuple[tuple[int, Path], ...]:
    found: list[tuple[int, Path]] = []
    above = _POD_SPECS.get(key)
    if above is not None:
        for since, where in map(str.split, [*_POD.strip().split("\n"), *_AFFINITY]):
            found.append((int(since), (*above, *where.split("."))))
    for since, kind, where in map(str.split, _OTHERS.strip().split("\n")):
        group, _, plural = kind.partition("/")
        if (group, plural) == key:
            found.append((int(since), tuple(where.split("."))))
    return tuple(found)


def _holders(value: Any, path: Path) -> Iterator[Object]:
    """The mappings at the end of a path."""
    if isinstance(value, list):
        for each in value:
            yield from _holders(each, path)
    elif isinstance(value, dict) and not path:
        yield value
    elif isinstance(value, dict):
        yield from _holders(value.get(path[0]), path[1:])
