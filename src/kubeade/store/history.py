"""Reading the file: the present, the past, and the events between. Each call sees one snapshot.

The past of a key is the `before` of its first change after the asked-for revision; a key without
such a change is as it was. An event's record is the `before` of the key's next change, or its
present state.
"""
# ruff: noqa: S608 - the statements are made of our own constants; whatever comes from outside is bound

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubeade.store.group import tombstone
from kubeade.store.ledger import Compacted, EventType, FutureRevision, LedgerEvent, Range, Record
from kubeade.store.rows import columns, read_slip

RECORD = "key, value, create_revision, mod_revision, version, lease, author, creator"

_EXTENT = """
SELECT coalesce((SELECT max(revision) FROM history), 0),
       max((SELECT revision FROM compaction), coalesce((SELECT min(revision) FROM history), 1) - 1)
"""

_CURRENT = f"SELECT {RECORD} FROM current WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
_CURRENT_COUNT = "SELECT count(*) FROM current WHERE key >= ? AND key < ?"

_PAST_SOURCES = """
WITH undo AS (
    SELECT key, min(revision) AS revision FROM history
    WHERE key >= :start AND key < :end AND revision > :revision GROUP BY key
), sources (key, undo, present) AS (
    SELECT undo.key, undo.revision, NULL FROM undo JOIN history USING (revision)
    WHERE history.create_revision IS NOT NULL
    UNION ALL
    SELECT key, NULL, create_revision FROM current
    WHERE key >= :start AND key < :end AND mod_revision <= :revision
)
"""
_PAST_COUNT = _PAST_SOURCES + "SELECT count(*) FROM sources"
_PAST = (
    _PAST_SOURCES
    + f"""
, page AS (SELECT * FROM sources ORDER BY key LIMIT :limit)
SELECT {columns("history")} FROM page JOIN history ON history.revision = page.undo
UNION ALL
SELECT {columns("current")} FROM page JOIN current ON current.create_revision = page.present
ORDER BY 1
"""
)

_EVENTS = f"""
SELECT changed.revision, changed.deleted_by, {columns("changed")},
       {columns("later")}, {columns("current")}
FROM history AS changed
LEFT JOIN history AS later ON later.revision = (
    SELECT min(revision) FROM history WHERE key = changed.key AND revision > changed.revision)
LEFT JOIN current ON later.revision IS NULL AND current.key = changed.key
WHERE changed.revision > ? AND changed.revision <= ? AND +changed.key >= ? AND +changed.key < ?
ORDER BY changed.revision LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Window:
    """Which revisions to read events of, and how many events at most."""

    after_revision: int
    upto_revision: int
    limit: int


@dataclass(frozen=True, slots=True)
class Span:
    """Some of the events of a range, and the revision up to which there are no others."""

    events: Sequence[LedgerEvent]
    upto_revision: int


def read_range(connection: sqlite3.Connection, start: bytes, end: bytes, revision: int, limit: int) -> Range:
    """Keys in [start, end) as of `revision`. Raises Compacted, FutureRevision."""
    with Snapshot(connection):
        newest = _check_revision(connection, revision)
        if revision == newest:
            (count,) = connection.execute(_CURRENT_COUNT, (start, end)).fetchone()
            rows = connection.execute(_CURRENT, (start, end, limit or -1)).fetchall()
            records = [Record(*row) for row in rows]
        else:
            past = {"start": start, "end": end, "revision": revision, "limit": limit or -1}
            (count,) = connection.execute(_PAST_COUNT, past).fetchone()
            records = [Record(*row[:8]) for row in connection.execute(_PAST, past)]
    return Range(records, revision, count, more=count > len(records))


def read_events(connection: sqlite3.Connection, start: bytes, end: bytes, wanted: Window) -> Span:
    """The first events of [start, end) in the window. Raises Compacted, FutureRevision."""
    with Snapshot(connection):
        _check_revision(connection, wanted.after_revision)
        place = (wanted.after_revision, wanted.upto_revision, start, end, wanted.limit)
        events = [_read_event(row) for row in connection.execute(_EVENTS, place)]
    complete = len(events) < wanted.limit
    return Span(events, wanted.upto_revision if complete else events[-1].record.mod_revision)


def _read_event(row: Sequence[Any]) -> LedgerEvent:
    revision, deleted_by = row[0], row[1]
    before = read_slip(row[2:11]) if row[4] is not None else None
    previous = before.record if before else None
    if deleted_by is not None:
        assert before is not None
        return LedgerEvent(EventType.DELETE, tombstone(before, revision, deleted_by), previous)
    after = row[11:20] if row[13] is not None else row[20:29]
    return LedgerEvent(EventType.PUT, read_slip(after).record, previous)


def _check_revision(connection: sqlite3.Connection, revision: int) -> int:
    newest, compact_revision = connection.execute(_EXTENT).fetchone()
    if revision < compact_revision:
        raise Compacted(compact_revision)
    if revision > newest:
        raise FutureRevision(f"revision {revision} is in the future: the newest is {newest}")
    return int(newest)


class Snapshot:
    """A read transaction: everything inside sees one state of the file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN")

    def __exit__(self, *_: object) -> None:
        self._connection.execute("ROLLBACK")
