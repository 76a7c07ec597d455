"""StorageObjectInUseProtection: claims, volumes and their attributes classes are not deleted while they are
used (by finalizer)."""

from kubeade.apiserver.admission.plugin import CREATE, Plugin, new_object
from kubeade.apiserver.seams import AdmissionAttributes

_FINALIZERS = {
    ("", "persistentvolumeclaims"): "kubernetes.io/pvc-protection",
    ("", "persistentvolumes"): "kubernetes.io/pv-protection",
    ("storage.k8s.io", "volumeattributesclasses"): "kubernetes.io/vac-protection",
}


class StorageObjectInUseProtection(Plugin):
    resources = tuple(_FINALIZERS)
    operations = frozenset({CREATE})

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        if attributes.subresource:
            return
        metadata = new_object(attributes)["metadata"]
        finalizers = list(metadata.get("finalizers") or ())
        finalizer = _FINALIZERS[attributes.resource.group, attributes.resource.plural]
        if finalizer not in finalizers:
            metadata["finalizers"] = [*finalizers, finalizer]
