"""Pods: what a new one starts with, and what its subresources may change."""

from collections.abc import Iterable, Iterator
from typing import Any

from kubeade.api.parts import part, parts, values
from kubeade.api.pod_requests import qos_class
from kubeade.api.resource import Object

_GATED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def prepare_new_pod(pod: Object) -> None:
    """Quality of service, the gates' condition, and label keys spelled out for the scheduler."""
    pod["status"]["qosClass"] = qos_class(pod)
    if values(pod, "spec", "schedulingGates"):
        pod["status"]["conditions"] = [dict(_GATED)]
    labels = part(pod, "metadata", "labels")
    for term in _affinity_terms(pod):
        _select_by_own_labels(term, "matchLabelKeys", "In", labels)
        _select_by_own_labels(term, "mismatchLabelKeys", "NotIn", labels)
    for constraint in parts(pod, "spec", "topologySpreadConstraints"):
        _select_by_own_labels(constraint, "matchLabelKeys", "In", labels)


def keep_all_but_ephemeral_containers(pod: Object, old: Object) -> None:
    ephemeral = part(pod, "spec").get("ephemeralContainers")
    pod["spec"] = {**old["spec"]}
    pod["spec"].pop("ephemeralContainers", None)
    if ephemeral is not None:
        pod["spec"]["ephemeralContainers"] = ephemeral


def keep_all_but_resources(pod: Object, old: Object) -> None:
    """Only resources and resize policies may differ; other shapes are left for validation to refuse."""
    spec = {**old["spec"]}
    for field in ("containers", "initContainers"):
        new_containers, old_containers = parts(pod, "spec", field), parts(old, "spec", field)
        if len(new_containers) != len(old_containers):
            return
        if old_containers:
            spec[field] = list(_resized(new_containers, old_containers))
    if "resources" in part(pod, "spec"):
        spec["resources"] = pod["spec"]["resources"]
    pod["spec"] = spec


def _resized(new: Iterable[Object], old: Iterable[Object]) -> Iterator[Object]:
    for new_container, old_container in zip(new, old, strict=True):
        container = {**old_container, "name": new_container.get("name")}
        for field in ("resources", "resizePolicy"):
            container.pop(field, None)
            if field in new_container:
                container[field] = new_container[field]
        yield container


def _affinity_terms(pod: Object) -> Iterator[Object]:
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity = part(pod, "spec", "affinity", kind)
        yield from parts(affinity, _REQUIRED)
        for preferred in parts(affinity, _PREFERRED):
            term = preferred.get("podAffinityTerm")
            if isinstance(term, dict):
                yield term


def _select_by_own_labels(term: Object, field: str, operator: str, labels: dict[str, Any]) -> None:
    selector = term.get("labelSelector")
    if not isinstance(selector, dict):
        return
    added = [
        {"key": name, "operator": operator, "values": [labels[name]]}
        for name in values(term, field)
        if name in labels
    ]
    if added:
        selector["matchExpressions"] = [*(selector.get("matchExpressions") or ()), *added]
