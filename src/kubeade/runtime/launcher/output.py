"""A container's output on its way: from pipe or terminal to the log and to whoever is attached.

The pipes are named (FIFOs) and the container holds both of their ends, so that the launcher's death neither
kills it with SIGPIPE nor loses what it wrote.
"""

from __future__ import annotations

import contextlib
import os

from kubeade.runtime.launcher.logs import LogFile
from kubeade.runtime.launcher.loop import WRITE, Loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_READ_BYTES = 64 * 1024
_DRAIN_LIMIT_BYTES = 16 << 20
_SLOW_LIMIT_BYTES = 8 << 20


class Output:
    """One stream of one container."""

    def __init__(self, loop: Loop, fd: int, stream: str, log: LogFile) -> None:
        self._loop = loop
        self._fd = fd
        self._stream = stream
        self._log = log
        self._listeners: list[Listener] = []
        os.set_blocking(fd, False)
        loop.watch(fd, self._ready)

    def listen(self, fd: int) -> None:
        """Copy everything from now on to `fd`, which is closed at the end."""
        self._listeners.append(Listener(self._loop, fd, self._listeners.remove))

    def finish(self) -> None:
        """The container has ended: take what is left, and let go."""
        drained = 0
        while self._fd >= 0 and drained < _DRAIN_LIMIT_BYTES:
            count = self._read()
            if count == 0:
                break
            drained += count
        self._end()

    def _ready(self) -> None:
        if self._read() == 0:
            self._loop.forget(self._fd)  # every writer is gone: the end of the process follows

    def _read(self) -> int:
        """Bytes taken; 0 at the end or when there is nothing now."""
        try:
            data = os.read(self._fd, _READ_BYTES)
        except OSError:
            return 0  # nothing now, or a terminal whose other side is closed
        if data:
            self._log.write(self._stream, data)
            for listener in list(self._listeners):
                listener.write(data)
        return len(data)

    def _end(self) -> None:
        if self._fd < 0:
            return
        self._loop.forget(self._fd)
        os.close(self._fd)
        self._fd = -1
        self._log.finish(self._stream)
        for listener in list(self._listeners):
            listener.finish()


class Listener:
    """Somebody attached. One who reads too slowly is let go, never the container held up."""

    def __init__(self, loop: Loop, fd: int, on_end: Callable[[Listener], None]) -> None:
        self._loop = loop
        self._fd = fd
        self._on_end = on_end
        self._waiting = bytearray()
        self._finishing = False
        os.set_blocking(fd, False)

    def write(self, data: bytes) -> None:
        self._waiting += data
        self._flush()
        if len(self._waiting) > _SLOW_LIMIT_BYTES:
            self._end()

    def finish(self) -> None:
        """End once everything has been handed over."""
        self._finishing = True
        self._flush()

    def _flush(self) -> None:
        if self._fd < 0:
            return
        try:
            while self._waiting:
                del self._waiting[: os.write(self._fd, self._waiting)]
        except BlockingIOError:
            self._loop.watch(self._fd, self._flush, WRITE)
            return
        except OSError:
            self._end()
            return
        self._loop.forget(self._fd)
        if self._finishing:
            self._end()

    def _end(self) -> None:
        if self._fd < 0:
            return
        self._loop.forget(self._fd)
        with contextlib.suppress(OSError):
            os.close(self._fd)
        self._fd = -1
        self._on_end(self)
