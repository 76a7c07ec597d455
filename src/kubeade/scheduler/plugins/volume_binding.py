"""A pod goes where its volumes can be: its claims must be bound, and bound volumes may be tied to nodes."""

from kubeade.api.node_selectors import matches_selector
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.framework import Filter, Plugin, Refusal
from kubeade.scheduler.node_info import NodeInfo
from kubeade.scheduler.pod_info import PodInfo

_ELSEWHERE = Refusal("node(s) didn't match PersistentVolume's node affinity")
_UNBOUND = Refusal("pod has unbound immediate PersistentVolumeClaims")
_NOTHING_TO_BIND = Refusal("node(s) didn't find available persistent volumes to bind")


class VolumeBinding(Plugin):
    name = "VolumeBinding"

    def filter_for(self, pod: PodInfo, cluster: Cluster) -> Filter | None:
        names = _claim_names(pod)
        if not names:
            return None
        affinities: list[Object] = []
        for name in names:
            claim = cluster.claims.get(f"{pod.namespace}/{name}")
            if claim is None:
                return _always(Refusal(f'persistentvolumeclaim "{name}" not found'))
            volume = cluster.volumes.get(text(claim, "spec", "volumeName"))
            if volume is None:
                return _always(_NOTHING_TO_BIND if _waits_for_consumer(claim, cluster) else _UNBOUND)
            required = part(volume, "spec", "nodeAffinity").get("required")
            if required is not None:
                affinities.append(required)

        def check(node: NodeInfo) -> Refusal | None:
            return None if all(matches_selector(one, node.node) for one in affinities) else _ELSEWHERE

        return Filter(check)


def _claim_names(pod: PodInfo) -> list[str]:
    """Claims by name, and those that generic ephemeral volumes stand for."""
    names = []
    for volume in parts(pod.spec, "volumes"):
        if claim := part(volume, "persistentVolumeClaim"):
            names.append(text(claim, "claimName"))
        elif "ephemeral" in volume:
            names.append(f"{pod.pod['metadata']['name']}-{volume['name']}")
    return names


def _waits_for_consumer(claim: Object, cluster: Cluster) -> bool:
    storage_class = cluster.storage_classes.get(text(claim, "spec", "storageClassName"), {})
    return storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def _always(refusal: Refusal) -> Filter:
    return Filter(lambda node: refusal, key=refusal)
