"""Power loss and failing disks: nothing acknowledged is lost, no revision is given twice. See `crashes`."""

import asyncio
import os
import random
import sqlite3
from pathlib import Path

import pytest
from crashes import LIMITS, crash_often
from faulty_disk import SQLITE_FULL, SQLITE_IOERR_WRITE, FaultyDisk, unavailable
from guarantees import check_events, check_history
from workload import Recorder, follow, run_clients

from kubeade.store import schema, writer
from kubeade.store.check import check_file
from kubeade.store.ledger import LedgerEvent, LedgerFailed, LedgerFull
from kubeade.store.sqlite import SqliteLedger

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())

SEED = int(os.environ.get("KUBEADE_SEED", "1"))


async def test_whatever_is_lost_with_the_power_was_not_acknowledged() -> None:
    assert await crash_often(SEED, crashes=60, steps=25) == []


async def test_a_ledger_that_does_not_wait_for_its_disk_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the check: SQLite's synchronous=NORMAL forgets what it has acknowledged."""

    def careless(path: Path) -> sqlite3.Connection:
        connection = schema.open_writer(path)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    monkeypatch.setattr(writer, "open_writer", careless)
    found = await crash_often(SEED, crashes=40, steps=25)
    assert any("was acknowledged" in finding for finding in found)


@pytest.mark.parametrize("code", [SQLITE_IOERR_WRITE, SQLITE_FULL])
async def test_a_disk_that_fails_now_and_then_costs_only_what_was_told_so(tmp_path: Path, code: int) -> None:
    chance = random.Random(f"{SEED}/{code}")
    disk = FaultyDisk(failures={chance.randint(60, 260): code for _ in range(40)})
    recorder = Recorder()
    batches: list[list[LedgerEvent]] = []
    with disk.installed():
        ledger = await SqliteLedger.open(tmp_path / "ledger.db", LIMITS)
        follower = asyncio.ensure_future(follow(ledger, batches, 0))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        await run_clients(ledger, chance, clients=8, steps=60, recorder=recorder)
        await ledger.close()
        await follower
    told = {type(each.outcome) for each in recorder.operations}
    assert told & {LedgerFailed, LedgerFull}
    events = [event for batch in batches for event in batch]
    assert check_events(batches) == []
    assert check_history(recorder.operations, events) == []
    assert check_file(tmp_path / "ledger.db") == []
