"""Images on disk: an index of what is known, and unpacked layers by digest, shared between images.

A layer's directory appears under its name only when it is complete, and the index is replaced as a whole, so
that a crash leaves at most things that nothing refers to; `collect` removes them.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import msgspec

from kubeade.runtime.images.config import ImageConfig
from kubeade.runtime.images.reference import Reference, parse_reference
from kubeade.runtime.images.scratch import is_scratch, remove_abandoned

_NAME_DIGITS = 24
"""Enough to be unique, short enough for the names of 127 layers in one page of mount options."""


class StoredImage(msgspec.Struct):
    """One image: `id` is its config's digest, `layers` the diff ids from the bottom up."""

    id: str
    config: ImageConfig
    layers: list[str]
    size_bytes: int
    tags: list[str] = msgspec.field(default_factory=list)
    digests: list[str] = msgspec.field(default_factory=list)
    """As `name@digest`."""

    def known_as(self, reference: Reference) -> bool:
        """Whether `reference` means this image."""
        if reference.digest:
            return f"{reference.name}@{reference.digest}" in self.digests
        return reference.tagged in self.tags


class ImageStore:
    """The images of one data directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.layers_directory = directory / "layers"
        self._index_path = directory / "index.json"
        self._seen: tuple[int, int] | None = None
        self._images: dict[str, StoredImage] = {}

    def images(self) -> list[StoredImage]:
        """Every image; another process may have changed the index meanwhile."""
        self._load()
        return list(self._images.values())

    def find(self, text: str) -> StoredImage | None:
        """By id (or its start), or by reference. Raises ValueError for what is neither."""
        self._load()
        bare = text.removeprefix("sha256:")
        if len(bare) >= 12 and all(digit in "0123456789abcdef" for digit in bare):
            for image in self._images.values():
                if image.id.removeprefix("sha256:").startswith(bare):
                    return image
        if text.startswith("sha256:"):
            return None
        reference = parse_reference(text)
        return next((image for image in self._images.values() if image.known_as(reference)), None)

    def add(self, image: StoredImage) -> None:
        """Keep an image whose layers are there; its tags are taken from whichever had them."""
        self._load()
        known = self._images.get(image.id)
        if known:
            image.tags = sorted({*known.tags, *image.tags})
            image.digests = sorted({*known.digests, *image.digests})
        for other in self._images.values():
            if other.id != image.id:
                other.tags = [tag for tag in other.tags if tag not in image.tags]
        self._images[image.id] = image
        self._save()

    def remove(self, text: str) -> bool:
        """Forget an image: by id all of it, by reference that name, and the rest with the last one."""
        image = self.find(text)
        if image is None:
            return False
        if not (text.startswith("sha256:") or image.id.removeprefix("sha256:").startswith(text)):
            self._untag(image, parse_reference(text))
        else:
            image.tags, image.digests = [], []
        if not image.tags and not image.digests:
            del self._images[image.id]
        self._save()
        return True

    def _untag(self, image: StoredImage, reference: Reference) -> None:
        image.tags = [tag for tag in image.tags if tag != reference.tagged]
        if not any(tag.rpartition(":")[0] == reference.name for tag in image.tags):
            image.digests = [name for name in image.digests if not name.startswith(reference.name + "@")]

    def collect(self) -> int:
        """Remove layers of no image; how many."""
        self._load()
        kept = {layer_name(layer) for image in self._images.values() for layer in image.layers}
        removed = 0
        for path in self.layers_directory.glob("*"):
            if path.name not in kept and not is_scratch(path):
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
        return removed

    def remove_abandoned(self) -> None:
        """Remove what pulls and loads that were killed have left."""
        for directory in (self.directory, self.layers_directory):
            remove_abandoned(directory)

    def layer_path(self, diff_id: str) -> Path:
        return self.layers_directory / layer_name(diff_id)

    def rootfs(self, image: StoredImage) -> dict[str, Any]:
        """What the launcher mounts: layer names from the top down."""
        names = [layer_name(layer) for layer in reversed(image.layers)]
        if not names:
            (self.layers_directory / "empty").mkdir(parents=True, exist_ok=True)
            names = ["empty"]
        return {"layers_directory": str(self.layers_directory), "layers": names}

    def _load(self) -> None:
        try:
            info = self._index_path.stat()
        except FileNotFoundError:
            self._images, self._seen = {}, None
            return
        version = (info.st_ino, info.st_mtime_ns)
        if version != self._seen:
            self._images = msgspec.json.decode(self._index_path.read_bytes(), type=dict[str, StoredImage])
            self._seen = version

    def _save(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o711)
        new = self._index_path.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(self._images))
        os.replace(new, self._index_path)
        self._seen = None


def layer_name(diff_id: str) -> str:
    return diff_id.partition(":")[2][:_NAME_DIGITS]
