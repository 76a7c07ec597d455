"""DefaultStorageClass and DefaultIngressClass: whoever names no class gets the one marked as default.

The newest counts where several are marked.
"""

from collections.abc import Sequence

from kubeade.api.resource import Resource
from kubeade.api.resources import STORAGE_CLASSES
from kubeade.apiserver.admission.plugin import CREATE, Plugin, annotations_of, new_object
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Reader

INGRESS_CLASSES = Resource("networking.k8s.io", "v1", "ingressclasses", "IngressClass", namespaced=False)


class DefaultClass(Plugin):
    """Fills `spec.<field>` on creation, unless it or the older annotation is there."""

    operations = frozenset({CREATE})
    classes: Resource
    field: str
    older_annotation: str
    marks: Sequence[str]

    def __init__(self, reader: Reader) -> None:
        self._classes = ObjectIndex(reader, self.classes)

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        found = new_object(attributes)
        spec = found.get("spec") or {}
        if attributes.subresource or spec.get(self.field) is not None:
            return
        if self.older_annotation in annotations_of(found):
            return
        default = self._default()
        if default:
            found["spec"] = {**spec, self.field: default}

    def _default(self) -> str:
        marked = [
            (found["metadata"].get("creationTimestamp") or "", found["metadata"]["name"])
            for found in self._classes.of_namespace()
            if any(annotations_of(found).get(mark) == "true" for mark in self.marks)
        ]
        newest = max((created for created, _ in marked), default="")
        return min((name for created, name in marked if created == newest), default="")


class DefaultStorageClass(DefaultClass):
    resources = (("", "persistentvolumeclaims"),)
    classes = STORAGE_CLASSES
    field = "storageClassName"
    older_annotation = "volume.beta.kubernetes.io/storage-class"
    marks = (
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    )


class DefaultIngressClass(DefaultClass):
    resources = (("networking.k8s.io", "ingresses"),)
    classes = INGRESS_CLASSES
    field = "ingressClassName"
    older_annotation = "kubernetes.io/ingress.class"
    marks = ("ingressclass.kubernetes.io/is-default-class",)
