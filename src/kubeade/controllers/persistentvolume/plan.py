"""Which volume suits a claim, and in which phase volumes and claims are.

Pure; upstream: pkg/controller/volume/persistentvolume. Nothing is provisioned here: volumes come from an
administrator, or from an external provisioner that is told of the claim by annotation.
"""

from collections.abc import Iterable

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, text, values
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.api.selectors import LabelSelector

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class"
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def class_of(item: Object) -> str:
    """The storage class that a claim or a volume names."""
    return text(item, "metadata", "annotations", STORAGE_CLASS) or text(item, "spec", "storageClassName")


def best_volume(claim: Object, volumes: Iterable[Object], *, delayed: bool) -> Object | None:
    """A volume that is reserved for the claim, else the smallest free one that suits it.

    `delayed`: the claim's class waits for its first consumer, so only a reserved one counts.
    """
    suitable = [one for one in volumes if unsuitable(claim, one) == "" and not is_being_deleted(one)]
    for volume in suitable:
        if is_reserved_for(volume, claim):
            return volume
    if delayed:
        return None
    selector = part(claim, "spec").get("selector")
    matches = LabelSelector.from_object(selector if selector is not None else {}).matches
    free = [
        one
        for one in suitable
        if not part(one, "spec", "claimRef")
        and text(one, "status", "phase") == "Available"
        and matches(one["metadata"].get("labels"))
    ]
    return min(free, key=lambda one: (_capacity(one), one["metadata"]["name"]), default=None)


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


def is_reserved_for(volume: Object, claim: Object) -> bool:
    """Whether claimRef names this claim; without a uid any claim of that name is meant."""
    reference = part(volume, "spec", "claimRef")
    names = ("name", "namespace")
    if not reference or any(reference.get(key) != claim["metadata"][key] for key in names):
        return False
    return reference.get("uid") in (None, "", claim["metadata"]["uid"])


def is_bound(claim: Object) -> bool:
    return BIND_COMPLETED in part(claim, "metadata", "annotations")


def volume_status(volume: Object, claim: Object | None) -> tuple[str, str]:
    """The volume's phase and its message; `claim` is the one that claimRef names, if it exists."""
    reference = part(volume, "spec", "claimRef")
    if not reference.get("uid"):
        return "Available", ""
    if claim is None or claim["metadata"]["uid"] != reference["uid"]:
        return _released(volume)
    if text(claim, "spec", "volumeName") == volume["metadata"]["name"]:
        return "Bound", ""
    return text(volume, "status", "phase") or "Available", ""


def _released(volume: Object) -> tuple[str, str]:
    policy = text(volume, "spec", "persistentVolumeReclaimPolicy") or "Retain"
    if policy == "Recycle":
        return "Failed", "No recycler plugin found for the volume!"
    if policy == "Delete" and PROVISIONED_BY not in part(volume, "metadata", "annotations"):
        name = volume["metadata"]["name"]
        why = "no deletable volume plugin matched"
        return "Failed", f'error getting deleter volume plugin for volume "{name}": {why}'
    return "Released", ""


def bound_volume(volume: Object, claim: Object) -> Object:
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


def bound_claim(claim: Object, volume: Object) -> Object:
    """The claim with its volume's name; the same object when it has it already."""
    name, annotations = volume["metadata"]["name"], part(claim, "metadata", "annotations")
    if text(claim, "spec", "volumeName") == name and BIND_COMPLETED in annotations:
        return claim
    added = {BIND_COMPLETED: "yes"}
    if not text(claim, "spec", "volumeName"):
        added[BOUND_BY_CONTROLLER] = "yes"
    return {
        **claim,
        "metadata": {**claim["metadata"], "annotations": {**annotations, **added}},
        "spec": {**claim["spec"], "volumeName": name},
    }


def claim_status(claim: Object, phase: str, volume: Object | None) -> Object:
    status = {**part(claim, "status"), "phase": phase}
    if volume is None:
        status.pop("accessModes", None)
        status.pop("capacity", None)
        return status
    status["accessModes"] = values(volume, "spec", "accessModes")
    if part(claim, "status").get("phase") != "Bound":
        status["capacity"] = part(volume, "spec", "capacity")
    return status


def _capacity(volume: Object) -> int:
    return Quantity.parse(text(volume, "spec", "capacity", "storage") or "0").value()
