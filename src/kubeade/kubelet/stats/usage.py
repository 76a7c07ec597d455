"""Measures: asks the runtime about every running container, the machine about itself, the disk about volumes.

Nothing is measured unless somebody asks. Directories are walked in a thread and at most once a minute.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kubeade.api.resource import Object
from kubeade.cri.service import CriError, ImageService, RuntimeService
from kubeade.cri.types import ContainerStats, ContainerStatus, NetworkInterfaceUsage
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.pod_context import PodContext
from kubeade.kubelet.stats.machine import FilesystemRoom, MachineUsage, filesystem_room, measure_machine
from kubeade.lib.clock import Clock

DISK_AGE_SECONDS = 60.0
RATE_AGE_NANOSECONDS = 1_000_000_000
_BLOCK_BYTES = 512


@dataclass(frozen=True, slots=True)
class Size:
    """What a directory or a file holds."""

    used_bytes: int = 0
    inodes: int = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.used_bytes + other.used_bytes, self.inodes + other.inodes)


@dataclass(frozen=True, slots=True)
class ContainerUsage:
    """`nano_cores`: how many billionths of a processor it uses just now."""

    status: ContainerStatus
    stats: ContainerStats
    nano_cores: int
    logs: Size = Size()


@dataclass(frozen=True, slots=True)
class PodUsage:
    """`volumes`: sizes of those that are this node's own (emptyDir and files), by name."""

    pod: Object
    containers: list[ContainerUsage]
    network: list[NetworkInterfaceUsage] = field(default_factory=list)
    volumes: dict[str, Size] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeUsage:
    """One look at everything; `at` in nanoseconds since the epoch."""

    at: int
    machine: MachineUsage
    nano_cores: int
    pods: list[PodUsage]
    disk: FilesystemRoom
    image_disk: FilesystemRoom
    images_bytes: int = 0


class UsageReader:
    """`contexts` gives the pods of the node."""

    def __init__(
        self,
        config: KubeletConfig,
        runtime: RuntimeService,
        images: ImageService,
        clock: Clock,
        contexts: Callable[[], list[PodContext]],
    ) -> None:
        self.config = config
        self._runtime = runtime
        self._images = images
        self._clock = clock
        self._contexts = contexts
        self._rates: dict[str, tuple[int, int, int]] = {}
        self._sizes: dict[Path, tuple[float, Size]] = {}

    async def read(self, *, with_disk: bool = True) -> NodeUsage:
        """Everything, or, without disk, what /metrics/resource needs."""
        pods = [await self.read_pod(context, with_disk=with_disk) for context in self._contexts()]
        machine = measure_machine()
        at = int(self._clock.now().timestamp() * 1e9)
        image_disk, images_bytes = await self._image_disk()
        alive = {each.stats.id for pod in pods for each in pod.containers} | {""}
        rate = self._rate("", at, machine.cpu_nanoseconds, machine.boot_time_seconds * 1_000_000_000)
        self._rates = {key: value for key, value in self._rates.items() if key in alive}
        disk = filesystem_room(self.config.root_directory)
        return NodeUsage(at, machine, rate, pods, disk, image_disk, images_bytes)

    async def rooms(self) -> tuple[FilesystemRoom, FilesystemRoom]:
        """The disk of the pods, and that of the images."""
        images, _ = await self._image_disk()
        return filesystem_room(self.config.root_directory), images

    async def size(self, path: Path, age_seconds: float = DISK_AGE_SECONDS) -> Size:
        """What a directory tree or a file holds, at most so old."""
        now = asyncio.get_running_loop().time()
        known = self._sizes.get(path)
        if known is not None and now - known[0] < age_seconds:
            return known[1]
        size = await asyncio.to_thread(measure_size, path)
        self._sizes = {key: each for key, each in self._sizes.items() if now - each[0] < DISK_AGE_SECONDS}
        self._sizes[path] = now, size
        return size

    async def read_pod(
        self, context: PodContext, *, with_disk: bool = True, age_seconds: float = DISK_AGE_SECONDS
    ) -> PodUsage:
        """One pod; sizes on disk at most `age_seconds` old."""
        observed = await context.observe()
        containers = []
        for status in observed.running():
            with contextlib.suppress(CriError):  # it may end meanwhile
                containers.append(await self._container(context, status, with_disk=with_disk))
        network: list[NetworkInterfaceUsage] = []
        if observed.ready_sandbox is not None:
            with contextlib.suppress(CriError):
                network = await self._runtime.network_usage(observed.ready_sandbox.id)
        volumes = await self._volumes(context, age_seconds) if with_disk else {}
        return PodUsage(context.current_pod, containers, network, volumes)

    async def _container(
        self, context: PodContext, status: ContainerStatus, *, with_disk: bool
    ) -> ContainerUsage:
        stats = await self._runtime.container_stats(status.id)
        rate = self._rate(status.id, stats.timestamp, stats.cpu_usage_core_nano_seconds, status.started_at)
        logs = await self.size(context.log_directory / status.metadata.name) if with_disk else Size()
        return ContainerUsage(status, stats, rate, logs)

    async def _volumes(self, context: PodContext, age_seconds: float) -> dict[str, Size]:
        places = context.directory.glob("volumes/*/*")
        return {place.name: await self.size(place, age_seconds) for place in places if place.is_dir()}

    async def _image_disk(self) -> tuple[FilesystemRoom, int]:
        found = await self._images.image_fs_info()
        place = Path(found[0].mountpoint) if found else self.config.root_directory
        return filesystem_room(place), sum(each.used_bytes for each in found)

    def _rate(self, key: str, at: int, cpu: int, since: int) -> int:
        """Billionths of a processor since the look before, or since the start where this is the first."""
        before_at, before_cpu, rate = self._rates.get(key, (since, 0, 0))
        elapsed = at - before_at
        if elapsed < RATE_AGE_NANOSECONDS and key in self._rates:
            return rate
        rate = max(0, cpu - before_cpu) * 1_000_000_000 // max(1, elapsed)
        self._rates[key] = at, cpu, rate
        return rate


def measure_size(root: Path) -> Size:
    """Walk it. What another filesystem holds below it does not count, nor what vanishes meanwhile."""
    try:
        top = root.lstat()
    except OSError:
        return Size()
    used, inodes = top.st_blocks * _BLOCK_BYTES, 1
    for directory, names, files in os.walk(root):
        for name in (*names, *files):
            with contextlib.suppress(OSError):
                found = os.lstat(os.path.join(directory, name))
                if found.st_dev == top.st_dev:
                    used += found.st_blocks * _BLOCK_BYTES
                    inodes += 1
    return Size(used, inodes)
