"""Rules of a container's mounts and block devices (upstream: ValidateVolumeMounts, ValidateVolumeDevices)."""

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, forbidden, invalid, not_found, not_supported, required
from kubeade.api.validation.paths import relative_path

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")


def volume_mounts(container: Object, volumes: dict[str, Object], path: str) -> Errors:
    """Where the pod's volumes appear in the container."""
    devices = {text(d, "name"): text(d, "devicePath") for d in parts(container, "volumeDevices")}
    used: set[str] = set()
    for index, mount in enumerate(parts(container, "volumeMounts")):
        at, name, target = f"{path}[{index}]", text(mount, "name"), text(mount, "mountPath")
        if not name:
            yield required(f"{at}.name")
        if name not in volumes:
            yield not_found(f"{at}.name", name)
        if not target:
            yield required(f"{at}.mountPath")
        if target in used:
            yield invalid(f"{at}.mountPath", target, "must be unique")
        used.add(target)
        if name in devices:
            yield invalid(f"{at}.name", name, "must not already exist in volumeDevices")
        if target in devices.values():
            detail = "must not already exist as a path in volumeDevices"
            yield invalid(f"{at}.mountPath", target, detail)
        # Upstream leaves the index out of the paths of what follows.
        yield from _sub_path(mount, at, path)
        yield from _propagation(mount, container, path)


def _sub_path(mount: Object, at: str, path: str) -> Errors:
    sub_path, expression = text(mount, "subPath"), text(mount, "subPathExpr")
    yield from relative_path(sub_path, f"{path}.subPath")
    if sub_path and expression:
        yield invalid(f"{at}.subPathExpr", expression, "subPathExpr and subPath are mutually exclusive")
    yield from relative_path(expression, f"{path}.subPathExpr")


def _propagation(mount: Object, container: Object, path: str) -> Errors:
    propagation = mount.get("mountPropagation")
    if propagation is not None and propagation not in _PROPAGATIONS:
        yield not_supported(f"{path}.mountPropagation", propagation, _PROPAGATIONS)
    if propagation == "Bidirectional" and not part(container, "securityContext").get("privileged"):
        detail = "Bidirectional mount propagation is available only to privileged containers"
        yield forbidden(f"{path}.mountPropagation", detail)
    recursive = mount.get("recursiveReadOnly")
    if recursive is not None and recursive not in _RECURSIVE:
        yield not_supported(f"{path}.recursiveReadOnly", recursive, _RECURSIVE)
    elif recursive in ("Enabled", "IfPossible"):
        if not mount.get("readOnly"):
            yield forbidden(f"{path}.recursiveReadOnly", "may only be specified when readOnly is true")
        if propagation not in (None, "None"):
            detail = "may only be specified when mountPropagation is None or not specified"
            yield forbidden(f"{path}.recursiveReadOnly", detail)


def volume_devices(container: Object, volumes: dict[str, Object], path: str) -> Errors:
    """Which of the pod's claims appear as raw devices in the container."""
    mounts = {text(m, "name"): text(m, "mountPath") for m in parts(container, "volumeMounts")}
    names: set[str] = set()
    targets: set[str] = set()
    for index, device in enumerate(parts(container, "volumeDevices")):
        at, name, target = f"{path}[{index}]", text(device, "name"), text(device, "devicePath")
        yield from _device_name(name, volumes, names, f"{at}.name")
        if not target:
            yield required(f"{at}.devicePath")
        if target in targets:
            yield invalid(f"{at}.devicePath", target, "must be unique")
        if ".." in target.split("/"):
            yield invalid(f"{at}.devicePath", target, "can not contain backsteps ('..')")
        if name in mounts:
            yield invalid(f"{at}.name", name, "must not already exist in volumeMounts")
        if target in mounts.values():
            detail = "must not already exist as a path in volumeMounts"
            yield invalid(f"{at}.devicePath", target, detail)
        names.add(name)
        targets.add(target)


def _device_name(name: str, volumes: dict[str, Object], names: set[str], path: str) -> Errors:
    if not name:
        yield required(path)
    if name in names:
        yield invalid(path, name, "must be unique")
    volume = volumes.get(name)
    if volume is None:
        yield not_found(path, name)
    elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
        detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        yield invalid(path, name, detail)
