"""A ledger's present state, out of one ledger and into a new file: how a cluster moves to or from etcd.

Everything is as it was, revisions and leases included, but for the past, which is forgotten. The new ledger's
revision is one higher: whoever knew the old one is not told of anything that came before.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kubeade.store.group import Slip
from kubeade.store.place import place_of
from kubeade.store.rows import COLUMNS, ROW_BYTES, read_slip
from kubeade.store.schema import open_reader, open_writer, read_extent

_MARK = b"\0moved"
"""The key whose deletion carries the revision: below all keys of an API server."""

_INSERT_CURRENT = (
    "INSERT INTO current (place, key, value, mod_revision, version, lease, author, creator, stamp_at)"
    " VALUES (?,?,?,?,?,?,?,?,?)"
)
_INSERT_MARK = (
    "INSERT INTO history (place, deleted_by, key, bytes_total, create_revision, mod_revision, version, lease,"
    " author, creator, value) VALUES (?, '', ?, ?, ?, ?, 1, 0, '', '', X'')"
)


@dataclass(frozen=True, slots=True)
class State:
    """All keys as of one revision. `leases`: the seconds of each."""

    slips: Sequence[Slip]
    leases: dict[int, int]
    revision: int


def read_state(path: Path) -> State:
    """Of a ledger's file. Raises sqlite3.Error."""
    revision, _ = read_extent(path)
    with closing(open_reader(path)) as reader:
        rows = reader.execute(f"SELECT {COLUMNS}, place FROM current ORDER BY place")  # noqa: S608 - ours
        slips = [read_slip(row) for row in rows]
        return State(slips, dict(reader.execute("SELECT id, seconds FROM leases")), revision)


def write_state(path: Path, state: State) -> None:
    """Into a file that must not hold a ledger yet. Raises sqlite3.Error, OSError, LedgerUnusable."""
    with closing(open_writer(path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        _insert(writer, state)
        writer.execute("COMMIT")


def _insert(writer: sqlite3.Connection, state: State) -> None:
    steps: Counter[int] = Counter()
    for slip in state.slips:
        record = slip.record
        place = place_of(record.create_revision, steps[record.create_revision])
        steps[record.create_revision] += 1
        rest = record.version, record.lease, record.author, record.creator, slip.stamp_at
        writer.execute(_INSERT_CURRENT, (place, record.key, record.value, record.mod_revision, *rest))
    writer.executemany("INSERT INTO leases VALUES (?, ?)", state.leases.items())
    newest = state.revision + 1
    writer.execute(_INSERT_MARK, (place_of(newest), _MARK, ROW_BYTES, state.revision, state.revision))
