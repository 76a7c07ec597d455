"""Finds, and where need be makes, a subPath inside a volume, never outside it.

A container that can write to the volume may put symbolic links there. They are resolved first, the result
must lie within the volume, and then the way is walked again from the volume's own directory, component by
component, without following any link; so a link swapped in between is refused. The runtime, which mounts,
gets volume and way apart and walks it once more in the same manner (CVE-2017-1002101, CVE-2021-25741).
"""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from kubeade.kubelet.failures import VolumeError


class SubPath(NamedTuple):
    """The real path of a volume, and the way from there, without links; "" for the volume itself."""

    volume: Path
    way: str


def resolve_sub_path(volume: Path, sub_path: str) -> SubPath:
    """Where `sub_path` is in `volume`; missing directories are made. Raises VolumeError."""
    if sub_path.startswith("/") or ".." in sub_path.split("/"):
        raise VolumeError(f"subPath {sub_path!r} must be a relative path without '..'")
    base = Path(os.path.realpath(volume))
    if not base.is_dir():
        raise VolumeError(f"subPath {sub_path!r}: the volume is not a directory")
    target = Path(os.path.realpath(base / sub_path))
    if target != base and base not in target.parents:
        raise VolumeError(f"subpath {target} not within volume path {base}")
    way = target.relative_to(base)
    _walk(base, way.parts, sub_path)
    return SubPath(base, str(way) if way.parts else "")


def _walk(base: Path, parts: tuple[str, ...], sub_path: str) -> None:
    handle = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    mode = stat.S_IMODE(os.fstat(handle).st_mode)
    try:
        for part in parts:
            handle = _step(handle, part, mode, sub_path)
    finally:
        os.close(handle)


def _step(handle: int, part: str, mode: int, sub_path: str) -> int:
    """Open `part` below `handle`, which is closed; a missing one becomes a directory like the volume's."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        try:
            child = os.open(part, flags, dir_fd=handle)
        except FileNotFoundError:
            os.mkdir(part, dir_fd=handle)
            child = os.open(part, flags, dir_fd=handle)
            os.fchmod(child, mode)
    except OSError as error:
        raise VolumeError(f"subPath {sub_path!r}: {part}: {error.strerror}") from error
    # From here on the caller owns the child; the parent is no longer needed.
    os.close(handle)
    return child
