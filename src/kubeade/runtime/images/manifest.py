"""Manifests, indexes and configs of the OCI image format and Docker's, as far as they are needed. Pure."""

import hashlib
import platform
from typing import Any, TypeVar

import msgspec

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
T = TypeVar("T")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm", "s390x": "s390x"}


class BadImage(Exception):
    """The image is damaged or of a kind that cannot be used here; the message says how."""


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A reference to content by digest."""

    digest: str
    size: int = 0
    media_type: str = ""
    platform: dict[str, Any] = msgspec.field(default_factory=dict)
    annotations: dict[str, str] | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """An image: its config and its layers from the bottom up."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def is_index(data: bytes, media_type: str = "") -> bool:
    """Whether `data` lists manifests, one a platform."""
    return media_type in INDEX_TYPES or "manifests" in _decode(data, dict[str, Any])


def choose(data: bytes) -> Descriptor:
    """The entry of an index for this machine. Raises BadImage."""
    entries = _decode(data, _Index).manifests
    wanted = ("linux", _ARCHITECTURES.get(platform.machine(), platform.machine()))
    for entry in entries:
        if (entry.platform.get("os"), entry.platform.get("architecture")) == wanted:
            return entry
    if len(entries) == 1 and not entries[0].platform:
        return entries[0]
    raise BadImage(f"no match for platform in manifest: {wanted[0]}/{wanted[1]} not found")


def parse_manifest(data: bytes) -> Manifest:
    return _decode(data, Manifest)


def diff_ids(config: dict[str, Any]) -> list[str]:
    """The digests of the unpacked layers. Raises BadImage."""
    found = (config.get("rootfs") or {}).get("diff_ids")
    if not isinstance(found, list) or not all(isinstance(item, str) and _is_digest(item) for item in found):
        raise BadImage("the image's config names no layers")
    return found


def parse_config(data: bytes) -> dict[str, Any]:
    return _decode(data, dict[str, Any])


class _Index(msgspec.Struct, frozen=True):
    manifests: tuple[Descriptor, ...] = ()


def _is_digest(text: str) -> bool:
    algorithm, _, value = text.partition(":")
    return algorithm == "sha256" and len(value) == 64 and all(digit in "0123456789abcdef" for digit in value)


def _decode(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise BadImage(f"the image's metadata cannot be read: {error}") from error
