"""Between rows and records: the SQL that writes a group's changes, and the reading of a row."""
# ruff: noqa: S608 - the statements are made of our own constants; whatever comes from outside is bound

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from kubeade.store.group import Change, Slip
from kubeade.store.ledger import EventType, Record

COLUMNS = "key, value, create_revision, mod_revision, version, lease, author, creator, stamp_at"
"""What makes a slip, in the order of `Record`; both tables have all of them."""

_STORED = COLUMNS.replace("create_revision", "place")

KEYS_PER_QUERY = 256

_INSERT = f"INSERT INTO current ({_STORED}) VALUES (?,?,?,?,?,?,?,?,?)"
_UPDATE = (
    "UPDATE current SET value = ?, mod_revision = ?, version = ?, lease = ?, author = ?, stamp_at = ?"
    " WHERE place = ?"
)
_REMOVE = "DELETE FROM current WHERE place = ?"
_CREATED = "INSERT INTO history (place, key, bytes_total) VALUES (?,?,?)"
_CHANGED = (
    "INSERT INTO history (place, deleted_by, bytes_total, key, value, create_revision, mod_revision,"
    " version, lease, author, creator, stamp_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
)

ROW_BYTES = 200
"""What a history row takes beside its key and value, about: for the history's budget."""


def columns(table: str) -> str:
    """The slip's columns of one table of a join."""
    return ", ".join(f"{table}.{name}" for name in COLUMNS.split(", "))


def read_slip(row: Sequence[Any]) -> Slip:
    """The slip of a row that was selected as COLUMNS, or as COLUMNS and its place."""
    return Slip(Record(*row[:8]), *row[8:])


def load_slips(connection: sqlite3.Connection, keys: Iterable[bytes]) -> dict[bytes, Slip]:
    """The present state of those of the keys that are there."""
    wanted = list(keys)
    slips: dict[bytes, Slip] = {}
    for start in range(0, len(wanted), KEYS_PER_QUERY):
        part = wanted[start : start + KEYS_PER_QUERY]
        size = 1 << (len(part) - 1).bit_length()  # few distinct statements, so that they stay prepared
        part += part[-1:] * (size - len(part))
        query = f"SELECT {COLUMNS}, place FROM current WHERE key IN ({','.join('?' * size)})"
        for row in connection.execute(query, part):
            slips[row[0]] = read_slip(row)
    return slips


def load_spans(connection: sqlite3.Connection, spans: Iterable[tuple[bytes, bytes]]) -> dict[bytes, Slip]:
    """The present state of every key in one of the ranges."""
    query = f"SELECT {COLUMNS}, place FROM current WHERE key >= ? AND key < ?"
    return {row[0]: read_slip(row) for span in spans for row in connection.execute(query, span)}


def write_changes(connection: sqlite3.Connection, changes: Sequence[Change], bytes_total: int) -> int:
    """Write both tables. Returns the new running total of the history's bytes."""
    # In this order: on a full disk, what a deletion frees is where its history row goes.
    _write_current(connection, changes)
    return _write_history(connection, changes, bytes_total)


def _write_history(connection: sqlite3.Connection, changes: Sequence[Change], bytes_total: int) -> int:
    created = []
    changed = []
    for change in changes:
        event, before = change.event, change.before
        record = event.record
        bytes_total += ROW_BYTES + len(record.key)
        if before is None:
            created.append((change.place, record.key, bytes_total))
            continue
        previous = before.record
        bytes_total += len(previous.value)
        deleted_by = record.author if event.type is EventType.DELETE else None
        changed.append((change.place, deleted_by, bytes_total, *_slip_row(before, previous.create_revision)))
    if created:
        connection.executemany(_CREATED, created)
    if changed:
        connection.executemany(_CHANGED, changed)
    return bytes_total


def _write_current(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
    first: dict[bytes, Slip | None] = {}
    last: dict[bytes, Slip | None] = {}
    for change in changes:
        key = change.event.record.key
        first.setdefault(key, change.before)
        last[key] = change.after
    removed, updated, inserted = [], [], []
    for key, after in last.items():
        before = first[key]
        lives_on = before is not None and after is not None and before.place == after.place
        if after is not None and lives_on:
            updated.append(_update_row(after))
            continue
        if before is not None:
            removed.append((before.place,))
        if after is not None:
            inserted.append(_slip_row(after, after.place))
    if removed:
        connection.executemany(_REMOVE, removed)
    if updated:
        connection.executemany(_UPDATE, updated)
    if inserted:
        connection.executemany(_INSERT, inserted)


def _slip_row(slip: Slip, created: int) -> tuple[Any, ...]:
    record = slip.record
    return (
        record.key,
        record.value,
        created,
        record.mod_revision,
        record.version,
        record.lease,
        record.author,
        record.creator,
        slip.stamp_at,
    )


def _update_row(slip: Slip) -> tuple[Any, ...]:
    record = slip.record
    return (
        record.value,
        record.mod_revision,
        record.version,
        record.lease,
        record.author,
        slip.stamp_at,
        slip.place,
    )
