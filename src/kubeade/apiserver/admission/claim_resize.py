"""PersistentVolumeClaimResize: a claim grows only once it is bound, and where its class allows it."""

from kubeade.api.parts import part, text
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.api.resources import STORAGE_CLASSES
from kubeade.apiserver.admission.plugin import UPDATE, Plugin, annotations_of, new_object, refused
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import AdmissionAttributes, Reader

_OLD_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


class PersistentVolumeClaimResize(Plugin):
    resources = (("", "persistentvolumeclaims"),)
    operations = frozenset({UPDATE})

    def __init__(self, reader: Reader) -> None:
        self._classes = ObjectIndex(reader, STORAGE_CLASSES)

    async def validate(self, attributes: AdmissionAttributes) -> None:
        new, old = new_object(attributes), attributes.old_object
        if attributes.subresource or old is None or _size(new) <= _size(old):
            return
        if text(old, "status", "phase") != "Bound":
            raise refused(attributes, "Only bound persistent volume claims can be expanded")
        names = [_class_of(claim) for claim in (new, old)]
        found = self._classes.get(names[0]) if names[0] and names[0] == names[1] else None
        if found is None or not found.get("allowVolumeExpansion"):
            why = (
                "only dynamically provisioned pvc can be resized and "
                "the storageclass that provisions the pvc must support resize"
            )
            raise refused(attributes, why)


def _size(claim: Object) -> Quantity:
    return Quantity.parse(str(part(claim, "spec", "resources", "requests").get("storage", "0")))


def _class_of(claim: Object) -> str:
    return annotations_of(claim).get(_OLD_CLASS_ANNOTATION) or text(claim, "spec", "storageClassName")
