"""Defaults of volumes, claims, classes and drivers."""

from kubeade.api.defaults.fill import attached, fill, fill_absent
from kubeade.api.resource import Object


def default_persistent_volume(volume: Object) -> None:
    """Kept when released, and a file system."""
    spec = attached(volume, "spec")
    fill(spec, "persistentVolumeReclaimPolicy", "Retain")
    fill_absent(spec, "volumeMode", "Filesystem")
    fill(attached(volume, "status"), "phase", "Pending")
    host_path = spec.get("hostPath")
    if isinstance(host_path, dict) and host_path.get("type") is None:
        host_path["type"] = ""


def default_persistent_volume_claim(claim: Object) -> None:
    """A file system."""
    fill_absent(attached(claim, "spec"), "volumeMode", "Filesystem")
    fill(attached(claim, "status"), "phase", "Pending")


def default_storage_class(storage_class: Object) -> None:
    """Volumes are deleted with their claim and bound at once."""
    fill_absent(storage_class, "reclaimPolicy", "Delete")
    fill_absent(storage_class, "volumeBindingMode", "Immediate")


def default_csi_driver(driver: Object) -> None:
    """A driver that attaches, and wants nothing more."""
    spec = attached(driver, "spec")
    fill(spec, "attachRequired", True)
    for key in ("podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"):
        fill(spec, key, False)
    fill_absent(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]
