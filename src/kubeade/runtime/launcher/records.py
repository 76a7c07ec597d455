"""What the launcher remembers: a file per sandbox and per container, a line of JSON for each of its states.

The last whole line counts. The files outlive the launcher, so that the next one knows what to adopt. They are
not synced: a machine that lost power has lost its processes too. A file is added to rather than replaced:
what replaces a file some filesystems start to write out at once, and everybody would wait.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Record = dict[str, Any]

NAME = "record.json"
_LIMIT_BYTES = 1 << 20
"""A file that has grown beyond it is replaced by its last line."""


class Records:
    """The records in one directory, each in a directory named by its id."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        os.makedirs(directory, mode=0o700, exist_ok=True)

    def directory_of(self, identifier: str) -> str:
        return os.path.join(self._directory, identifier)

    def save(self, record: Record) -> None:
        path = os.path.join(self.directory_of(record["id"]), NAME)
        # The newline comes first: a line cut off by a full disk does not spoil the next. And json.dumps
        # is far faster than json.dump, which encodes piece by piece.
        line = b"\n" + json.dumps(record).encode()
        try:
            size = _append(path, line)
        except FileNotFoundError:
            os.makedirs(self.directory_of(record["id"]), mode=0o711, exist_ok=True)
            size = _append(path, line)
        if size > _LIMIT_BYTES:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path + ".new")
            _append(path + ".new", line)
            os.replace(path + ".new", path)

    def load(self) -> list[Record]:
        """Every record, oldest first; what is not readable is left to a purge."""
        found = []
        for identifier in os.listdir(self._directory):
            with contextlib.suppress(OSError, ValueError):
                found.append(read(os.path.join(self._directory, identifier, NAME)))
        return sorted(found, key=lambda record: record["created_at"])


def read(path: str) -> Record:
    """The last state in the file, which a full disk may have cut off. Raises OSError, ValueError."""
    with open(path, "rb") as file:
        lines = file.read().splitlines()
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            record: Record = json.loads(line)
            return record
    raise ValueError(f"no record in {path}")


def _append(path: str, line: bytes) -> int:
    """The file's size after that. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with open(fd, "wb", buffering=0) as file:
        if file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return file.tell()
