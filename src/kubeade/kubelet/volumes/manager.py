"""Sets up and removes the volumes of pods, and keeps the files of running pods fresh.

`ensure` is repeated on every look at a pod: what is there already costs a comparison. Kinds of volumes that
this node does not have are refused by name.
"""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kubeade.api.errors import ApiError
from kubeade.api.pod_requests import amount, container_amounts
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES
from kubeade.client.client import Client
from kubeade.kubelet import pods
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.failures import VolumeError
from kubeade.kubelet.referenced_objects import ReferencedObjects
from kubeade.kubelet.volumes.atomic_writer import FileContent, write_atomically
from kubeade.kubelet.volumes.host_path import check_host_path
from kubeade.kubelet.volumes.mounter import Mounter
from kubeade.kubelet.volumes.ownership import belongs_to_group, common_user, fs_group, give_to_group
from kubeade.kubelet.volumes.projection import ProjectionInputs, token_sources, volume_files
from kubeade.kubelet.volumes.tokens import Tokens

FILE_KINDS = ("configMap", "secret", "downwardAPI", "projected")


@dataclass(frozen=True, slots=True)
class PodVolume:
    """Where a volume is on this node. `read_only`: no container may write to it, whatever its mount says.
    `image`: it is the content of that image, which only the runtime knows how to find."""

    path: Path
    read_only: bool = False
    image: str = ""
    pull_policy: str = ""


class VolumeManager:
    def __init__(
        self,
        config: KubeletConfig,
        client: Client,
        objects: ReferencedObjects,
        tokens: Tokens,
        mounter: Mounter,
    ) -> None:
        self._config = config
        self._client = client
        self._objects = objects
        self._tokens = tokens
        self._mounter = mounter
        self._written: dict[tuple[str, str], dict[str, FileContent]] = {}

    async def ensure(self, pod: Object, allocatable: dict[str, str]) -> dict[str, PodVolume]:
        """All volumes of the pod, by name. Raises VolumeError."""
        volumes: dict[str, PodVolume] = {}
        for volume in pod["spec"].get("volumes") or []:
            try:
                volumes[volume["name"]] = await self._ensure_one(pod, volume, allocatable)
            except (VolumeError, ApiError, OSError) as error:
                message = f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
                raise VolumeError(message) from error
        return volumes

    def renew_at(self, uid: str) -> datetime | None:
        """When `ensure` should be called again for the sake of a token."""
        return self._tokens.renew_at(uid)

    async def remove(self, uid: str) -> None:
        """Delete what the pod's volumes hold on this node; host paths and claims keep their contents."""
        root = self._config.pod_directory(uid) / "volumes"
        for mount in root.glob("*/*"):
            self._mounter.unmount(mount)
        await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
        for key in [each for each in self._written if each[0] == uid]:
            del self._written[key]
        self._tokens.forget(uid)

    async def _ensure_one(self, pod: Object, volume: Object, allocatable: dict[str, str]) -> PodVolume:
        kind = next((key for key in volume if key != "name"), "emptyDir")
        if kind in FILE_KINDS:
            return await self._files(pod, volume, kind, allocatable)
        if kind == "emptyDir":
            return self._empty_dir(pod, volume, allocatable)
        if kind == "hostPath":
            return _host_path(volume["hostPath"])
        if kind == "persistentVolumeClaim":
            claim = volume["persistentVolumeClaim"]
            return await self._claim(pod, claim["claimName"], read_only=bool(claim.get("readOnly")))
        if kind == "ephemeral":
            return await self._claim(pod, f"{pod['metadata']['name']}-{volume['name']}", read_only=False)
        if kind == "image":
            source = volume["image"]
            return PodVolume(
                Path(), True, source.get("reference") or "", source.get("pullPolicy") or "IfNotPresent"
            )
        raise VolumeError(f"{kind} volumes are not supported by this node")

    def _directory(self, pod: Object, kind: str, name: str, mode: int) -> Path:
        plugin = {"emptyDir": "empty-dir", "configMap": "configmap", "downwardAPI": "downward-api"}
        parent = self._config.pod_directory(pods.uid_of(pod)) / "volumes"
        path = parent / f"kubernetes.io~{plugin.get(kind, kind)}" / name
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(mode)
        return path

    def _empty_dir(self, pod: Object, volume: Object, allocatable: dict[str, str]) -> PodVolume:
        source = volume.get("emptyDir") or {}
        mode = source.get("mode")
        path = self._directory(pod, "emptyDir", volume["name"], 0o777 if mode is None else int(mode))
        medium = source.get("medium") or ""
        if medium == "Memory" and self._mounter.can_mount():
            self._mounter.mount_tmpfs(path, memory_limit(pod, source, allocatable))
        elif medium.startswith("HugePages"):
            raise VolumeError(f"emptyDir volumes with medium {medium} are not supported by this node")
        group = fs_group(pod)
        if group is not None and path.stat().st_gid != group:
            give_to_group(path, group, read_only=False)
        return PodVolume(path)

    async def _files(self, pod: Object, volume: Object, kind: str, allocatable: dict[str, str]) -> PodVolume:
        namespace = pods.namespace_of(pod)
        group = fs_group(pod)
        tokens = {source["path"]: await self._tokens.get(pod, source) for source in token_sources(volume)}

        def lookup(resource: Resource, name: str) -> Object | None:
            return self._objects.get(resource, namespace, name)

        files = volume_files(
            volume,
            ProjectionInputs(pod, lookup, allocatable, tokens, common_user(pod), group is not None),
        )
        path = self._directory(pod, kind, volume["name"], 0o755)
        key = (pods.uid_of(pod), volume["name"])
        if self._written.get(key) != files:
            own = None if group is None else lambda root: give_to_group(root, group, read_only=True)
            write_atomically(path, files, own)
            self._written[key] = files
        return PodVolume(path, read_only=True)

    def _own_once(self, pod: Object, name: str, path: Path) -> None:
        """Give a claim's directory to the pod's group when it is set up, and not on every look at it."""
        group, key = fs_group(pod), (pods.uid_of(pod), f"claim {name}")
        if group is None or key in self._written:
            return
        policy = (pod["spec"].get("securityContext") or {}).get("fsGroupChangePolicy")
        if policy != "OnRootMismatch" or not belongs_to_group(path, group):
            give_to_group(path, group, read_only=False)
        self._written[key] = {}

    async def _claim(self, pod: Object, name: str, *, read_only: bool) -> PodVolume:
        namespace = pods.namespace_of(pod)
        claim = await self._client.get(PERSISTENT_VOLUME_CLAIMS, name, namespace)
        bound_to = claim["spec"].get("volumeName")
        if not bound_to or (claim.get("status") or {}).get("phase") != "Bound":
            raise VolumeError(f"error processing PVC {namespace}/{name}: PVC is not bound")
        if claim["spec"].get("volumeMode") == "Block":
            raise VolumeError(f"PVC {namespace}/{name}: block volumes are not supported by this node")
        spec = (await self._client.get(PERSISTENT_VOLUMES, bound_to))["spec"]
        if "hostPath" in spec:
            found = _host_path(spec["hostPath"])
        elif "local" in spec:
            found = PodVolume(_existing_directory(Path(spec["local"]["path"])))
        else:
            kind = next((each for each in _SOURCES if each in spec), "this kind of")
            raise VolumeError(
                f'persistent volume "{bound_to}": {kind} volumes are not supported by this node'
            )
        if "local" in spec and not read_only:
            self._own_once(pod, name, found.path)
        return PodVolume(found.path, read_only=read_only)


def memory_limit(pod: Object, source: Object, allocatable: dict[str, str]) -> int:
    """How much memory an emptyDir may take: what it asks for, what its pod may have, what the node has; the
    least of these counts (upstream: calculateEmptyDirMemorySize)."""
    limits = [
        amount("memory", allocatable.get("memory") or 0),
        amount("memory", source.get("sizeLimit") or 0),
        _pod_memory_limit(pod),
    ]
    return min((each for each in limits if each > 0), default=0)


def _pod_memory_limit(pod: Object) -> int:
    """0 where one of its containers may take as much as it likes."""
    whole = container_amounts(pod["spec"], "limits").get("memory", 0)
    each = [container_amounts(one, "limits").get("memory", 0) for one in pods.app_containers(pod)]
    return whole or (sum(each) if all(each) else 0)


_SOURCES = (
    "csi",
    "nfs",
    "iscsi",
    "fc",
    "rbd",
    "cephfs",
    "awsElasticBlockStore",
    "gcePersistentDisk",
    "azureDisk",
)


def _host_path(source: Object) -> PodVolume:
    path = Path(source["path"])
    check_host_path(path, source.get("type") or "")
    return PodVolume(path)


def _existing_directory(path: Path) -> Path:
    if not path.is_dir():
        raise VolumeError(f'path "{path}" does not exist')
    return path
