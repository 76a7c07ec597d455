"""The pods of a DaemonSet: what one looks like, which node it is for, which nodes may have one. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from kubeade.api.node_selectors import matches_required
from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, parts, text, values
from kubeade.api.pod_state import is_finished
from kubeade.api.resource import Object
from kubeade.api.revisions import POD_REVISION_LABEL as REVISION_LABEL
from kubeade.api.taints import untolerated

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
TEMPLATE_GENERATION_LABEL = "pod-template-generation"
_TOLERATED = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)
_TOLERATED_ON_HOST_NETWORK = (("network-unavailable", "NoSchedule"),)


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a node should get a pod, and whether one that is there may stay."""

    should_run: bool
    may_stay: bool


def tolerations_of(spec: Object) -> list[Object]:
    """The template's tolerations and those that every daemon has: troubles of a node do not drive it off."""
    more = _TOLERATED_ON_HOST_NETWORK if spec.get("hostNetwork") else ()
    added = [
        {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
        for key, effect in (*_TOLERATED, *more)
    ]
    own = parts(spec, "tolerations")
    return [*own, *(one for one in added if one not in own)]


def fit(daemon_set: Object, node: Object) -> Fit:
    spec = part(daemon_set, "spec", "template", "spec")
    named = spec.get("nodeName")
    if (named and named != node["metadata"]["name"]) or not matches_required(spec, node):
        return Fit(False, False)
    taints, tolerations = parts(node, "spec", "taints"), tolerations_of(spec)
    if untolerated(taints, tolerations, ("NoExecute", "NoSchedule")) is None:
        return Fit(True, True)
    return Fit(False, untolerated(taints, tolerations, ("NoExecute",)) is None)


def template_for(daemon_set: Object, digest: str, node: str) -> Object:
    """The pod template for one node, marked with the revision it is of."""
    template = part(daemon_set, "spec", "template")
    labels = {**part(template, "metadata", "labels"), REVISION_LABEL: digest}
    generation = text(daemon_set, "metadata", "annotations", TEMPLATE_GENERATION)
    if generation:
        labels[TEMPLATE_GENERATION_LABEL] = generation
    spec = part(template, "spec")
    changed = {"affinity": _bound_to(part(spec, "affinity"), node), "tolerations": tolerations_of(spec)}
    return {"metadata": {**part(template, "metadata"), "labels": labels}, "spec": {**spec, **changed}}


def _bound_to(affinity: Object, node: str) -> Object:
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    of_node = {
        **part(affinity, "nodeAffinity"),
        "requiredDuringSchedulingIgnoredDuringExecution": required,
    }
    return {**affinity, "nodeAffinity": of_node}


def target_node(pod: Object) -> str:
    """The node a pod runs on or waits for; empty for a pod that is for none in particular."""
    node = text(pod, "spec", "nodeName")
    if node:
        return node
    affinity = part(pod, "spec", "affinity", "nodeAffinity")
    required = part(affinity, "requiredDuringSchedulingIgnoredDuringExecution")
    for term in parts(required, "nodeSelectorTerms"):
        for field in parts(term, "matchFields"):
            names = values(field, "values")
            if field.get("key") == "metadata.name" and field.get("operator") == "In" and len(names) == 1:
                return str(names[0])
    return ""


def by_node(pods: Iterable[Object]) -> dict[str, list[Object]]:
    """Pods by their target node, oldest first; those that ended and are being deleted are left out."""
    found: dict[str, list[Object]] = {}
    for pod in sorted(pods, key=_age):
        node = target_node(pod)
        if node and not (is_finished(pod) and is_being_deleted(pod)):
            found.setdefault(node, []).append(pod)
    return found


def is_updated(daemon_set: Object, pod: Object, digest: str) -> bool:
    labels = part(pod, "metadata", "labels")
    generation = text(daemon_set, "metadata", "annotations", TEMPLATE_GENERATION)
    by_generation = bool(generation) and labels.get(TEMPLATE_GENERATION_LABEL) == generation
    return by_generation or labels.get(REVISION_LABEL) == digest


def _age(pod: Object) -> tuple[bool, str, str]:
    created = text(pod, "metadata", "creationTimestamp")
    return not text(pod, "spec", "nodeName"), created, text(pod, "metadata", "name")
