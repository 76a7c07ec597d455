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
        directory = self.directory_of(record["id"])
        os.makedirs(directory, mode=0o711, exist_ok=True)
        path = os.path.join(directory, "record.json")
        with open(path + ".new", "w", encoding="utf-8", opener=_private) as file:
            json.dump(record, file)
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


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
