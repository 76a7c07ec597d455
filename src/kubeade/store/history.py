"""Reading the file: the present, the past, and the events between. Each call sees one snapshot.

The past of a key is the `before` of its first change after the asked-for revision; a key without
such a change is as it was. An event's record is the `before` of the key's next change, or its
present state.
"""
# ruff: noqa: S608 - the statements are made of our own constants; whatever comes from outside is bound

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kubeade.store.group import tombstone
from kubeade.store.ledger import Compacted, EventType, FutureRevision, LedgerEvent, Range, Record
from kubeade.store.place import EMPTY_REVISION, STEP_BITS, oldest_readable, place_of
from kubeade.store.rows import columns, read_slip
from kubeade.store.selection import select, shape
from kubeade.store.transaction import Query

RECORD = "key, value, create_revision, mod_revision, version, lease, author, creator"

_EXTENT = f"""
SELECT coalesce((SELECT max(place) FROM history) >> {STEP_BITS}, {EMPTY_REVISION}),
       (SELECT revision FROM compaction),
       coalesce((SELECT min(place) FROM history) >> {STEP_BITS}, {EMPTY_REVISION})
"""

_CURRENT = f"SELECT {RECORD} FROM current WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
_CURRENT_COUNT = "SELECT count(*) FROM current WHERE key >= ? AND key < ?"

_KEYS_OF_LEASE = "SELECT key FROM current WHERE lease = ? ORDER BY key"

_PAST_SOURCES = """
WITH undo AS (
    SELECT key, min(place) AS place FROM history
    WHERE key >= :start AND key < :end AND place >= :after GROUP BY key
), sources (key, undo, present) AS (
    SELECT undo.key, undo.place, NULL FROM undo JOIN history USING (place)
    WHERE history.create_revision IS NOT NULL
    UNION ALL
    SELECT key, NULL, place FROM current
    WHERE key >= :start AND key < :end AND mod_revision <= :revision
)
"""
_PAST_COUNT = _PAST_SOURCES + "SELECT count(*) FROM sources"
_PAST = (
    _PAST_SOURCES
    + f"""
, page AS (SELECT * FROM sources ORDER BY key LIMIT :limit)
SELECT {columns("history")} FROM page JOIN history ON history.place = page.undo
UNION ALL
SELECT {columns("current")} FROM page JOIN current ON current.place = page.present
ORDER BY 1
"""
)

_EVENTS = f"""
SELECT changed.revision, changed.deleted_by, {columns("changed")},
       {columns("later")}, {columns("current")}
FROM history AS changed
LEFT JOIN history AS later ON later.place = (
    SELECT min(place) FROM history WHERE key = changed.key AND place > changed.place)
LEFT JOIN current ON later.place IS NULL AND current.key = changed.key
WHERE changed.place >= ? AND changed.place < ? AND +changed.key >= ? AND +changed.key < ?
ORDER BY changed.place LIMIT ?
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
    return _read(connection, (start, end), revision, limit or -1)


def read_query(connection: sqlite3.Connection, query: Query, revision: int) -> Range:
    """What a query wants, as of `revision`. Raises Compacted, FutureRevision."""
    span = query.start, query.end
    if query.count_only:
        return replace(_read(connection, span, revision, 0), more=False)
    if query.plain:
        return shape(_read(connection, span, revision, query.limit or -1), query)
    return shape(select(_read(connection, span, revision, -1).records, query, revision), query)


def _read(connection: sqlite3.Connection, span: tuple[bytes, bytes], revision: int, limit: int) -> Range:
    """`limit` -1: none, as in SQL."""
    with Snapshot(connection):
        newest = _check_revision(connection, revision)
        if revision == newest:
            (count,) = connection.execute(_CURRENT_COUNT, span).fetchone()
            records = [Record(*row) for row in connection.execute(_CURRENT, (*span, limit))]
        else:
            past = {"start": span[0], "end": span[1], "revision": revision, "limit": limit}
            past["after"] = place_of(revision + 1)
            (count,) = connection.execute(_PAST_COUNT, past).fetchone()
            records = [Record(*row[:8]) for row in connection.execute(_PAST, past)]
    return Range(records, revision, count, more=count > len(records))


def read_events(connection: sqlite3.Connection, start: bytes, end: bytes, wanted: Window) -> Span:
    """The first events of [start, end) in the window. Raises Compacted, FutureRevision."""
    with Snapshot(connection):
        _check_revision(connection, min(wanted.after_revision + 1, wanted.upto_revision))
        events = _select_events(connection, start, end, replace(wanted, limit=wanted.limit + 1))
        if len(events) <= wanted.limit:
            return Span(events, wanted.upto_revision)
        last = events[-1].record.mod_revision  # there may be more of it, and no batch splits a revision
        whole = [event for event in events if event.record.mod_revision < last]
        if whole:
            return Span(whole, last - 1)
        return Span(_select_events(connection, start, end, Window(last - 1, last, -1)), last)


def _select_events(
    connection: sqlite3.Connection, start: bytes, end: bytes, wanted: Window
) -> list[LedgerEvent]:
    places = place_of(wanted.after_revision + 1), place_of(wanted.upto_revision + 1)
    rows = connection.execute(_EVENTS, (*places, start, end, wanted.limit))
    return [_read_event(row) for row in rows]


def read_keys_of_lease(connection: sqlite3.Connection, lease: int) -> list[bytes]:
    return [row[0] for row in connection.execute(_KEYS_OF_LEASE, (lease,))]


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
    newest, compacted, first = connection.execute(_EXTENT).fetchone()
    compact_revision = oldest_readable(compacted, first)
    if revision < compact_revision:
        raise Compacted(compact_revision)
    if revision > newest:
        raise FutureRevision(f"revision {revision} is in the future: the newest is {newest}")
    return int(newest)


class Snapshot:
    """A read transaction: everything inside sees one state of the file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._inside = connection.in_transaction  # the writer's, which is a snapshot too

    def __enter__(self) -> None:
        if not self._inside:
            self._connection.execute("BEGIN")

    def __exit__(self, *_: object) -> None:
        if not self._inside:
            self._connection.execute("ROLLBACK")
