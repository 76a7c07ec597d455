"""One process at a time: a lock beside the ledger's file, which the kernel frees when its holder dies."""

import fcntl
import os
from pathlib import Path

from kubeade.store.ledger import LedgerUnusable


class LedgerLock:
    """Held from construction until `release`. The lock's file stays: removing it would race."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(
            path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise LedgerUnusable(f"{path} is in use by another process; stop that one first") from error

    def release(self) -> None:
        os.close(self._descriptor)
