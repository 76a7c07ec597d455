"""Which objects the pods of a node lead to.

node <- pod <- service account, secret, configmap, claim <- volume <- the volume's secrets.
Kept current by key: a pod's references are noted when it is bound, and dropped when it goes.
What it leaves to others: whether the verb is allowed (`node`).
"""

from collections.abc import Iterator

from kubeade.api.resource import Object, Resource
from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS
from kubeade.apiserver.derived import Follower
from kubeade.apiserver.seams import Reader

VOLUME_ATTACHMENTS = Resource(
    "storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", namespaced=False
)
RESOURCE_SLICES = Resource("resource.k8s.io", "v1", "resourceslices", "ResourceSlice", namespaced=False)

Vertex = tuple[str, str, str]
"""Resource (plural), namespace, name."""


class NodeGraph:
    """Answers `leads_to`: may this node know this object, by its pods?"""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._of_pod: dict[Vertex, tuple[str, frozenset[Vertex]]] = {}
        self._referrers: dict[Vertex, dict[str, int]] = {}
        self._pods = Follower(reader, PODS, self._pod, self._forget)

    def leads_to(self, node: str, target: Vertex) -> bool:
        self._pods.catch_up()
        if target[0] == "pods":
            return self._of_pod.get(target, ("",))[0] == node
        if node in self._referrers.get(target, ()):
            return True
        return self._leads_through_others(node, target)

    def _leads_through_others(self, node: str, target: Vertex) -> bool:
        plural, namespace, name = target
        match plural:
            case "persistentvolumes":
                volume = self._reader.read(PERSISTENT_VOLUMES, name)
                return volume is not None and self._claimed_on(node, volume)
            case "secrets":
                volumes = self._reader.read_all(PERSISTENT_VOLUMES)
                return any((namespace, name) in _secrets_of(v) and self._claimed_on(node, v) for v in volumes)
            case "volumeattachments":
                attachment = self._reader.read(VOLUME_ATTACHMENTS, name)
                return attachment is not None and attachment["spec"].get("nodeName") == node
            case "resourceslices":
                resource_slice = self._reader.read(RESOURCE_SLICES, name)
                return resource_slice is not None and resource_slice["spec"].get("nodeName") == node
        return False

    def _claimed_on(self, node: str, volume: Object) -> bool:
        claim = volume["spec"].get("claimRef") or {}
        vertex = (PERSISTENT_VOLUME_CLAIMS.plural, claim.get("namespace", ""), claim.get("name", ""))
        return node in self._referrers.get(vertex, ())

    def _pod(self, namespace: str, name: str, pod: Object | None) -> None:
        vertex = ("pods", namespace, name)
        known = self._of_pod.pop(vertex, None)
        if known is not None:
            for referenced in known[1]:
                self._release(referenced, known[0])
        node = (pod or {}).get("spec", {}).get("nodeName")
        if pod is None or not node:
            return
        references = frozenset(_references(namespace, pod))
        self._of_pod[vertex] = (node, references)
        for referenced in references:
            counts = self._referrers.setdefault(referenced, {})
            counts[node] = counts.get(node, 0) + 1

    def _release(self, referenced: Vertex, node: str) -> None:
        counts = self._referrers[referenced]
        counts[node] -= 1
        if not counts[node]:
            del counts[node]
        if not counts:
            del self._referrers[referenced]

    def _forget(self) -> None:
        self._of_pod.clear()
        self._referrers.clear()


def references_of(pod: Object) -> Iterator[str]:
    """The resources (plurals) that a pod refers to, mirror pod or not."""
    metadata = {key: value for key, value in pod["metadata"].items() if key != "annotations"}
    for plural, _, _ in _references("", {**pod, "metadata": metadata}):
        yield plural


def _references(namespace: str, pod: Object) -> Iterator[Vertex]:
    """Mirror pods lead nowhere: their node made them, and could name anything (upstream's rule)."""
    if "kubernetes.io/config.mirror" in (pod["metadata"].get("annotations") or {}):
        return
    spec = pod["spec"]
    yield "serviceaccounts", namespace, spec.get("serviceAccountName") or "default"
    for secret in spec.get("imagePullSecrets") or ():
        yield "secrets", namespace, secret.get("name", "")
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            yield from _references_of_environment(namespace, container)
    for volume in spec.get("volumes") or ():
        yield from _references_of_volume(namespace, pod, volume)
    for claim in (pod.get("status") or {}).get("resourceClaimStatuses") or ():
        yield "resourceclaims", namespace, claim.get("resourceClaimName", "")
    for claim in spec.get("resourceClaims") or ():
        yield "resourceclaims", namespace, claim.get("resourceClaimName", "")


def _references_of_environment(namespace: str, container: Object) -> Iterator[Vertex]:
    sources = [entry.get("valueFrom") or {} for entry in container.get("env") or ()]
    for source in [*sources, *(container.get("envFrom") or ())]:
        for field, plural in _ENVIRONMENT_SOURCES.items():
            if source.get(field):
                yield plural, namespace, source[field].get("name", "")


def _references_of_volume(namespace: str, pod: Object, volume: Object) -> Iterator[Vertex]:
    if volume.get("ephemeral"):
        yield "persistentvolumeclaims", namespace, f"{pod['metadata']['name']}-{volume['name']}"
    if claim := volume.get("persistentVolumeClaim"):
        yield "persistentvolumeclaims", namespace, claim.get("claimName", "")
    parts = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    for part in parts:
        if config_map := part.get("configMap"):
            yield "configmaps", namespace, config_map.get("name", "")
        if secret := part.get("secret"):
            yield "secrets", namespace, secret.get("secretName") or secret.get("name", "")
    for field in _VOLUMES_WITH_SECRETS:
        reference = (volume.get(field) or {}).get("secretRef") or (volume.get(field) or {}).get(
            "nodePublishSecretRef"
        )
        if reference:
            yield "secrets", namespace, reference.get("name", "")
    if share := volume.get("azureFile"):
        yield "secrets", namespace, share.get("secretName", "")


def _secrets_of(volume: Object) -> set[tuple[str, str]]:
    """Namespace and name of the secrets that a PersistentVolume names."""
    spec = volume["spec"]
    claim_namespace = (spec.get("claimRef") or {}).get("namespace", "")
    found = set()
    for source in spec.values():
        if not isinstance(source, dict):
            continue
        for field, reference in source.items():
            if field.endswith("SecretRef") or field == "secretRef":
                found.add((reference.get("namespace") or claim_namespace, reference.get("name", "")))
    share = spec.get("azureFile") or {}
    if share:
        found.add((share.get("secretNamespace") or claim_namespace, share.get("secretName", "")))
    return found


_ENVIRONMENT_SOURCES = {
    "secretKeyRef": "secrets",
    "secretRef": "secrets",
    "configMapKeyRef": "configmaps",
    "configMapRef": "configmaps",
}
_VOLUMES_WITH_SECRETS = ("cephfs", "csi", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos")
