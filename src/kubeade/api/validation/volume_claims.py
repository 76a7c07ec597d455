"""Rules of volumes, claims on them, and their classes (upstream: ValidatePersistentVolume*)."""

import copy

from kubeade.api.parts import part, text, values
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.api.validation.driver_names import driver_name
from kubeade.api.validation.fields import (
    Errors,
    forbidden,
    immutable,
    invalid,
    messages,
    not_supported,
    required,
)
from kubeade.api.validation.names import dns_label, dns_subdomain
from kubeade.api.validation.pod_volumes import host_path
from kubeade.api.validation.quantities import quantity, quantity_of
from kubeade.api.validation.scheduling import node_selector
from kubeade.api.validation.selectors import label_selector

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
_VOLUME_MODES = ("Block", "Filesystem")
_CSI_SECRETS = (
    "controllerPublishSecretRef",
    "controllerExpandSecretRef",
    "nodePublishSecretRef",
    "nodeExpandSecretRef",
)
_NOT_SOURCES = {
    "capacity",
    "accessModes",
    "claimRef",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "mountOptions",
    "volumeMode",
    "nodeAffinity",
    "volumeAttributesClassName",
}


def persistent_volume(found: Object) -> Errors:
    spec = part(found, "spec")
    if not values(spec, "accessModes"):
        yield required("spec.accessModes")
    yield from _access_modes(spec, "spec.accessModes")
    yield from _capacity(part(spec, "capacity"))
    policy = spec.get("persistentVolumeReclaimPolicy", "Retain")
    if policy not in _RECLAIM_POLICIES:
        yield not_supported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM_POLICIES)
    if (affinity := spec.get("nodeAffinity")) is not None:
        if part(affinity).get("required") is None:
            yield required("spec.nodeAffinity.required", "must specify required node constraints")
        else:
            yield from node_selector(part(affinity, "required"), "spec.nodeAffinity.required")
    yield from _volume_source(spec, "spec")
    yield from _class_and_mode(spec, "spec")


def inline_volume(spec: Object, path: str) -> Errors:
    """A volume that an attachment describes by itself, without a PersistentVolume."""
    inline = "in the context of inline volumes"
    for key in ("claimRef", "capacity"):
        if spec.get(key):
            yield forbidden(f"{path}.{key}", f"may not be specified {inline}")
    if spec.get("csi") is None:
        yield required(f"{path}.csi", f"has to be specified {inline}")
    if not values(spec, "accessModes"):
        yield required(f"{path}.accessModes")
    yield from _access_modes(spec, f"{path}.accessModes")
    if text(spec, "persistentVolumeReclaimPolicy") not in ("", "Retain"):
        yield forbidden(f"{path}.persistentVolumeReclaimPolicy", f"may only be Retain {inline}")
    if spec.get("nodeAffinity") is not None:
        yield forbidden(f"{path}.nodeAffinity", f"may not be specified {inline}")
    yield from _volume_source(spec, path)
    if text(spec, "storageClassName"):
        yield forbidden(f"{path}.storageClassName", f"may not be specified {inline}")
    if spec.get("volumeMode", "Filesystem") != "Filesystem":
        yield forbidden(f"{path}.volumeMode", f"may not specify volumeMode other than Filesystem {inline}")


def _capacity(capacity: Object) -> Errors:
    if not capacity:
        yield required("spec.capacity")
    if list(capacity) != ["storage"]:
        yield not_supported("spec.capacity", capacity, ("storage",))
    for name, value in capacity.items():
        yield from _positive(name, value, f"spec.capacity[{name}]")


def _positive(name: str, value: object, path: str) -> Errors:
    found = quantity_of(value)
    if found is not None and found <= Quantity.parse("0"):
        yield invalid(path, str(value), "must be greater than zero")
    else:
        yield from quantity(name, value, path)


_ORDER = """
    hostPath gcePersistentDisk awsElasticBlockStore glusterfs flocker nfs rbd quobyte cephfs iscsi cinder fc
    flexVolume azureFile vsphereVolume photonPersistentDisk portworxVolume azureDisk scaleIO local storageos
    csi
    """.split()  # noqa: SIM905 - a list of twenty names would be twenty lines
"""Upstream's: the first of several sources is the one that is looked at."""


def _volume_source(spec: Object, path: str) -> Errors:
    found = [key for key in spec if key not in _NOT_SOURCES and spec[key] is not None]
    found.sort(key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    if not found:
        yield required(path, "must specify a volume type")
    for key in found[1:]:
        named = "cephFS" if key == "cephfs" else key
        yield forbidden(f"{path}.{named}", "may not specify more than 1 volume type")
    if found[:1] == ["hostPath"]:
        yield from host_path(part(spec, "hostPath"), f"{path}.hostPath")
        if text(spec, "hostPath", "path") == "/" and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
            detail = "may not be 'recycle' for a hostPath mount of '/'"
            yield forbidden(f"{path}.persistentVolumeReclaimPolicy", detail)
    if found[:1] == ["local"]:
        if not text(spec, "local", "path"):
            yield required(f"{path}.local.path")
        if spec.get("nodeAffinity") is None:
            yield required(f"{path}.nodeAffinity", "Local volume requires node affinity")
    if found[:1] == ["csi"]:
        yield from _csi(part(spec, "csi"), f"{path}.csi")


def _csi(source: Object, path: str) -> Errors:
    yield from driver_name(text(source, "driver"), f"{path}.driver")
    if not text(source, "volumeHandle"):
        yield required(f"{path}.volumeHandle")
    for key in _CSI_SECRETS:
        if isinstance(reference := source.get(key), dict):
            for field, rule in (("name", dns_subdomain), ("namespace", dns_label)):
                name, at = text(reference, field), f"{path}.{key}.{field}"
                if not name:
                    yield required(at)
                else:
                    yield from messages(at, name, rule(name))


def persistent_volume_change(new: Object, old: Object) -> Errors:
    after, before = part(new, "spec"), part(old, "spec")
    keys = {*after, *before} - _NOT_SOURCES
    if any(after.get(key) != before.get(key) for key in keys):
        detail = "spec.persistentvolumesource is immutable after creation\n"
        yield forbidden("spec.persistentvolumesource", detail)
    yield from immutable("volumeMode", after.get("volumeMode"), before.get("volumeMode"))


def persistent_volume_claim(found: Object) -> Errors:
    yield from claim_spec(part(found, "spec"), "spec")


def claim_spec(spec: Object, path: str) -> Errors:
    """What is claimed, in a claim or in a template of claims."""
    if not values(spec, "accessModes"):
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    yield from label_selector(spec.get("selector"), f"{path}.selector")
    yield from _access_modes(spec, f"{path}.accessModes")
    requests = part(spec, "resources", "requests")
    if "storage" not in requests:
        yield required(f"{path}.resources[storage]")
    else:
        yield from _positive("storage", requests["storage"], f"{path}.resources[storage]")
    yield from _class_and_mode(spec, path)
    for key in ("dataSource", "dataSourceRef"):
        if isinstance(source := spec.get(key), dict):
            yield from _data_source(source, f"{path}.{key}")


def _data_source(source: Object, path: str) -> Errors:
    for key in ("name", "kind"):
        if not text(source, key):
            yield required(f"{path}.{key}")
    group, kind = text(source, "apiGroup"), text(source, "kind")
    if not group and kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        yield invalid(path, kind, detail)
    if group:
        yield from messages(f"{path}.apiGroup", group, dns_subdomain(group))


def _access_modes(spec: Object, path: str) -> Errors:
    modes = values(spec, "accessModes")
    for mode in modes:
        if mode not in _ACCESS_MODES:
            yield not_supported(path, mode, _ACCESS_MODES)
    others = [mode for mode in modes if mode in _ACCESS_MODES and mode != "ReadWriteOncePod"]
    if "ReadWriteOncePod" in modes and others:
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


def _class_and_mode(spec: Object, path: str) -> Errors:
    if name := text(spec, "storageClassName"):
        yield from messages(f"{path}.storageClassName", name, dns_subdomain(name))
    mode = spec.get("volumeMode")
    if mode is not None and mode not in _VOLUME_MODES:
        yield not_supported(f"{path}.volumeMode", mode, _VOLUME_MODES)
    if name := text(spec, "volumeAttributesClassName"):
        yield from messages(f"{path}.volumeAttributesClassName", name, dns_subdomain(name))


def persistent_volume_claim_change(new: Object, old: Object) -> Errors:
    """A claim may grow once bound; all else stays."""
    after, before = copy.deepcopy(part(new, "spec")), copy.deepcopy(part(old, "spec"))
    if not before.get("volumeName"):
        before.pop("volumeName", None)
        after.pop("volumeName", None)
    if before.get("storageClassName") is None:
        after.pop("storageClassName", None)
        before.pop("storageClassName", None)
    bound = text(new, "status", "phase") == "Bound"
    if bound:
        for spec in (after, before):
            spec.pop("volumeAttributesClassName", None)
            part(spec, "resources", "requests").pop("storage", None)
    if after != before:
        what = "except resources.requests and volumeAttributesClassName for bound claims"
        yield forbidden("spec", f"spec is immutable after creation {what}\n")
    yield from _not_shrunk(new, old)
    modes = (part(new, "spec").get("volumeMode"), part(old, "spec").get("volumeMode"))
    yield from immutable("volumeMode", *modes)


def _not_shrunk(new: Object, old: Object) -> Errors:
    size = quantity_of(part(new, "spec", "resources", "requests").get("storage", 0))
    old_size = quantity_of(part(old, "spec", "resources", "requests").get("storage", 0))
    actual = quantity_of(part(old, "status", "capacity").get("storage", 0))
    if size is None or old_size is None or actual is None:
        return
    if size < old_size and size <= actual:
        detail = "field can not be less than status.capacity"
        yield forbidden("spec.resources.requests.storage", detail)
