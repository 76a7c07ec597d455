"""Checks a hostPath volume against its type, and creates what the type says may be created."""

import stat
from pathlib import Path

from kubeade.kubelet.failures import VolumeError

_CHECKS = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "DirectoryOrCreate": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "FileOrCreate": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def check_host_path(path: Path, type: str) -> None:
    """Raises VolumeError when what is at `path` is not of that type."""
    if not type:
        _create_directory(path)
        return
    if type not in _CHECKS:
        raise VolumeError(f"{type} is an invalid volume type")
    if not path.exists():
        _create(path, type)
    matches, word = _CHECKS[type]
    if not path.exists() or not matches(path.stat().st_mode):
        raise VolumeError(f"hostPath type check failed: {path} is not {word}")


def _create(path: Path, type: str) -> None:
    if type == "DirectoryOrCreate":
        _create_directory(path)
    elif type == "FileOrCreate":
        path.touch(mode=0o644)


def _create_directory(path: Path) -> None:
    if not path.exists():
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
