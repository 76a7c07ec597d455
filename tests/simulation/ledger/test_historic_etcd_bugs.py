"""The bugs that etcd's robustness tests have found or now look for: each a scenario, once on the ledger as it is,
once on a copy that is broken in the way etcd was. README.md says which is tested where."""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from crashes import crash_often
from faulty_disk import SQLITE_FULL, FaultyDisk, crash, unavailable
from guarantees import check_events
from workload import END, START

from kubeade.store import history, place, rows, schema, trim, writer
from kubeade.store.group import Change, Group
from kubeade.store.ledger import Compacted, EventType, LedgerEvent, LedgerFull
from kubeade.store.sqlite import LedgerLimits, SqliteLedger
from kubeade.store.transaction import PutKey, Query, Transaction, key_range
from kubeade.store.trim import STEP_ROWS, HistoryBudget, HistoryTrim
from kubeade.store.writer import Writer

Scenario = Callable[[Path], Awaitable[list[str]]]
Breaker = Callable[[pytest.MonkeyPatch], None]

CRASHES = 40


# -- the state and its revision do not go to disk together (#13766) ----------------------------------------


async def crashing_under_load(folder: Path) -> list[str]:
    return await crash_often(1, crashes=CRASHES, steps=25)


def commit_the_state_before_its_revision(patch: pytest.MonkeyPatch) -> None:
    write = rows._write_current

    def write_and_commit(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
        write(connection, changes)
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")

    patch.setattr(rows, "_write_current", write_and_commit)


# -- a write is acknowledged before it is on disk (#14370) -------------------------------------------------


def acknowledge_early(patch: pytest.MonkeyPatch) -> None:
    def careless(path: Path) -> sqlite3.Connection:
        connection = schema.open_writer(path)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    patch.setattr(writer, "open_writer", careless)


# -- a crash while the file is put in order takes newer writes away (#14685) -------------------------------


async def crashing_after_tidying(folder: Path) -> list[str]:
    disk = FaultyDisk()
    moments: list[tuple[int, int]] = []
    with disk.installed():
        ledger = await SqliteLedger.open(folder / "ledger.db")
        for turn in range(5):
            await asyncio.gather(*(ledger.create(b"/%d/%d" % (turn, each), b"x" * 500) for each in range(30)))
            await ledger.defragment()
            moments.append((len(disk.log), ledger.revision))
            await ledger.create(b"/%d/last" % turn, b"")
            moments.append((len(disk.log), ledger.revision))
        await ledger.close()
    found = []
    for number, (moment, revision) in enumerate(moments):
        place = folder / str(number)
        place.mkdir()
        crash(disk.log, moment, random.Random(number), place)
        ledger = await SqliteLedger.open(place / "ledger.db")
        count = (await ledger.range(b"/", b"0")).count
        if (ledger.revision, count) != (revision, revision - 1):
            found.append(f"{count} keys at {ledger.revision} instead of {revision}")
        await ledger.close()
    return found


def tidy_without_waiting_for_the_disk(patch: pytest.MonkeyPatch) -> None:
    fold = Writer._fold_log

    def careless(self: Writer) -> None:
        self._connection.execute("PRAGMA synchronous = OFF")
        fold(self)
        self._connection.execute("PRAGMA synchronous = FULL")

    patch.setattr(Writer, "_fold_log", careless)


# -- an event comes twice where a commit is tried again (#17247) -------------------------------------------


async def trying_a_commit_again(folder: Path) -> list[str]:
    chance = random.Random(1)
    disk = FaultyDisk(failures={chance.randint(60, 200): SQLITE_FULL for _ in range(30)})
    batches: list[Sequence[LedgerEvent]] = []
    with disk.installed():
        ledger = await SqliteLedger.open(folder / "ledger.db")
        watch = await ledger.watch(START, END, after_revision=ledger.revision)
        for number in range(60):
            with suppress(LedgerFull):
                await ledger.create(b"%b%d" % (START, number), b"<>", stamp_at=1)
        while not batches or batches[-1][-1].record.mod_revision < ledger.revision:
            batches.append(await anext(watch))
        await ledger.close()
    return check_events(batches)


def publish_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    class Hasty(Writer):
        def _record(self, group: Group) -> list[LedgerEvent]:
            events = super()._record(group)
            self._publish(self._outcome(events, []))
            return events

    patch.setattr("kubeade.store.sqlite.Writer", Hasty)


# -- the revision goes back where everything was deleted and compacted (#17780) ----------------------------


async def compacting_a_last_deletion(folder: Path) -> list[str]:
    ledger = await SqliteLedger.open(folder / "ledger.db")
    record = await ledger.create(b"/a", b"")
    await ledger.delete(b"/a", expected_revision=record.mod_revision)
    revision = ledger.revision
    await ledger.compact(revision, wait=True)
    await ledger.close()
    ledger = await SqliteLedger.open(folder / "ledger.db")
    again = ledger.revision
    await ledger.close()
    return [] if again == revision else [f"{revision} became {again}"]


def forget_the_newest_change(patch: pytest.MonkeyPatch) -> None:
    compact = HistoryTrim.compact

    def compact_all(self: HistoryTrim, revision: int) -> None:
        compact(self, revision)
        self._connection.execute("DELETE FROM history WHERE revision <= ?", (revision,))

    patch.setattr(HistoryTrim, "compact", compact_all)


# -- a deletion at the very revision of the compaction is not told (#18089, #19179) ------------------------


async def watching_from_the_compaction(folder: Path) -> list[str]:
    """While the rows are still being forgotten, and after a restart in the middle of it."""
    ledger = await SqliteLedger.open(folder / "ledger.db")
    await asyncio.gather(
        *(ledger.create(b"/%06d" % each, b"<>", stamp_at=1) for each in range(3 * STEP_ROWS))
    )
    record = await ledger.create(b"/k", b"<>", stamp_at=1)
    deleted = await ledger.delete(b"/k", expected_revision=record.mod_revision)
    await ledger.create(b"/k", b"<>", stamp_at=1)
    await ledger.compact(deleted.mod_revision)
    found = await _missing(ledger, deleted.mod_revision)
    await ledger.close()
    ledger = await SqliteLedger.open(folder / "ledger.db")
    found += await _missing(ledger, deleted.mod_revision)
    await ledger.compact(deleted.mod_revision, wait=True)
    found += await _missing(ledger, deleted.mod_revision)
    await ledger.close()
    return found


async def _missing(ledger: SqliteLedger, revision: int) -> list[str]:
    async with await ledger.watch(b"/k", b"/k\0", after_revision=revision - 1) as watch:
        events = list(await anext(watch))
    wanted = [EventType.DELETE, EventType.PUT]
    return [] if [event.type for event in events] == wanted else [f"a watch from {revision} got {events}"]


def forget_the_compacted_revision_too(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HistoryTrim, "_target", lambda self: min(self.extent.compacted, self.extent.newest - 1))


# -- whoever goes on from where he was sent to has a gap, or is sent there again (#17529) ------------------


async def going_on_from_where_one_was_sent(folder: Path) -> list[str]:
    """The past is forgotten by the budget, not on request; the answer is the revision to go on with."""
    limits = LedgerLimits(history=HistoryBudget(revisions=10, young_seconds=0), recent_events=1)
    ledger = await SqliteLedger.open(folder / "ledger.db", limits)
    record = await ledger.create(b"/a", b"")
    while record.version < 100:
        record = await ledger.update(b"/a", b"", expected_revision=record.mod_revision)
    try:
        await ledger.watch(b"/", b"0", after_revision=1)
        return ["a watch from the beginning was not refused"]
    except Compacted as refused:
        start = refused.compact_revision
    try:
        async with await ledger.watch(b"/", b"0", after_revision=start - 1) as watch:
            first = (await anext(watch))[0].record.mod_revision
    except Compacted:
        return [f"sent to {start}, and refused there"]
    finally:
        await ledger.close()
    return [] if first == start else [f"sent to {start}, but the first event is of {first}"]


def send_to_what_is_not_there(patch: pytest.MonkeyPatch) -> None:
    def one_too_low(compacted: int, first: int) -> int:
        return max(compacted, first - 1)

    for module in (place, trim, history):
        patch.setattr(module, "oldest_readable", one_too_low)


# -- a transaction that cannot read the past is carried out all the same (#18667) --------------------------


async def reading_what_is_compacted_in_a_transaction(folder: Path) -> list[str]:
    ledger = await SqliteLedger.open(folder / "ledger.db")
    await ledger.create(b"/a", b"")
    await ledger.create(b"/b", b"")
    await ledger.compact(3)
    reading = Query(*key_range(b"/a"), revision=2)
    try:
        await ledger.transact(Transaction((), (PutKey(b"/c", b""), reading)))
        found = ["it was not refused"]
    except Compacted:
        found = []
    if ledger.revision != 3 or await ledger.get(b"/c") is not None:
        found.append("it was refused and carried out")
    following = await ledger.create(b"/d", b"")
    if following.mod_revision != 4:
        found.append(f"the next revision is {following.mod_revision}")
    await ledger.close()
    return found


def leave_what_a_refused_transaction_did(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Group, "_undo", lambda self, count: None)


BUGS: dict[str, tuple[Scenario, Breaker]] = {
    "13766": (crashing_under_load, commit_the_state_before_its_revision),
    "14370": (crashing_under_load, acknowledge_early),
    "14685": (crashing_after_tidying, tidy_without_waiting_for_the_disk),
    "17247": (trying_a_commit_again, publish_before_the_commit),
    "17529": (going_on_from_where_one_was_sent, send_to_what_is_not_there),
    "17780": (compacting_a_last_deletion, forget_the_newest_change),
    "18089 and 19179": (watching_from_the_compaction, forget_the_compacted_revision_too),
    "18667": (reading_what_is_compacted_in_a_transaction, leave_what_a_refused_transaction_did),
}
NEED_A_FAULTY_DISK = (crashing_under_load, crashing_after_tidying, trying_a_commit_again)


@contextmanager
def exceptions_are_findings(found: list[str]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        found.append(f"{type(error).__name__}: {error}")


@pytest.mark.parametrize("number", BUGS)
async def test_is_not_here(number: str, tmp_path: Path) -> None:
    scenario, _ = BUGS[number]
    _skip_without_disk(scenario)
    assert await scenario(tmp_path) == []


@pytest.mark.parametrize("number", BUGS)
async def test_is_found_in_a_broken_copy(
    number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, breaker = BUGS[number]
    _skip_without_disk(scenario)
    breaker(monkeypatch)
    found: list[str] = []
    with exceptions_are_findings(found):
        found += await asyncio.wait_for(scenario(tmp_path), 30)
    assert found != []


def _skip_without_disk(scenario: Any) -> None:
    if scenario in NEED_A_FAULTY_DISK and unavailable():
        pytest.skip(unavailable())
