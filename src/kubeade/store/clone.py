"""A second ledger from the file of a first one that is in use: sharing its blocks where the file system can
(btrfs, XFS: FICLONE), else by copying them.

Consistent without stopping the writer: an open read transaction keeps SQLite from restarting the log that
it reads from. So every page that a checkpoint changes in the file meanwhile is also in the log, which is
taken after the file; whatever part of a commit is at its end, the checksums there tell. The copy has every
commit that was acknowledged before. It is safe from a power cut only after `sync`, which takes as long as the
disk does.
"""

import fcntl
import os
from contextlib import closing
from pathlib import Path

from kubeade.store.schema import create_file, open_reader

FICLONE = 0x40049409
"""ioctl_ficlone(2): let a file share another one's blocks until either is written to."""

CHUNK_BYTES = 1 << 30


def clone_ledger(source: Path, target: Path) -> bool:
    """Returns whether blocks are shared. `target` must not be there. Raises OSError, sqlite3.Error."""
    with closing(open_reader(source)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM leases").fetchone()  # from here on it is a snapshot
        shared = _clone(source, target)
        log = log_of(source)
        if log.exists():
            _clone(log, log_of(target))
    return shared


def log_of(ledger: Path) -> Path:
    """SQLite's write-ahead log beside a ledger."""
    return ledger.with_name(ledger.name + "-wal")


def sync(ledger: Path) -> None:
    """Put a clone on disk. Raises OSError."""
    for path in (ledger, log_of(ledger), ledger.parent):
        if path.exists():
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _clone(source: Path, target: Path) -> bool:
    create_file(target)
    with source.open("rb") as original, target.open("wb") as copy:
        try:
            fcntl.ioctl(copy.fileno(), FICLONE, original.fileno())
        except OSError:
            _copy(original.fileno(), copy.fileno())
            return False
        return True


def _copy(source: int, target: int) -> None:
    """Within the kernel, to the end."""
    while os.sendfile(target, source, None, CHUNK_BYTES):
        pass
