"""The CRI's image service over the store, the registry client and the host image."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubeade.cri.service import InvalidArgument, NotSupported
from kubeade.cri.types import AuthConfig, FilesystemUsage, Image
from kubeade.runtime.images.config import ImageConfig
from kubeade.runtime.images.host import HOST_IMAGE, HOST_IMAGE_ID, host_config, host_rootfs
from kubeade.runtime.images.reference import Reference, parse_reference
from kubeade.runtime.images.store import ImageStore, StoredImage

Progress = Callable[[str, int, int], None]
"""Called with a layer's digest, the bytes that have arrived, and how many there will be (0: not known)."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An image as the runtime needs it: `reference` is what `imageID` shows."""

    id: str
    reference: str
    config: ImageConfig
    rootfs: dict[str, Any]
    is_host: bool


class Images:
    """The images below `directory`. `allow_host_image`: this node's owner runs it for himself."""

    def __init__(
        self, directory: Path, *, allow_host_image: bool = False, data_directory: Path | None = None
    ) -> None:
        self._store = ImageStore(directory)
        self._allow_host_image = allow_host_image
        self._data_directory = data_directory or directory
        self._pulls: dict[str, asyncio.Task[str]] = {}

    async def list_images(self) -> list[Image]:
        images = [_as_cri(image) for image in self._store.images()]
        if self._allow_host_image:
            images.append(_HOST)
        return images

    async def image_status(self, image: str) -> Image | None:
        if self._is_host(image):
            return _HOST
        stored = self._find(image)
        return _as_cri(stored) if stored else None

    async def pull_image(self, image: str, auth: AuthConfig | None = None) -> str:
        return await self.pull(image, auth)

    async def pull(self, image: str, auth: AuthConfig | None = None, progress: Progress | None = None) -> str:
        """Pull from the registry; two pulls of one reference at a time are one. Raises PullFailed."""
        if self._is_host(image):
            return HOST_IMAGE_ID
        _need_root(image)
        reference = _parse(image)
        key = str(reference)
        if key not in self._pulls:
            task = asyncio.create_task(self._pull(reference, auth or AuthConfig(), progress))
            self._pulls[key] = task
            task.add_done_callback(lambda _: self._pulls.pop(key, None))
        return await asyncio.shield(self._pulls[key])

    async def _pull(self, reference: Reference, auth: AuthConfig, progress: Progress | None) -> str:
        # Only a pull needs an HTTP client.
        from kubeade.runtime.images.pull import pull

        return await pull(self._store, reference, auth, progress or _silent)

    async def load(self, path: Path) -> list[str]:
        """Load a `docker save` archive, an OCI layout or its archive; the names that it brought."""
        from kubeade.runtime.images.archive import load

        _need_root(str(path))
        return await asyncio.to_thread(load, self._store, path)

    async def remove_image(self, image: str) -> None:
        if self._is_host(image):
            raise InvalidArgument(f"{HOST_IMAGE} is this machine: it cannot be removed")
        self._find(image)
        if self._store.remove(image):
            await asyncio.to_thread(self._store.collect)

    async def image_fs_info(self) -> list[FilesystemUsage]:
        directory = self._store.directory
        directory.mkdir(parents=True, exist_ok=True)
        used = sum(image.size_bytes for image in self._store.images())
        return [FilesystemUsage(time.time_ns(), str(directory), used, 0)]

    def unpacked(self, image: str) -> Unpacked | None:
        """What containers are made from; None if the image is not here."""
        if self._is_host(image):
            rootfs = host_rootfs(self._data_directory)
            return Unpacked(HOST_IMAGE_ID, HOST_IMAGE_ID, host_config(), rootfs, is_host=True)
        stored = self._find(image)
        if stored is None:
            return None
        reference = stored.digests[0] if stored.digests else stored.id
        return Unpacked(stored.id, reference, stored.config, self._store.rootfs(stored), is_host=False)

    async def open(self) -> None:
        """Clear up after whoever was killed while he fetched or unpacked."""
        await asyncio.to_thread(self._store.remove_abandoned)

    def purge(self) -> None:
        shutil.rmtree(self._store.directory, ignore_errors=True)

    def _find(self, image: str) -> StoredImage | None:
        try:
            return self._store.find(image)
        except ValueError as error:
            raise InvalidArgument(str(error)) from error

    def _is_host(self, image: str) -> bool:
        if image != HOST_IMAGE_ID and _normal(image) != HOST_IMAGE:
            return False
        if not self._allow_host_image:
            raise NotSupported(f"{HOST_IMAGE} is not allowed on this node")
        return True


_HOST = Image(HOST_IMAGE_ID, [HOST_IMAGE], [], 0, uid=os.getuid(), pinned=True)


def _need_root(image: str) -> None:
    if os.geteuid() != 0:
        raise NotSupported(
            f"image {image!r} cannot be unpacked without root: containers of this user run as plain "
            f"processes, which have only {HOST_IMAGE}"
        )


def _normal(image: str) -> str:
    try:
        return str(parse_reference(image))
    except ValueError:
        return ""


def _parse(image: str) -> Reference:
    try:
        return parse_reference(image)
    except ValueError as error:
        raise InvalidArgument(str(error)) from error


def _as_cri(image: StoredImage) -> Image:
    user = image.config.user.partition(":")[0]
    uid = int(user) if user.isdigit() else None if user else 0
    return Image(
        image.id,
        image.tags,
        image.digests,
        image.size_bytes,
        uid=uid,
        username="" if user.isdigit() else user,
    )


def _silent(layer: str, done: int, total: int) -> None:
    """Nobody watches."""
