"""A container's output as a log file in the CRI's format: `<time> <stream> <F|P> <line>`."""

from __future__ import annotations

import contextlib
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LINE_LIMIT_BYTES = 16 * 1024
"""A longer line is written in parts (P), as containerd does."""


class LogFile:
    """Appends lines; both streams of a container share one. Without a path it swallows them."""

    def __init__(self, path: str, now_nanoseconds: Callable[[], int]) -> None:
        self._path = path
        self._now = now_nanoseconds
        self._fd = -1
        self._partial: dict[str, bytearray] = {}
        self.reopen()

    def reopen(self) -> None:
        """Go on in a new file: the old one has been renamed away."""
        self.close()
        if self._path:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._fd = os.open(self._path, flags, 0o640)

    def write(self, stream: str, data: bytes) -> None:
        """Log every whole line of `data`; an unfinished one waits for its end."""
        waiting = self._partial.setdefault(stream, bytearray())
        waiting += data
        *lines, rest = waiting.split(b"\n")
        self._partial[stream] = bytearray(rest)
        head = f"{self._stamp()} {stream} ".encode()
        out = bytearray()
        for line in lines:
            _append_line(out, head, line)
        rest_parts = self._partial[stream]
        while len(rest_parts) >= LINE_LIMIT_BYTES:
            out += head + b"P " + rest_parts[:LINE_LIMIT_BYTES] + b"\n"
            del rest_parts[:LINE_LIMIT_BYTES]
        self._append(bytes(out))

    def finish(self, stream: str) -> None:
        """The stream has ended: what waits is logged as a part without its newline."""
        rest = self._partial.pop(stream, None)
        if rest:
            self._append(f"{self._stamp()} {stream} P ".encode() + rest + b"\n")

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _append(self, data: bytes) -> None:
        # A full disk loses log lines, not the container.
        with contextlib.suppress(OSError):
            while data and self._fd >= 0:
                data = data[os.write(self._fd, data) :]

    def _stamp(self) -> str:
        seconds, nanoseconds = divmod(self._now(), 1_000_000_000)
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds:09d}Z"


def _append_line(out: bytearray, head: bytes, line: bytes | bytearray) -> None:
    while len(line) > LINE_LIMIT_BYTES:
        out += head + b"P " + line[:LINE_LIMIT_BYTES] + b"\n"
        line = line[LINE_LIMIT_BYTES:]
    out += head + b"F " + line + b"\n"
