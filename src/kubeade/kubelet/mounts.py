"""What is mounted into a container: its volumes, its hosts file, its termination message."""

from collections.abc import Mapping
from pathlib import Path

from kubeade.api.resource import Object
from kubeade.cri.types import Mount, MountPropagation
from kubeade.kubelet.environment import ConfigError
from kubeade.kubelet.expansion import expand
from kubeade.kubelet.failures import VolumeError
from kubeade.kubelet.volumes.manager import PodVolume
from kubeade.kubelet.volumes.sub_path import SubPath, resolve_sub_path

HOSTS_PATH = "/etc/hosts"
_PROPAGATION = {
    "None": MountPropagation.PRIVATE,
    "HostToContainer": MountPropagation.HOST_TO_CONTAINER,
    "Bidirectional": MountPropagation.BIDIRECTIONAL,
}


def volume_mounts(
    container: Object, volumes: Mapping[str, PodVolume], variables: Mapping[str, str]
) -> list[Mount]:
    """Raises ConfigError."""
    if container.get("volumeDevices"):
        raise ConfigError("volumeDevices (raw block volumes) are not supported by this node")
    return [_mount(each, volumes, variables) for each in container.get("volumeMounts") or []]


def _mount(mount: Object, volumes: Mapping[str, PodVolume], variables: Mapping[str, str]) -> Mount:
    volume = volumes.get(mount["name"])
    if volume is None:
        raise ConfigError(f"cannot find volume {mount['name']!r} to mount into container")
    path = mount["mountPath"] if mount["mountPath"].startswith("/") else f"/{mount['mountPath']}"
    sub_path = _sub_path(mount, variables)
    if volume.image:
        return Mount(path, "", readonly=True, image=volume.image, image_sub_path=sub_path)
    source = _source(mount, volume.path, sub_path)
    return Mount(
        container_path=path,
        host_path=str(source.volume),
        sub_path=source.way,
        readonly=bool(mount.get("readOnly")) or volume.read_only,
        recursive_read_only=mount.get("recursiveReadOnly") in ("Enabled", "IfPossible"),
        propagation=_PROPAGATION[mount.get("mountPropagation") or "None"],
        options=mount.get("bindMountOptions") or [],
    )


def _source(mount: Object, volume: Path, sub_path: str) -> SubPath:
    if not sub_path:
        return SubPath(volume, "")
    try:
        return resolve_sub_path(volume, sub_path)
    except VolumeError as error:
        text = f'failed to prepare subPath for volumeMount "{mount["name"]}" of container: {error}'
        raise ConfigError(text) from error


def _sub_path(mount: Object, variables: Mapping[str, str]) -> str:
    expression = mount.get("subPathExpr")
    if not expression:
        return mount.get("subPath") or ""
    sub_path = expand(expression, variables)
    if "$(" in sub_path:
        raise ConfigError(f'missing value for a variable in subPathExpr "{expression}"')
    return sub_path


def hosts_mount(container: Object, hosts_file: Path) -> list[Mount]:
    """The pod's hosts file, unless the container mounts one itself."""
    own = any(each["mountPath"] == HOSTS_PATH for each in container.get("volumeMounts") or [])
    return [] if own else [Mount(HOSTS_PATH, str(hosts_file))]


def termination_mount(container: Object, directory: Path, attempt: int) -> list[Mount]:
    """A fresh file for the container's last words; made here."""
    path = container.get("terminationMessagePath")
    if not path or any(each["mountPath"] == path for each in container.get("volumeMounts") or []):
        return []
    file = directory / "containers" / container["name"] / f"termination-{attempt}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")
    file.chmod(0o666)
    return [Mount(path, str(file))]
