"""Which volume suits a claim, and in which phase volumes and claims are.

Pure; upstream: pkg/controller/volume/persistentvolume. Nothing is provisioned here: volumes come from an
administrator, or from an external provisioner that is told of the claim by annotation.
"""

from collections.abc import Iterable

from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, text, values
from kubeade.api.resource import Object
from kubeade.api.volume_matching import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    is_reserved_for,
    smallest_free,
    unsuitable,
)

PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_STORAGE_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"


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
    return smallest_free(claim, suitable)


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
