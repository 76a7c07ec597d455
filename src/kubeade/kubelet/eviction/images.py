"""Removes images that no container uses: when the disk is nearly full, and when the node is short of it.

The least recently used goes first. An image is left alone for a while after it has come, for it came
because somebody is about to use it; pinned ones are always left alone.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from pathlib import Path

from kubeade.cri.service import CriError, ImageService, RuntimeService
from kubeade.cri.types import Image
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.stats.machine import FilesystemRoom, filesystem_room
from kubeade.lib.clock import Clock

log = logging.getLogger(__name__)

PERIOD_SECONDS = 300.0
MINIMUM_AGE = timedelta(minutes=2)


class ImageCollector:
    def __init__(
        self, config: KubeletConfig, runtime: RuntimeService, images: ImageService, clock: Clock
    ) -> None:
        self._config = config
        self._runtime = runtime
        self._images = images
        self._clock = clock
        self._came: dict[str, datetime] = {}
        self._used: dict[str, datetime] = {}
        self._next = 0.0

    async def collect_if_due(self) -> None:
        """Every few minutes: down to the lower mark where the higher one is passed."""
        now = asyncio.get_running_loop().time()
        if now < self._next:
            return
        self._next = now + PERIOD_SECONDS
        unused = await self._unused()
        room = await self._room()
        if not room.capacity_bytes or _used_percent(room) < self._config.image_gc_high_percent:
            return
        wanted = room.used_bytes - room.capacity_bytes * self._config.image_gc_low_percent // 100
        freed = await self._remove(unused, wanted)
        if freed < wanted:
            log.warning("images: %d bytes should have been freed, %d could be", wanted, freed)

    async def collect_all(self) -> int:
        """Remove whatever nobody uses; the bytes that this has freed."""
        return await self._remove(await self._unused(), None)

    async def _unused(self) -> list[Image]:
        """The least recently used first; what has just come is not among them."""
        now = self._clock.now()
        images = await self._images.list_images()
        refs = set()
        for container in await self._runtime.list_containers():
            refs |= {container.image, container.image_ref}
        known = {each.id for each in images}
        self._came = {key: at for key, at in self._came.items() if key in known}
        self._used = {key: at for key, at in self._used.items() if key in known}
        unused = []
        for image in images:
            self._came.setdefault(image.id, now)
            if refs & {image.id, *image.repo_tags, *image.repo_digests}:
                self._used[image.id] = now
            elif not image.pinned and now - self._came[image.id] >= MINIMUM_AGE:
                unused.append(image)
        return sorted(unused, key=lambda each: self._used.get(each.id, self._came[each.id]))

    async def _remove(self, images: list[Image], wanted_bytes: int | None) -> int:
        freed = 0
        for image in images:
            if wanted_bytes is not None and freed >= wanted_bytes:
                break
            try:
                await self._images.remove_image(image.id)
                freed += image.size
                log.info("removed image %s, which nobody uses", (image.repo_tags or [image.id])[0])
            except CriError as error:
                log.warning("removing image %s: %s", image.id, error)
        return freed

    async def _room(self) -> FilesystemRoom:
        found = await self._images.image_fs_info()
        return filesystem_room(Path(found[0].mountpoint) if found else self._config.root_directory)


def _used_percent(room: FilesystemRoom) -> float:
    return 100 * room.used_bytes / room.capacity_bytes
