"""Defaults of a pod's volumes."""

from kubeade.api.defaults.fill import attached, fill
from kubeade.api.parts import part, parts
from kubeade.api.resource import Object

_FILE_MODE = 0o644
_TOKEN_LIFETIME_SECONDS = 3600


def default_volume(volume: Object) -> None:
    """One entry of `spec.volumes`: an empty directory where no source is named."""
    if not any(value is not None for key, value in volume.items() if key != "name"):
        volume["emptyDir"] = {}
    for name in ("secret", "configMap", "downwardAPI", "projected"):
        if isinstance(files := volume.get(name), dict):
            fill(files, "defaultMode", _FILE_MODE)
    host_path = volume.get("hostPath")
    if isinstance(host_path, dict) and host_path.get("type") is None:
        host_path["type"] = ""
    for item in parts(volume, "downwardAPI", "items"):
        default_field_ref(item)
    for source in parts(volume, "projected", "sources"):
        _default_projection(source)
    if template := part(volume, "ephemeral", "volumeClaimTemplate"):
        fill(attached(template, "spec"), "volumeMode", "Filesystem")
    _default_image(volume)
    _default_legacy(volume)


def default_field_ref(holder: Object) -> None:
    """A downward API reference names the version of the object it reads."""
    if isinstance(field_ref := holder.get("fieldRef"), dict):
        fill(field_ref, "apiVersion", "v1")


def _default_projection(source: Object) -> None:
    for item in parts(source, "downwardAPI", "items"):
        default_field_ref(item)
    if isinstance(token := source.get("serviceAccountToken"), dict):
        fill(token, "expirationSeconds", _TOKEN_LIFETIME_SECONDS)


def _default_image(volume: Object) -> None:
    image = volume.get("image")
    if isinstance(image, dict):
        name = str(image.get("reference") or "")
        latest = name and "@" not in name and name.rpartition("/")[2].partition(":")[2] in ("", "latest")
        fill(image, "pullPolicy", "Always" if latest else "IfNotPresent")


def _default_legacy(volume: Object) -> None:
    if isinstance(iscsi := volume.get("iscsi"), dict):
        fill(iscsi, "iscsiInterface", "default")
    if isinstance(rbd := volume.get("rbd"), dict):
        fill(rbd, "pool", "rbd")
        fill(rbd, "user", "admin")
        fill(rbd, "keyring", "/etc/ceph/keyring")
    if isinstance(disk := volume.get("azureDisk"), dict):
        fill(disk, "cachingMode", "ReadWrite")
        fill(disk, "fsType", "ext4")
        fill(disk, "readOnly", False)
        fill(disk, "kind", "Shared")
