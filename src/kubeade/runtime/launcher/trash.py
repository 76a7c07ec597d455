"""Where the files of removed sandboxes and containers go: out of sight at once, off the disk soon after.

A scratch layer may hold any number of files, and a busy disk lets each wait. So a child of the launcher
removes what has been gathered; what it leaves behind when it is killed goes with the next sweep.
"""

from __future__ import annotations

import contextlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kubeade.runtime.launcher.loop import Loop

_PAUSE_SECONDS = 0.5
_NICENESS = 10


class Trash:
    """The directory `trash` of the launcher's own."""

    def __init__(self, directory: str, loop: Loop) -> None:
        self._directory = os.path.join(directory, "trash")
        self._loop = loop
        self._due = False
        self._sweeper = 0
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        if os.listdir(self._directory):
            self._sweep_soon()

    def take(self, path: str) -> None:
        """Take away the directory `path`; one that is not there is no error."""
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, os.path.join(self._directory, os.path.basename(path)))
        self._sweep_soon()

    def swept(self, pid: int) -> None:
        """A child has ended; perhaps it was the one that sweeps."""
        if pid == self._sweeper:
            self._sweeper = 0

    def _sweep_soon(self) -> None:
        if not self._due:
            self._due = True
            self._loop.after(_PAUSE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._due = False
        if self._sweeper:
            self._sweep_soon()
            return
        self._sweeper = os.fork()
        if self._sweeper == 0:
            _remove_content(self._directory)


def _remove_content(directory: str) -> None:
    """In the child, which holds nothing of the launcher's: neither its lock nor anybody's streams."""
    try:
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.nice(_NICENESS)
        import shutil

        for name in os.listdir(directory):
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
    finally:
        os._exit(0)
