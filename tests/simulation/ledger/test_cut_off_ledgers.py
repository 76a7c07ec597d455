"""The upgrade from the format before, and a compaction, ended anywhere by SIGKILL or with the power: the next
start finds all of it, in either format, before or after."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from faulty_disk import FaultyDisk, crash, unavailable

from kubeade.store.check import check_file
from kubeade.store.schema import APPLICATION_ID, open_writer
from kubeade.store.sqlite import SqliteLedger
from kubeade.store.trim import STEP_ROWS

KEYS = 300
needs_a_faulty_disk = pytest.mark.skipif(bool(unavailable()), reason=unavailable())
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
    await _assert_whole(path)


@needs_a_faulty_disk
async def test_the_power_goes_during_an_upgrade(tmp_path: Path) -> None:
    disk = FaultyDisk()
    with disk.installed():
        _format_1(tmp_path / "ledger.db")
        began = len(disk.log)
        open_writer(tmp_path / "ledger.db").close()
    for moment in _moments(began, len(disk.log)):
        place = tmp_path / str(moment)
        place.mkdir()
        crash(disk.log, moment, random.Random(moment), place)
        await _assert_whole(place / "ledger.db")


@needs_a_faulty_disk
async def test_the_power_goes_during_a_compaction(tmp_path: Path) -> None:
    """In several steps, each a commit of its own."""
    disk = FaultyDisk()
    with disk.installed():
        ledger = await SqliteLedger.open(tmp_path / "ledger.db")
        for turn in range(4):
            await asyncio.gather(*(_write(ledger, turn, each) for each in range(STEP_ROWS)))
        kept, asked = await ledger.range(b"/", b"0"), ledger.revision - 50
        past = await ledger.range(b"/", b"0", revision=asked)
        began = len(disk.log)
        await ledger.compact(asked, wait=True)
        ended = len(disk.log)
        await ledger.close()
    for moment in _moments(began, ended):
        place = tmp_path / str(moment)
        place.mkdir()
        crash(disk.log, moment, random.Random(moment), place)
        ledger = await SqliteLedger.open(place / "ledger.db")
        assert await ledger.range(b"/", b"0") == kept
        assert await ledger.range(b"/", b"0", revision=asked) == past
        assert ledger.compact_revision in (0, asked)
        await ledger.close()
        assert check_file(place / "ledger.db") == []


async def _write(ledger: SqliteLedger, turn: int, number: int) -> None:
    key = b"/%05d" % number
    if not turn:
        await ledger.create(key, b"0")
        return
    found = await ledger.get(key)
    assert found is not None
    await ledger.update(key, b"%d" % turn, expected_revision=found.mod_revision)


def _moments(began: int, ended: int) -> list[int]:
    """All, or enough of them."""
    assert ended > began
    return sorted(random.Random(began).sample(range(began, ended + 1), min(40, ended + 1 - began)))


async def _assert_whole(path: Path) -> None:
    ledger = await SqliteLedger.open(path)
    assert (await ledger.range(b"/", b"0")).count == KEYS
    assert ledger.revision == KEYS + 1
    await ledger.create(b"/new", b"goes on")
    await ledger.close()
    assert check_file(path) == []
