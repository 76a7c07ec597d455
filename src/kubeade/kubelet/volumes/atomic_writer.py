"""Writes a set of files so that readers see the old set or the new one, never a mixture.

The files live in a directory named after the moment; `..data` is a symbolic link to it that is replaced by a
rename; each file's first path component is a link through `..data` (upstream: volume/util AtomicWriter).
A payload's paths are checked before anything is written: none is absolute, contains or begins with `..`.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kubeade.kubelet.failures import VolumeError

DATA_LINK = "..data"
NEW_DATA_LINK = "..data_tmp"
PATH_LIMIT = 4096
NAME_LIMIT = 255


@dataclass(frozen=True, slots=True)
class FileContent:
    """One file: its bytes, its permission bits, and whose it is (None: the writer's)."""

    data: bytes
    mode: int
    owner: int | None = None


Payload = Mapping[str, FileContent]


def write_atomically(target: Path, payload: Payload, own: Callable[[Path], None] | None = None) -> None:
    """Make `target` show exactly `payload`. `own` sets the group of everything before it becomes visible."""
    for path in payload:
        check_path(path)
    old = _current(target)
    if old is not None and _holds(old, payload):
        return
    fresh = _write_fresh(target, payload)
    if own is not None:
        own(fresh)
    _switch(target, fresh)
    _link_names(target, payload)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def check_path(path: str) -> None:
    """Raises VolumeError for a path that could leave the volume, or hide from it."""
    parts = path.split("/")
    if path.startswith("/") or not path:
        raise VolumeError(f"invalid path: must be relative path: {path}")
    if ".." in parts:
        raise VolumeError(f"invalid path: must not contain '..': {path}")
    if parts[0].startswith(".."):
        raise VolumeError(f"invalid path: must not start with '..': {path}")
    if len(path) > PATH_LIMIT or any(len(part) > NAME_LIMIT for part in parts) or "\0" in path:
        raise VolumeError(f"invalid path: too long: {path[:64]}")


def _current(target: Path) -> Path | None:
    try:
        return target / os.readlink(target / DATA_LINK)
    except OSError:
        return None


def _holds(directory: Path, payload: Payload) -> bool:
    on_disk = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    if on_disk != {os.path.normpath(path) for path in payload}:
        return False
    return all((directory / path).read_bytes() == content.data for path, content in payload.items())


def _write_fresh(target: Path, payload: Payload) -> Path:
    fresh = Path(tempfile.mkdtemp(prefix="..", dir=target))
    fresh.chmod(0o755)
    for path, content in payload.items():
        file = fresh / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.data)
        file.chmod(content.mode)
        if content.owner is not None and os.geteuid() == 0:
            os.chown(file, content.owner, -1)
    return fresh


def _switch(target: Path, fresh: Path) -> None:
    new_link = target / NEW_DATA_LINK
    new_link.unlink(missing_ok=True)
    new_link.symlink_to(fresh.name)
    new_link.rename(target / DATA_LINK)


def _link_names(target: Path, payload: Payload) -> None:
    wanted = {os.path.normpath(path).split("/")[0] for path in payload}
    for entry in target.iterdir():
        if not entry.name.startswith("..") and entry.name not in wanted and entry.is_symlink():
            entry.unlink()
    for name in wanted:
        link = target / name
        if not link.is_symlink():
            link.symlink_to(f"{DATA_LINK}/{name}")
