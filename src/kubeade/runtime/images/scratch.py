"""Directories for what is being fetched or unpacked, each locked by who works in it.

The kernel frees the lock of a process that dies: what it has left behind can then be told from what another
process, such as `kubeade image load`, is working on.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "scratch-"


@contextlib.contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A directory in `parent`, which is made; removed in the end, unless it has been renamed."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o711)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(lock)
        shutil.rmtree(path, ignore_errors=True)


def is_scratch(path: Path) -> bool:
    return path.name.startswith(_PREFIX)


def remove_abandoned(parent: Path) -> None:
    """Remove what processes that have died were working on."""
    for path in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            _remove_if_free(path)


def _remove_if_free(path: Path) -> None:
    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)
