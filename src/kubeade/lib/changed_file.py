"""Waits until a file says something else.

It is looked at now and then rather than watched: a file that Kubernetes mounts is exchanged by a link far
above it, and network file systems tell nobody.
"""

import asyncio
import hashlib
import os
from pathlib import Path

POLL_SECONDS = 1.0


class ChangedFile:
    """What stands in it at the beginning is known already. A file that is gone is waited for."""

    def __init__(self, path: Path, poll_seconds: float | None = None) -> None:
        self._path = path
        self._poll_seconds = poll_seconds
        self._stamp = self._stamped()
        self._digest = self._digested()

    async def changed(self) -> None:
        """Until its content is another than when it was last asked for."""
        while True:
            await asyncio.sleep(self._poll_seconds or POLL_SECONDS)
            stamp = self._stamped()
            if stamp == self._stamp or stamp is None:
                continue
            self._stamp = stamp
            digest = self._digested()
            if digest not in (b"", self._digest):
                self._digest = digest
                return

    def _stamped(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _digested(self) -> bytes:
        try:
            return hashlib.sha256(self._path.read_bytes()).digest()
        except OSError:
            return b""
