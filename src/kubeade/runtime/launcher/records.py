"""What the launcher remembers: one JSON file per sandbox and per container, replaced as a whole.

The files outlive the launcher, so that the next one knows what to adopt. They are not synced: a machine that
lost power has lost its processes too.
"""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Record = dict[str, Any]


class Records:
    """The records in one directory, each in a directory named by its id."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        os.makedirs(directory, mode=0o700, exist_ok=True)

    def directory_of(self, identifier: str) -> str:
        return os.path.join(self._directory, identifier)

    def save(self, record: Record) -> None:
        path = os.path.join(self.directory_of(record["id"]), "record.json")
        data = json.dumps(record).encode()  # far faster than json.dump, which encodes piece by piece
        try:
            _write(path + ".new", data)
        except FileNotFoundError:
            os.makedirs(self.directory_of(record["id"]), mode=0o711, exist_ok=True)
            _write(path + ".new", data)
        os.replace(path + ".new", path)

    def load(self) -> list[Record]:
        """Every record, oldest first; what is not readable is left to a purge."""
        found = []
        for identifier in os.listdir(self._directory):
            try:
                with open(os.path.join(self._directory, identifier, "record.json"), encoding="utf-8") as file:
                    found.append(json.load(file))
            except (OSError, ValueError):
                continue
        return sorted(found, key=lambda record: record["created_at"])


def _write(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(fd, "wb", buffering=0) as file:
        file.write(data)
