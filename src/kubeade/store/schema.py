"""The ledger's file: its tables, its settings, and how a connection to it is opened.

`current` holds each key's present state once. `history` is an undo log: the row of a change holds
what its key was *before*. So a creation writes its value once; what a key was at a revision is the
`before` of its first change after it; and forgetting old history never touches the present. A row's
`place` is its revision and its step within it (`kubeade.store.place`); in `current`, of the creation.

The newest history row is never removed: it carries the revision across a restart.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kubeade.store.ledger import LedgerUnusable
from kubeade.store.place import EMPTY_REVISION, STEP_BITS

FORMAT = 2
APPLICATION_ID = 0x6B616465  # "kade", so that `file` and a careless path are told apart

PAGE_BYTES = 8192
WAL_LIMIT_BYTES = 16 * 1024 * 1024

TABLES = """
CREATE TABLE current (
    place INTEGER PRIMARY KEY,
    create_revision INTEGER AS (place >> 20) VIRTUAL,
    key BLOB NOT NULL UNIQUE,
    mod_revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    author TEXT NOT NULL,
    creator TEXT NOT NULL,
    stamp_at INTEGER,
    value BLOB NOT NULL
);
CREATE INDEX current_lease ON current (lease) WHERE lease != 0;
CREATE TABLE history (
    place INTEGER PRIMARY KEY,
    revision INTEGER AS (place >> 20) VIRTUAL,
    deleted_by TEXT,
    key BLOB NOT NULL,
    bytes_total INTEGER NOT NULL,
    create_revision INTEGER,
    mod_revision INTEGER,
    version INTEGER,
    lease INTEGER,
    author TEXT,
    creator TEXT,
    stamp_at INTEGER,
    value BLOB
);
CREATE INDEX history_key ON history (key);
CREATE TABLE leases (id INTEGER PRIMARY KEY, seconds INTEGER NOT NULL);
CREATE TABLE last_lease (id INTEGER NOT NULL);
INSERT INTO last_lease VALUES (0);
CREATE TABLE compaction (revision INTEGER NOT NULL);
INSERT INTO compaction VALUES (0);
"""


SET_ASIDE_1 = """
DROP INDEX current_lease;
DROP INDEX history_key;
ALTER TABLE current RENAME TO current_1;
ALTER TABLE history RENAME TO history_1;
ALTER TABLE leases RENAME TO leases_1;
ALTER TABLE compaction RENAME TO compaction_1;
"""
FROM_1 = """
INSERT INTO current SELECT create_revision << 20, key, mod_revision, version, lease, author, creator,
    stamp_at, value FROM current_1;
INSERT INTO history SELECT revision << 20, deleted_by, key, bytes_total, create_revision, mod_revision,
    version, lease, author, creator, stamp_at, value FROM history_1;
INSERT INTO leases SELECT id, seconds FROM leases_1;
UPDATE last_lease SET id = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'leases_1'), 0);
UPDATE compaction SET revision = (SELECT revision FROM compaction_1);
DROP TABLE current_1;
DROP TABLE history_1;
DROP TABLE leases_1;
DROP TABLE compaction_1;
"""
"""Format 1 had one change a revision, so a revision was a row's place."""


def create_file(path: Path) -> None:
    """Make sure that the file exists and only its owner can read it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def open_writer(path: Path) -> sqlite3.Connection:
    """The one connection that writes. Creates the tables in an empty file."""
    connection = _connect(path, cache_kib=8192)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_LIMIT_BYTES // PAGE_BYTES}")
    _create_tables(connection)
    _check_newest(connection)


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Each of its transactions sees one revision."""
    connection = _connect(path, cache_kib=2048)
    connection.execute("PRAGMA query_only = 1")
    return connection


@dataclass(frozen=True, slots=True)
class FileSize:
    """`used_bytes` is what of it holds something."""

    total_bytes: int
    used_bytes: int


def read_size(connection: sqlite3.Connection) -> FileSize:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return FileSize(pages * PAGE_BYTES, (pages - free) * PAGE_BYTES)


def read_extent(path: Path) -> tuple[int, int]:
    """The newest revision of a ledger that nobody has opened here, and how many keys it has. Raises
    sqlite3.Error."""
    with closing(open_reader(path)) as reader:
        (newest,) = reader.execute("SELECT max(place) FROM history").fetchone()
        (keys,) = reader.execute("SELECT count(*) FROM current").fetchone()
    return (newest >> STEP_BITS if newest else EMPTY_REVISION), keys


def copy_file(source: Path, target: Path) -> None:
    """A ledger that is in use, as of one moment, into a new file."""
    create_file(target)
    with closing(open_reader(source)) as reader, closing(sqlite3.connect(target)) as copy:
        reader.backup(copy)


def _connect(path: Path, cache_kib: int) -> sqlite3.Connection:
    # No waiting for locks: readers and the writer never block one another in WAL mode.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    return connection


def _create_tables(connection: sqlite3.Connection) -> None:
    (format_,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if format_ == 0 and application == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {FORMAT};"
            f" PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
        )
    elif application != APPLICATION_ID:
        raise LedgerUnusable("the file is a database, but not a ledger")
    elif format_ == 1:
        connection.executescript(
            f"BEGIN IMMEDIATE; {SET_ASIDE_1} {TABLES} {FROM_1} PRAGMA user_version = {FORMAT}; COMMIT;"
        )
    elif format_ != FORMAT:
        raise LedgerUnusable(f"the ledger has format {format_}; this version reads format {FORMAT}")


def _check_newest(connection: sqlite3.Connection) -> None:
    """The cheap check of every start: the newest change is there and agrees with its key's state."""
    row = connection.execute(
        "SELECT deleted_by IS NULL, current.mod_revision IS history.revision FROM history"
        " LEFT JOIN current USING (key) ORDER BY history.place DESC LIMIT 1"
    ).fetchone()
    if row is None:
        row = connection.execute("SELECT 1, 0 FROM current LIMIT 1").fetchone() or (1, 1)
    present, matches = row
    if present and not matches:
        raise LedgerUnusable("the ledger is damaged: its newest change and its state do not agree")
