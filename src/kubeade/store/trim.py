"""How much history is kept, and forgetting the rest in small steps. Used by the writer thread only.

Revisions have no gaps, so the rows to forget are always the oldest ones, up to a target revision:

- all below an explicit compaction (its own changes stay: a watch may begin with them, as on etcd);
- those over the budget's revisions, except young ones;
- those over the budget's bytes, however young: the file must not grow without bound.

A group of writes takes along a few more old rows than it adds, in its own commit. What is left is
forgotten step by step while nobody waits to write.
"""

import sqlite3
import sys
from dataclasses import dataclass, replace

from kubeade.store.place import EMPTY_REVISION, STEP_BITS, oldest_readable, place_of

STEP_ROWS = 256


@dataclass(frozen=True, slots=True)
class HistoryBudget:
    """What is kept of the past. Revisions younger than `young_seconds` count against bytes only."""

    revisions: int = 10_000
    bytes: int = 64 * 1024 * 1024
    young_seconds: float = 300.0

    @classmethod
    def of_bytes(cls, bytes_: int) -> "HistoryBudget":
        """As much as goes in there, however many revisions and however old."""
        return cls(revisions=sys.maxsize, bytes=bytes_)


@dataclass(frozen=True, slots=True)
class Extent:
    """What of the history is in the file. Byte totals count from the ledger's beginning."""

    compacted: int
    first: int
    first_total: int
    newest: int
    bytes_total: int


class HistoryTrim:
    """Keeps `extent` in step with the file. Set it back after a rollback."""

    def __init__(self, connection: sqlite3.Connection, budget: HistoryBudget) -> None:
        self._connection = connection
        self._budget = budget
        self.extent = self._read_extent()
        self.aged_revision = self.extent.newest  # what is there at the start has no known age: it is old

    @property
    def compact_revision(self) -> int:
        """The oldest revision that can still be read."""
        return oldest_readable(self.extent.compacted, self.extent.first)

    @property
    def has_past(self) -> bool:
        """Whether anything can be forgotten at all."""
        return self.extent.first < self.extent.newest

    @property
    def backlog(self) -> bool:
        """Whether there are rows to forget."""
        return self.has_past and (self.extent.first <= self._target() or self._over_bytes())

    def add(self, newest: int, bytes_total: int) -> None:
        """Count rows that were written."""
        self.extent = replace(self.extent, newest=newest, bytes_total=bytes_total)

    def step(self, added_rows: int = 0) -> None:
        """Forget some rows, in the caller's transaction; more than the caller has added."""
        if not self.backlog:
            return
        last = min(self.extent.first + max(2 * added_rows, STEP_ROWS), self.extent.newest) - 1
        target = self._target()
        if last > target and self._over_bytes():
            target = max(target, self._bytes_target(last))
        self._forget(min(last, target))

    def shed(self) -> None:
        """Forget the older half of the history, to make room."""
        self._forget((self.extent.first + self.extent.newest - 1) // 2)

    def compact(self, revision: int) -> None:
        """Make `revision` the oldest readable one. Its rows go later, step by step."""
        self._connection.execute("UPDATE compaction SET revision = ?", (revision,))
        self.extent = replace(self.extent, compacted=revision)

    def _target(self) -> int:
        newest = self.extent.newest
        aged = self.aged_revision if self._budget.young_seconds else newest
        over = min(newest - self._budget.revisions, aged)
        return min(max(self.extent.compacted - 1, over), newest - 1)

    def _over_bytes(self) -> bool:
        return self.extent.bytes_total - self.extent.first_total > self._budget.bytes

    def _bytes_target(self, last: int) -> int:
        row = self._connection.execute(
            "SELECT max(place) FROM history WHERE place BETWEEN ? AND ? AND bytes_total <= ?",
            (
                place_of(self.extent.first),
                place_of(last + 1) - 1,
                self.extent.bytes_total - self._budget.bytes,
            ),
        ).fetchone()
        return int(row[0] or 0) >> STEP_BITS

    def _forget(self, revision: int) -> None:
        if revision < self.extent.first:
            return
        self._connection.execute("DELETE FROM history WHERE place < ?", (place_of(revision + 1),))
        first = revision + 1
        self.extent = replace(self.extent, first=first, first_total=self._total_at(first))

    def _read_extent(self) -> Extent:
        compacted, first, newest = self._connection.execute(
            "SELECT revision, (SELECT min(place) FROM history), (SELECT max(place) FROM history)"
            " FROM compaction"
        ).fetchone()
        first = first >> STEP_BITS if first else EMPTY_REVISION + 1
        newest = newest >> STEP_BITS if newest else EMPTY_REVISION
        return Extent(compacted, first, self._total_at(first), newest, self._total_at(newest))

    def _total_at(self, revision: int) -> int:
        row = self._connection.execute(
            "SELECT max(bytes_total) FROM history WHERE place >= ? AND place < ?",
            (place_of(revision), place_of(revision + 1)),
        ).fetchone()
        return int(row[0] or 0)
