"""Reads and follows a container's log file: a part at a time, woken by changes, across rotation.

Following ends when the container has ended and all it wrote has been read.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from kubeade.kubelet.server.log_lines import LogFilter, LogOptions, parse
from kubeade.lib.file_watch import DirectoryWatch

_PART_BYTES = 64 * 1024


async def read_log(
    path: Path, options: LogOptions, is_running: Callable[[], Awaitable[bool]], changed: asyncio.Event
) -> AsyncIterator[bytes]:
    """What `options` want of the log. `changed` is also to be set by the caller when the container ends.

    Raises OSError where the file is missing.
    """
    wanted = LogFilter(options)
    with closing(_Log(path)) as log:
        log.seek_tail(options.tail_lines)
        if not options.follow:
            for part in log.parts(wanted):
                yield part
            return
        watch = DirectoryWatch(path.parent, changed)
        try:
            while not wanted.done:
                changed.clear()
                running = (
                    await is_running()
                )  # asked before reading: what it wrote last is read after it ended
                for part in log.parts(wanted):
                    yield part
                if log.reopen():
                    continue
                if not running or wanted.done:
                    return
                await changed.wait()
        finally:
            watch.close()


class _Log:
    """The open file, and the beginning of a line whose end is not written yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("rb")
        self._rest = b""

    def close(self) -> None:
        self._file.close()

    def reopen(self) -> bool:
        """Go on with the new file after a rotation; False while there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return False
        mine = os.fstat(self._file.fileno())
        if (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino):
            return False
        self._file.close()
        self._file, self._rest = self._path.open("rb"), b""
        return True

    def parts(self, wanted: LogFilter) -> Iterator[bytes]:
        """Everything up to the present end of the file, joined to parts of a sensible size."""
        while not wanted.done and (data := self._file.read(_PART_BYTES)):
            *lines, self._rest = (self._rest + data).split(b"\n")
            part = b"".join(_outputs(lines, wanted))
            if part:
                yield part

    def seek_tail(self, lines: int | None) -> None:
        """Go to where the last `lines` lines begin."""
        if lines is None:
            return
        end = position = self._file.seek(0, os.SEEK_END)
        if lines == 0:
            return
        missing = lines + 1  # the newline at the end of the file ends the last line
        while position > 0:
            start = max(0, position - _PART_BYTES)
            self._file.seek(start)
            data = self._file.read(position - start)
            if position == end and not data.endswith(b"\n"):
                missing -= 1
            while (found := data.rfind(b"\n")) >= 0:
                missing -= 1
                if missing == 0:
                    self._file.seek(start + found + 1)
                    return
                data = data[:found]
            position = start
        self._file.seek(0)


def _outputs(lines: list[bytes], wanted: LogFilter) -> Iterator[bytes]:
    for line in lines:
        parsed = parse(line)
        if parsed is not None:
            yield wanted.apply(parsed)
        if wanted.done:
            return
