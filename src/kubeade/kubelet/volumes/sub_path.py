"""Finds, and where need be makes, a subPath inside a volume, never outside it.

A container that can write to the volume may put symbolic links there. They are resolved first, the result
must lie within the volume, and then the way is walked again from the volume's own directory, component by
component, without following any link; so a link swapped in between is refused.
"""

import os
import stat
from pathlib import Path

from kubeade.kubelet.failures import VolumeError


def resolve_sub_path(volume: Path, sub_path: str) -> Path:
    """The real path of `sub_path` in `volume`; missing directories are made. Raises VolumeError."""
    if sub_path.startswith("/") or ".." in sub_path.split("/"):
        raise VolumeError(f"subPath {sub_path!r} must be a relative path without '..'")
    base = Path(os.path.realpath(volume))
    if not base.is_dir():
        raise VolumeError(f"subPath {sub_path!r}: the volume is not a directory")
    target = Path(os.path.realpath(base / sub_path))
    if target != base and base not in target.parents:
        raise VolumeError(f"subpath {target} not within volume path {base}")
    _walk(base, target.relative_to(base).parts, sub_path)
    return target


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
