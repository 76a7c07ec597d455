"""How volumes, claims, classes and drivers are printed."""

from datetime import datetime

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.tables.column import Cells, printer
from kubeade.api.tables.formats import NONE, UNSET, age, name_of

_ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_ANNOTATIONS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def persistent_volume_cells(volume: Object, now: datetime) -> Cells:
    spec = part(volume, "spec")
    claim = part(spec, "claimRef")
    return [
        name_of(volume),
        str(part(spec, "capacity").get("storage", 0)),
        _access_modes(spec),
        text(spec, "persistentVolumeReclaimPolicy"),
        _phase(volume),
        f"{text(claim, 'namespace')}/{text(claim, 'name')}" if claim else "",
        _class(volume),
        text(spec, "volumeAttributesClassName") or UNSET,
        text(volume, "status", "reason"),
        age(volume, now),
        text(spec, "volumeMode") or UNSET,
    ]


def persistent_volume_claim_cells(claim: Object, now: datetime) -> Cells:
    spec, status = part(claim, "spec"), part(claim, "status")
    bound = bool(text(spec, "volumeName"))
    return [
        name_of(claim),
        _phase(claim),
        text(spec, "volumeName"),
        str(part(status, "capacity").get("storage", 0)) if bound else "",
        _access_modes(status) if bound else "",
        _class(claim),
        text(spec, "volumeAttributesClassName") or UNSET,
        age(claim, now),
        text(spec, "volumeMode") or UNSET,
    ]


def _phase(obj: Object) -> str:
    deleted = part(obj, "metadata").get("deletionTimestamp") is not None
    return "Terminating" if deleted else text(obj, "status", "phase")


def _access_modes(holder: Object) -> str:
    found = set(map(str, values(holder, "accessModes")))
    return ",".join(short for mode, short in _ACCESS_MODES.items() if mode in found)


def _class(obj: Object) -> str:
    annotated = part(obj, "metadata", "annotations").get(_CLASS_ANNOTATION)
    return str(annotated) if annotated is not None else text(obj, "spec", "storageClassName")


def storage_class_cells(storage_class: Object, now: datetime) -> Cells:
    annotations = part(storage_class, "metadata", "annotations")
    default = any(annotations.get(key) == "true" for key in _DEFAULT_ANNOTATIONS)
    return [
        name_of(storage_class) + (" (default)" if default else ""),
        text(storage_class, "provisioner"),
        text(storage_class, "reclaimPolicy") or "Delete",
        text(storage_class, "volumeBindingMode") or "Immediate",
        bool(storage_class.get("allowVolumeExpansion")),
        age(storage_class, now),
    ]


def volume_attributes_class_cells(attributes_class: Object, now: datetime) -> Cells:
    return [name_of(attributes_class), text(attributes_class, "driverName"), age(attributes_class, now)]


def volume_attachment_cells(attachment: Object, now: datetime) -> Cells:
    spec = part(attachment, "spec")
    return [
        name_of(attachment),
        text(spec, "attacher"),
        text(spec, "source", "persistentVolumeName"),
        text(spec, "nodeName"),
        bool(part(attachment, "status").get("attached")),
        age(attachment, now),
    ]


def csi_node_cells(node: Object, now: datetime) -> Cells:
    return [name_of(node), len(parts(node, "spec", "drivers")), age(node, now)]


def csi_driver_cells(driver: Object, now: datetime) -> Cells:
    spec = part(driver, "spec")
    tokens = spec.get("tokenRequests")
    audiences = ",".join(text(token, "audience") for token in parts(spec, "tokenRequests"))
    return [
        name_of(driver),
        spec.get("attachRequired") is not False,
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        UNSET if tokens is None else audiences,
        bool(spec.get("requiresRepublish")),
        ",".join(map(str, values(spec, "volumeLifecycleModes"))) or NONE,
        age(driver, now),
    ]


def csi_storage_capacity_cells(capacity: Object, _now: datetime) -> Cells:
    storage_class = text(capacity, "storageClassName")
    return [name_of(capacity), storage_class, str(capacity.get("capacity", UNSET))]


PERSISTENT_VOLUME = printer(
    persistent_volume_cells,
    "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim",
    "StorageClass|VolumeAttributesClass|Reason|Age|+VolumeMode",
)
PERSISTENT_VOLUME_CLAIM = printer(
    persistent_volume_claim_cells,
    "Name|Status|Volume|Capacity|Access Modes",
    "StorageClass|VolumeAttributesClass|Age|+VolumeMode",
)
STORAGE_CLASS = printer(
    storage_class_cells, "Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age"
)
VOLUME_ATTRIBUTES_CLASS = printer(volume_attributes_class_cells, "Name|DriverName|Age")
VOLUME_ATTACHMENT = printer(volume_attachment_cells, "Name|Attacher|PV|Node|Attached:boolean|Age")
CSI_NODE = printer(csi_node_cells, "Name|Drivers:integer|Age")
CSI_DRIVER = printer(
    csi_driver_cells,
    "Name|AttachRequired:boolean|PodInfoOnMount:boolean|StorageCapacity:boolean",
    "TokenRequests|RequiresRepublish:boolean|Modes|Age",
)
CSI_STORAGE_CAPACITY = printer(csi_storage_capacity_cells, "Name|StorageClassName|Capacity")
