"""A file that is put aside when it has grown large: `audit.log` becomes `audit-2026-01-31T12-00-00.000.log`.

The names and the meaning of the limits are upstream's (lumberjack): 0 stands for no limit.
"""

import gzip
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from kubeade.lib.clock import Clock

_MEGABYTE = 1024 * 1024
_NAME_TIME = "%Y-%m-%dT%H-%M-%S"


@dataclass(frozen=True, slots=True)
class Retention:
    max_size_megabytes: int = 100
    max_backups: int = 100
    max_age_days: int = 366
    compress: bool = False


class RotatedFile:
    """Lines are appended whole; only the owner may read them. Raises OSError where it cannot be opened."""

    def __init__(self, path: Path, retention: Retention, clock: Clock) -> None:
        self._path = path
        self._retention = retention
        self._clock = clock
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open()
        self._size = os.fstat(self._file.fileno()).st_size

    def write(self, lines: list[bytes]) -> None:
        """Raises OSError."""
        limit = self._retention.max_size_megabytes * _MEGABYTE
        waiting: list[bytes] = []
        for line in lines:
            if limit and self._size and self._size + len(line) > limit:
                self._flush(waiting)
                waiting = []
                self._rotate()
            waiting.append(line)
            self._size += len(line)
        self._flush(waiting)

    def close(self) -> None:
        self._file.close()

    def _flush(self, lines: list[bytes]) -> None:
        self._file.write(b"".join(lines))
        self._file.flush()

    def _open(self) -> BinaryIO:
        return open(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    def _rotate(self) -> None:
        self._file.close()
        now = self._clock.now()
        stamp = f"{now.strftime(_NAME_TIME)}.{now.microsecond // 1000:03d}"
        aside = self._path.with_name(f"{self._path.stem}-{stamp}{self._path.suffix}")
        self._path.rename(aside)
        self._file, self._size = self._open(), 0
        if self._retention.compress:
            _compress(aside)
        self._drop_old(now)

    def _drop_old(self, now: datetime) -> None:
        kept = self._backups()
        limit, days = self._retention.max_backups, self._retention.max_age_days
        too_many = kept[: max(len(kept) - limit, 0)] if limit else []
        since = now - timedelta(days=days)
        too_old = [(moment, path) for moment, path in kept if days and moment < since]
        for _, path in dict.fromkeys([*too_many, *too_old]):
            path.unlink(missing_ok=True)

    def _backups(self) -> list[tuple[datetime, Path]]:
        """Oldest first."""
        stem, suffix = map(re.escape, (self._path.stem, self._path.suffix))
        pattern = re.compile(rf"{stem}-([\dT-]+)\.(\d+){suffix}(\.gz)?")
        found = []
        for path in self._path.parent.iterdir():
            match = pattern.fullmatch(path.name)
            if match:
                moment = datetime.strptime(match[1], _NAME_TIME).replace(tzinfo=UTC)
                found.append((moment + timedelta(milliseconds=int(match[2])), path))
        return sorted(found)


def _compress(path: Path) -> None:
    with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    path.unlink()
