"""Which volume suits a claim, and how it is reserved: for scheduler and controller."""

from collections.abc import Iterable

from kubeade.api.parts import part, text, values
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.api.selectors import LabelSelector

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def class_of(item: Object) -> str:
    """The storage class that a claim or a volume names."""
    return text(item, "metadata", "annotations", STORAGE_CLASS) or text(item, "spec", "storageClassName")


def unsuitable(claim: Object, volume: Object) -> str:
    """Why the volume cannot serve the claim; "" when it can."""
    requested = text(claim, "spec", "resources", "requests", "storage") or "0"
    if _capacity(volume) < Quantity.parse(requested).value():
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    mode, wanted_mode = text(volume, "spec", "volumeMode"), text(claim, "spec", "volumeMode")
    if (mode or "Filesystem") != (wanted_mode or "Filesystem"):
        return "incompatible volumeMode"
    if text(volume, "spec", "volumeAttributesClassName") != text(claim, "spec", "volumeAttributesClassName"):
        return "volumeAttributesClassName does not match"
    if not set(values(claim, "spec", "accessModes")) <= set(values(volume, "spec", "accessModes")):
        return "incompatible accessMode"
    return ""


def smallest_free(claim: Object, volumes: Iterable[Object]) -> Object | None:
    """Of those that suit it, the smallest that nobody has and the claim's selector takes."""
    selector = part(claim, "spec").get("selector")
    matches = LabelSelector.from_object(selector if selector is not None else {}).matches
    free = [
        one
        for one in volumes
        if not part(one, "spec", "claimRef")
        and text(one, "status", "phase") == "Available"
        and matches(one["metadata"].get("labels"))
    ]
    return min(free, key=lambda one: (_capacity(one), one["metadata"]["name"]), default=None)


def is_reserved_for(volume: Object, claim: Object) -> bool:
    """Whether claimRef names this claim; without a uid any claim of that name is meant."""
    reference = part(volume, "spec", "claimRef")
    names = ("name", "namespace")
    if not reference or any(reference.get(key) != claim["metadata"][key] for key in names):
        return False
    return reference.get("uid") in (None, "", claim["metadata"]["uid"])


def reserved(volume: Object, claim: Object) -> Object:
    """The volume with claimRef complete; the same object when it is already."""
    reference = part(volume, "spec", "claimRef")
    metadata = claim["metadata"]
    if reference.get("uid") == metadata["uid"]:
        return volume
    annotations = dict(part(volume, "metadata", "annotations"))
    if not reference:
        annotations[BOUND_BY_CONTROLLER] = "yes"
    wanted = {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        **{key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")},
    }
    return {
        **volume,
        "metadata": {**volume["metadata"], "annotations": annotations},
        "spec": {**volume["spec"], "claimRef": wanted},
    }


def _capacity(volume: Object) -> int:
    return Quantity.parse(text(volume, "spec", "capacity", "storage") or "0").value()
