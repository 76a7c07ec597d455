"""SIGKILL anywhere in the upgrade from the format before: the next start finds all of it, in either format."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kubeade.store.check import check_file
from kubeade.store.schema import APPLICATION_ID
from kubeade.store.sqlite import SqliteLedger

KEYS = 300
FORMAT_1 = """
CREATE TABLE current (create_revision INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE,
    mod_revision INTEGER NOT NULL, version INTEGER NOT NULL, lease INTEGER NOT NULL, author TEXT NOT NULL,
    creator TEXT NOT NULL, stamp_at INTEGER, value BLOB NOT NULL);
CREATE INDEX current_lease ON current (lease) WHERE lease != 0;
CREATE TABLE history (revision INTEGER PRIMARY KEY, deleted_by TEXT, key BLOB NOT NULL,
    bytes_total INTEGER NOT NULL, create_revision INTEGER, mod_revision INTEGER, version INTEGER,
    lease INTEGER, author TEXT, creator TEXT, stamp_at INTEGER, value BLOB);
CREATE INDEX history_key ON history (key);
CREATE TABLE leases (id INTEGER PRIMARY KEY AUTOINCREMENT, seconds INTEGER NOT NULL);
CREATE TABLE compaction (revision INTEGER NOT NULL);
INSERT INTO compaction VALUES (0);
"""
OPEN_AND_DIE = """
import os, signal, sqlite3, sys
from kubeade.store import schema

connect = sqlite3.connect

def mortal(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.set_progress_handler(lambda: os.kill(os.getpid(), signal.SIGKILL), int(sys.argv[2]))
    return connection

schema.sqlite3.connect = mortal
schema.open_writer(schema.Path(sys.argv[1])).close()
"""


def _format_1(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; {FORMAT_1}")
        for number in range(KEYS):
            key, revision, total = b"/%05d" % number, number + 2, 300 * (number + 1)
            row = (revision, key, revision, 1, 0, "", "", None, b"x" * 500)
            connection.execute("INSERT INTO current VALUES (?,?,?,?,?,?,?,?,?)", row)
            connection.execute(
                "INSERT INTO history (revision, key, bytes_total) VALUES (?,?,?)", (revision, key, total)
            )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


@pytest.mark.parametrize("steps", [1, 50, 400, 1000, 2000, 3000, 5000])
async def test_nothing_is_lost(tmp_path: Path, steps: int) -> None:
    path = tmp_path / "ledger.db"
    _format_1(path)
    done = subprocess.run([sys.executable, "-c", OPEN_AND_DIE, str(path), str(steps)], timeout=50)
    assert done.returncode == -signal.SIGKILL
    ledger = await SqliteLedger.open(path)
    assert (await ledger.range(b"/", b"0")).count == KEYS
    assert ledger.revision == KEYS + 1
    await ledger.create(b"/new", b"goes on")
    await ledger.close()
    assert check_file(path) == []
