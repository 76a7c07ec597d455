"""Waits for changes in a directory (Linux inotify), so that nobody has to look again and again."""

import asyncio
import ctypes
import os
from pathlib import Path

_MODIFY, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
_CHANGES = _MODIFY | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_READ_BYTES = 64 * 1024


class DirectoryWatch:
    """`changed` is set after every change of a file in the directory; whoever waits clears it."""

    def __init__(self, directory: Path, changed: asyncio.Event) -> None:
        """Raises OSError, where the directory is missing or the user watches too many."""
        self._changed = changed
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        if libc.inotify_add_watch(self._fd, os.fsencode(directory), ctypes.c_uint32(_CHANGES)) < 0:
            os.close(self._fd)
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(directory))
        asyncio.get_running_loop().add_reader(self._fd, self._drain)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _drain(self) -> None:
        try:
            os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        self._changed.set()
