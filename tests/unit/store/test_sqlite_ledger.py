"""What the file promises beyond the contract: its size, its safety, its repair."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from kubeade.store.check import check_file
from kubeade.store.ledger import (
    Compacted,
    LedgerFailed,
    LedgerFull,
    LedgerUnusable,
    Record,
)
from kubeade.store.sqlite import LedgerLimits, SqliteLedger
from kubeade.store.trim import HistoryBudget

SMALL_HISTORY = LedgerLimits(history=HistoryBudget(revisions=100, bytes=1_000_000, young_seconds=0))
FORGETFUL = LedgerLimits(recent_events=4, watch_buffer_events=4)


def size_bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))


async def change_in_turn(ledger: SqliteLedger, key: bytes, rounds: int, value: bytes = b"") -> Record:
    record = await ledger.create(key, value)
    for _ in range(rounds):
        record = await ledger.update(key, value, expected_revision=record.mod_revision)
    return record


async def fill(ledger: SqliteLedger) -> list[Record]:
    kept: list[Record] = []
    while True:
        try:
            kept.append(await ledger.create(b"/%d" % len(kept), b"x" * 50_000))
        except LedgerFull:
            return kept


async def revisions(ledger: SqliteLedger, after_revision: int, count: int) -> list[int]:
    found: list[int] = []
    async with await ledger.watch(b"/", b"0", after_revision=after_revision) as watch:
        while len(found) < count:
            found += [event.record.mod_revision for event in await anext(watch)]
    return found


async def test_the_files_are_their_owners_only(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    await ledger.create(b"/a", b"")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert set(modes) >= {"ledger.db", "ledger.db-wal"}
    assert set(modes.values()) == {0o600}
    await ledger.close()


async def test_a_second_opening_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    first = await SqliteLedger.open(path)
    with pytest.raises(LedgerUnusable, match="in use"):
        await SqliteLedger.open(path)
    await first.create(b"/a", b"")
    await first.close()
    await (await SqliteLedger.open(path)).close()


async def test_an_orderly_close_leaves_one_database_file(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    await ledger.create(b"/a", b"")
    await ledger.get(b"/a")
    await ledger.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ledger.db", "ledger.db.lock"]


@pytest.mark.parametrize("content", [b"not a database, " * 100, b"short"])
async def test_what_is_not_a_ledger_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(LedgerUnusable):
        await SqliteLedger.open(path)
    assert path.read_bytes() == content


async def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as other:
        other.executescript("PRAGMA user_version = 3; CREATE TABLE theirs (x);")
    with pytest.raises(LedgerUnusable, match="not a ledger"):
        await SqliteLedger.open(path)


async def test_a_missing_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="No such file"):
        await SqliteLedger.open(tmp_path / "none" / "ledger.db")


async def test_history_beyond_the_budget_is_forgotten_oldest_first(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", SMALL_HISTORY)
    await change_in_turn(ledger, b"/a", 999)
    assert 901 <= ledger.compact_revision <= 902
    with pytest.raises(Compacted):
        await ledger.get(b"/a", revision=501)
    record = await ledger.get(b"/a", revision=951)
    assert record is not None
    assert record.version == 950
    assert await ledger.check() == []
    await ledger.close()


async def test_young_history_is_kept_beyond_the_budgets_revisions(tmp_path: Path) -> None:
    limits = LedgerLimits(history=HistoryBudget(revisions=10, young_seconds=300))
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", limits)
    await change_in_turn(ledger, b"/a", 99)
    assert ledger.compact_revision == 0
    await ledger.close()


async def test_the_file_stays_small_under_sustained_updates(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    limits = LedgerLimits(history=HistoryBudget(bytes=1_000_000, young_seconds=300))
    ledger = await SqliteLedger.open(path, limits)
    value = b"x" * 32_000
    await asyncio.gather(*(change_in_turn(ledger, b"/%d" % key, 150, value) for key in range(16)))
    written = 16 * 150 * len(value)
    assert written > 70_000_000
    assert size_bytes(path) < 25_000_000
    assert await ledger.check() == []
    await ledger.close()
    assert size_bytes(path) < 8_000_000


async def test_a_full_ledger_refuses_writes_serves_reads_and_recovers(tmp_path: Path) -> None:
    limits = LedgerLimits(max_bytes=2_000_000)
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", limits)
    kept = await fill(ledger)
    assert 20 < len(kept) < 60
    assert ledger.revision == len(kept) + 1
    assert (await ledger.range(b"/", b"0")).count == len(kept)
    for record in kept[:5]:
        await ledger.delete(record.key, expected_revision=record.mod_revision)
    record = await ledger.create(b"/again", b"x" * 50_000)
    assert record.mod_revision == len(kept) + 7
    assert await ledger.check() == []
    await ledger.close()


async def test_old_history_gives_way_where_there_is_no_room(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", LedgerLimits(max_bytes=2_000_000))
    record = await change_in_turn(ledger, b"/a", 200, b"x" * 50_000)
    assert record.version == 201
    assert ledger.compact_revision > 0
    await ledger.close()


async def test_one_write_that_does_not_fit_is_refused_alone(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", LedgerLimits(max_bytes=2_000_000))
    sizes = [10, 5_000_000, 10]
    writes = [ledger.create(b"/%d" % number, b"x" * size) for number, size in enumerate(sizes)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(result) for result in results] == [Record, LedgerFull, Record]
    await ledger.close()


class FailingConnection:
    """A connection whose disk fails at the next commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.failures = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *parameters: Any) -> sqlite3.Cursor:
        if statement == "COMMIT" and self.failures:
            self.failures -= 1
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return self._connection.execute(statement, *parameters)


async def test_a_failing_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    await ledger.create(b"/before", b"")
    writer = ledger._writer
    writer._connection = cast("sqlite3.Connection", FailingConnection(writer._connection))
    async with await ledger.watch(b"/", b"0", after_revision=2) as watch:
        results = await asyncio.gather(
            ledger.create(b"/a", b""),
            ledger.delete(b"/before", expected_revision=2),
            return_exceptions=True,
        )
        assert LedgerFailed in {type(result) for result in results}
        failed = [type(result) for result in results].index(LedgerFailed)
        assert (await ledger.get(b"/a") is None) == (failed == 0)
        await ledger.create(b"/after", b"")
        seen: list[int] = []
        while len(seen) < ledger.revision - 2:
            seen += [event.record.mod_revision for event in await anext(watch)]
    assert seen == list(range(3, ledger.revision + 1))
    assert await ledger.check() == []
    await ledger.close()


async def test_what_was_undone_is_not_taken_for_what_is_there(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    made = await ledger.create(b"/a", b"1")
    writer = ledger._writer
    writer._connection = cast("sqlite3.Connection", FailingConnection(writer._connection))
    with pytest.raises(LedgerFailed):
        await ledger.update(b"/a", b"2", expected_revision=made.mod_revision)
    done = await ledger.update(b"/a", b"3", expected_revision=made.mod_revision)
    assert done.mod_revision == made.mod_revision + 1
    assert await ledger.check() == []
    await ledger.close()


async def test_a_programmers_error_is_told_to_its_caller(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    with pytest.raises(LedgerFailed):
        await ledger.create(cast("bytes", object()), b"")
    assert (await ledger.create(b"/a", b"")).mod_revision == 2
    await ledger.close()


async def test_a_watch_catches_up_from_disk_where_memory_is_too_short(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", FORGETFUL)
    await change_in_turn(ledger, b"/a", 99)
    assert await revisions(ledger, 0, 100) == list(range(2, 102))
    await ledger.close()


async def test_a_slow_reader_goes_on_from_disk_without_a_gap(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", FORGETFUL)
    async with await ledger.watch(b"/", b"0", after_revision=0) as watch:
        await change_in_turn(ledger, b"/a", 99)
        found: list[int] = []
        while len(found) < 100:
            batch = await anext(watch)
            assert len(batch) <= 4
            found += [event.record.mod_revision for event in batch]
            if len(found) == 40:
                await ledger.create(b"/more", b"")
        assert found == list(range(2, 102))
    await ledger.close()


async def test_a_too_slow_reader_is_told_compacted(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", FORGETFUL)
    async with await ledger.watch(b"/", b"0", after_revision=0) as watch:
        await change_in_turn(ledger, b"/a", 99)
        await ledger.compact(91)
        first = await anext(watch)
        assert [event.record.mod_revision for event in first] == [2, 3, 4, 5]
        for _ in range(2):
            with pytest.raises(Compacted):
                await anext(watch)
    await ledger.close()


DAMAGES = {
    "UPDATE current SET mod_revision = 1 WHERE key = X'2F61'": "last change is not its present state",
    "DELETE FROM current WHERE key = X'2F61'": "last change is not its present state",
    "DELETE FROM history WHERE revision = 3": "gap",
    "UPDATE history SET mod_revision = 1 WHERE revision = 4": "does not follow",
    "UPDATE current SET value = X'00' WHERE key = X'2F73'": "does not carry its revision",
    "UPDATE current SET lease = 5": "lease",
    "UPDATE compaction SET revision = 100": "has not happened",
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_check_finds_what_was_tampered_with(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "ledger.db"
    ledger = await SqliteLedger.open(path)
    await change_in_turn(ledger, b"/a", 5)
    await ledger.create(b"/s", b"<>", stamp_at=1)
    await ledger.close()
    assert check_file(path) == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(damage).rowcount > 0
        connection.commit()
    assert any(DAMAGES[damage] in finding for finding in check_file(path))


FORMAT_1 = """
CREATE TABLE current (create_revision INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, mod_revision INTEGER
    NOT NULL, version INTEGER NOT NULL, lease INTEGER NOT NULL, author TEXT NOT NULL, creator TEXT NOT NULL,
    stamp_at INTEGER, value BLOB NOT NULL);
CREATE INDEX current_lease ON current (lease) WHERE lease != 0;
CREATE TABLE history (revision INTEGER PRIMARY KEY, deleted_by TEXT, key BLOB NOT NULL, bytes_total INTEGER
    NOT NULL, create_revision INTEGER, mod_revision INTEGER, version INTEGER, lease INTEGER, author TEXT,
    creator TEXT, stamp_at INTEGER, value BLOB);
CREATE INDEX history_key ON history (key);
CREATE TABLE leases (id INTEGER PRIMARY KEY AUTOINCREMENT, seconds INTEGER NOT NULL);
CREATE TABLE compaction (revision INTEGER NOT NULL);
INSERT INTO compaction VALUES (0);
INSERT INTO leases VALUES (7, 600);
INSERT INTO current VALUES (1, X'2F61', 2, 2, 7, 'bob', 'ann', 1, X'3C323E');
INSERT INTO history VALUES (1, NULL, X'2F61', 100, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO history VALUES (2, NULL, X'2F61', 200, 1, 1, 1, 7, 'ann', 'ann', 1, X'3C313E');
INSERT INTO history VALUES (3, NULL, X'2F62', 300, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO history VALUES (4, 'cid', X'2F62', 400, 3, 3, 1, 0, 'ann', 'ann', NULL, X'62');
PRAGMA user_version = 1;
PRAGMA application_id = 0x6B616465;
"""


async def test_a_ledger_of_the_format_before_is_brought_over_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FORMAT_1)
    ledger = await SqliteLedger.open(path)
    assert ledger.revision == 4
    assert await ledger.get(b"/a") == Record(b"/a", b"<2>", 1, 2, 2, 7, "bob", "ann")
    assert await ledger.get(b"/a", revision=1) == Record(b"/a", b"<1>", 1, 1, 1, 7, "ann", "ann")
    assert await revisions(ledger, 0, 4) == [1, 2, 3, 4]
    assert await ledger.grant_lease(60) == 8
    await ledger.revoke_lease(7)
    assert (await ledger.create(b"/c", b"")).mod_revision == 6
    assert await ledger.check() == []
    await ledger.close()


async def test_a_ledger_whose_newest_change_is_lost_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = await SqliteLedger.open(path)
    await ledger.create(b"/a", b"")
    await ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM current")
        connection.commit()
    with pytest.raises(LedgerUnusable, match="damaged"):
        await SqliteLedger.open(path)
