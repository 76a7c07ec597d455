"""A pod goes where its volumes can be: bound ones may be tied to nodes, others may wait for this decision.

Claims of a class that binds when its first consumer comes (WaitForFirstConsumer) are matched here with the
volumes that a node can reach; what was found is carried out by `scheduler.volumes`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubeade.api.node_selectors import matches_selector
from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.volume_matching import (
    BIND_COMPLETED,
    NO_PROVISIONER,
    SELECTED_NODE,
    class_of,
    is_reserved_for,
    smallest_free,
    unsuitable,
)
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo

_ELSEWHERE = Refusal("node(s) didn't match PersistentVolume's node affinity")
_UNBOUND = Refusal("pod has unbound immediate PersistentVolumeClaims")
_NOTHING_TO_BIND = Refusal("node(s) didn't find available persistent volumes to bind")
_NO_VOLUME = Refusal("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")


@dataclass(frozen=True, slots=True)
class Bindings:
    """What is to be done for a pod's claims on one node: volumes for some, provisioning for others."""

    volumes: tuple[tuple[Object, Object], ...] = ()
    """(claim, volume)"""
    provisioned: tuple[Object, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.volumes or self.provisioned)


@dataclass(frozen=True, slots=True)
class _Claims:
    """A pod's claims: the volumes of those that are bound, and those that wait for the pod's node."""

    bound: Sequence[Object]
    waiting: Sequence[Object]


class VolumeBinding(Plugin):
    name = "VolumeBinding"

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        if not claim_names(pod):
            return None
        claims = _claims_of(pod, cluster)
        if isinstance(claims, Refusal):
            refusal = claims
            return Filter(lambda node: refusal)

        def check(node: NodeInfo) -> Refusal | None:
            if not all(_reaches(node, volume) for volume in claims.bound):
                return _ELSEWHERE
            return _NOTHING_TO_BIND if _bindings(claims.waiting, node, cluster) is None else None

        return Filter(check)


def bindings_for(pod: PodInfo, node: NodeInfo, cluster: Cluster) -> Bindings:
    """What the decision for `node` means for the pod's claims. The node has passed the filter."""
    claims = _claims_of(pod, cluster) if claim_names(pod) else _Claims((), ())
    if isinstance(claims, Refusal):
        return Bindings()
    return _bindings(claims.waiting, node, cluster) or Bindings()


def claim_names(pod: PodInfo) -> list[str]:
    """Claims by name, and those that generic ephemeral volumes stand for."""
    names = []
    for volume in parts(pod.spec, "volumes"):
        if claim := part(volume, "persistentVolumeClaim"):
            names.append(text(claim, "claimName"))
        elif "ephemeral" in volume:
            names.append(f"{pod.pod['metadata']['name']}-{volume['name']}")
    return list(dict.fromkeys(names))


def is_bound(claim: Object) -> bool:
    return bool(text(claim, "spec", "volumeName")) and BIND_COMPLETED in part(
        claim, "metadata", "annotations"
    )


def _claims_of(pod: PodInfo, cluster: Cluster) -> _Claims | Refusal:
    bound, waiting = [], []
    for name in claim_names(pod):
        claim = cluster.claims.get(f"{pod.namespace}/{name}")
        if claim is None:
            return Refusal(f'persistentvolumeclaim "{name}" not found')
        if is_bound(claim):
            volume = cluster.volumes.get(text(claim, "spec", "volumeName"))
            if volume is None:
                return _NO_VOLUME
            bound.append(volume)
        elif _waits_for_consumer(claim, cluster):
            waiting.append(claim)
        else:
            return _UNBOUND
    return _Claims(bound, waiting)


def _bindings(claims: Iterable[Object], node: NodeInfo, cluster: Cluster) -> Bindings | None:
    """None: not on this node. A volume for each claim that there is one for; the rest must be provisioned."""
    volumes: list[tuple[Object, Object]] = []
    provisioned: list[Object] = []
    for claim in claims:
        taken = [volume["metadata"]["name"] for _, volume in volumes]
        volume = _volume_for(claim, node, cluster, taken)
        if volume is not None:
            volumes.append((claim, volume))
        elif _can_provision(claim, node, cluster):
            provisioned.append(claim)
        else:
            return None
    return Bindings(tuple(volumes), tuple(provisioned))


def _volume_for(claim: Object, node: NodeInfo, cluster: Cluster, taken: Sequence[str]) -> Object | None:
    """The one reserved for the claim, else the smallest free one that the node reaches."""
    if SELECTED_NODE in part(claim, "metadata", "annotations"):
        return None
    suitable = [one for one in cluster.volumes.values() if not unsuitable(claim, one)]
    reserved = next((one for one in suitable if is_reserved_for(one, claim)), None)
    if reserved is not None:
        return reserved if _reaches(node, reserved) else None
    free = (one for one in suitable if one["metadata"]["name"] not in taken and _reaches(node, one))
    return smallest_free(claim, free)


def _can_provision(claim: Object, node: NodeInfo, cluster: Cluster) -> bool:
    chosen = text(claim, "metadata", "annotations", SELECTED_NODE)
    if chosen:
        return chosen == node.name
    storage_class = cluster.storage_classes.get(class_of(claim), {})
    if text(storage_class, "provisioner") in ("", NO_PROVISIONER):
        return False
    terms = parts(storage_class, "allowedTopologies")
    return not terms or any(_is_in(node, parts(term, "matchLabelExpressions")) for term in terms)


def _is_in(node: NodeInfo, expressions: Iterable[Object]) -> bool:
    return all(node.labels.get(text(one, "key")) in values(one, "values") for one in expressions)


def _reaches(node: NodeInfo, volume: Object) -> bool:
    required = part(volume, "spec", "nodeAffinity").get("required")
    return required is None or matches_selector(required, node.node)


def _waits_for_consumer(claim: Object, cluster: Cluster) -> bool:
    if text(claim, "spec", "volumeName"):
        return False
    storage_class = cluster.storage_classes.get(class_of(claim), {})
    return storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
