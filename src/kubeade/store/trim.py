"""How much history is kept, and forgetting the rest in small steps. Used by the writer thread only.

Revisions have no gaps, so the rows to forget are always the oldest ones, up to a target revision:

- all below an explicit compaction;
- those over the budget's revisions, except young ones;
- those over the budget's bytes, however young: the file must not grow without bound.

A group of writes takes along a few more old rows than it adds, in its own commit. What is left is
forgotten step by step while nobody waits to write.
"""

import sqlite3
from dataclasses import dataclass

STEP_ROWS = 256


@dataclass(frozen=True, slots=True)
class HistoryBudget:
    """What is kept of the past. Revisions younger than `young_seconds` count against bytes only."""

    revisions: int = 10_000
    bytes: int = 64 * 1024 * 1024
    young_seconds: float = 300.0


class HistoryTrim:
    """The extent of the history on disk, and what of it has to go."""

    def __init__(self, connection: sqlite3.Connection, budget: HistoryBudget) -> None:
        self._connection = connection
        self._budget = budget
        self.reload()
        self.aged_revision = self.newest  # what was there before a restart has no known age: it is old

    def reload(self) -> None:
        """Read the extent from the file: at the start, and after a failed commit."""
        row = self._connection.execute("SELECT revision FROM compaction").fetchone()
        self.compacted = int(row[0])
        first, newest = self._connection.execute(
            "SELECT (SELECT min(revision) FROM history), (SELECT max(revision) FROM history)"
        ).fetchone()
        self.first = int(first or 1)
        self.newest = int(newest or 0)
        self.bytes_total = self._total_at(self.newest)
        self._first_total = self._total_at(self.first)

    @property
    def compact_revision(self) -> int:
        """The oldest revision that can still be read."""
        return max(self.compacted, self.first - 1)

    @property
    def backlog(self) -> bool:
        """Whether there are rows to forget."""
        return self.first < self.newest and (self.first <= self._target() or self._over_bytes())

    def step(self, added_rows: int = 0) -> None:
        """Forget some rows, in the caller's transaction; more than the caller has added."""
        if not self.backlog:
            return
        last = min(self.first + max(2 * added_rows, STEP_ROWS) - 1, self.newest - 1)
        target = self._target()
        if last > target and self._over_bytes():
            target = max(target, self._bytes_target(last))
        self._forget(min(last, target))

    def shed(self) -> bool:
        """Forget the older half of the history to make room. False if there is none to give."""
        rows = self.newest - self.first
        if rows <= 0:
            return False
        self._forget(self.first + rows // 2)
        return True

    def compact(self, revision: int) -> None:
        """Make `revision` the oldest readable one. Its rows go later, step by step."""
        self._connection.execute("UPDATE compaction SET revision = ?", (revision,))
        self.compacted = revision

    def _target(self) -> int:
        over = min(self.newest - self._budget.revisions, self.aged_revision)
        return min(max(self.compacted, over), self.newest - 1)

    def _over_bytes(self) -> bool:
        return self.bytes_total - self._first_total > self._budget.bytes

    def _bytes_target(self, last: int) -> int:
        row = self._connection.execute(
            "SELECT max(revision) FROM history WHERE revision BETWEEN ? AND ? AND bytes_total <= ?",
            (self.first, last, self.bytes_total - self._budget.bytes),
        ).fetchone()
        return int(row[0] or 0)

    def _forget(self, revision: int) -> None:
        if revision < self.first:
            return
        self._connection.execute("DELETE FROM history WHERE revision <= ?", (revision,))
        self.first = revision + 1
        self._first_total = self._total_at(self.first)

    def _total_at(self, revision: int) -> int:
        row = self._connection.execute(
            "SELECT bytes_total FROM history WHERE revision = ?", (revision,)
        ).fetchone()
        return int(row[0]) if row else 0
