"""A short one of the long runs, and the check of their check. See `endurance`."""

import os
import random
import sqlite3
from pathlib import Path

import pytest
from endurance import Round, endure, on_sqlite
from faulty_disk import unavailable

from kubeade.store import schema, writer
from kubeade.store.ledger import LedgerEvent, LedgerFailed
from kubeade.store.watch import FeedWatch

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable())

SEED = int(os.environ.get("KUBEADE_SEED", "1"))


async def test_what_was_told_holds_through_faults_and_power_losses() -> None:
    operations, found = await endure(SEED, 3000, members=0, steps=60)
    assert operations >= 3000
    assert found == []


async def test_there_were_faults(tmp_path: Path) -> None:
    ran = Round(random.Random(SEED))
    await on_sqlite(tmp_path, ran, steps=60)
    outcomes = [operation.outcome for operation in ran.recorder.operations]
    assert any(isinstance(outcome, LedgerFailed) for outcome in outcomes)
    assert any(seen.state is not None for seen in ran.glances)
    assert any(seen.events for seen in ran.glances)


@pytest.mark.parametrize("fault", ["early acknowledgements", "a watch that forgets"])
async def test_a_broken_ledger_does_not_get_through(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    if fault == "early acknowledgements":
        monkeypatch.setattr(writer, "open_writer", _careless)
    else:
        push = FeedWatch.push
        monkeypatch.setattr(
            FeedWatch, "push", lambda self, events: None if _unlucky(events) else push(self, events)
        )
    _, found = await endure(SEED, 6000, members=0, steps=60)
    assert found != []


def _careless(path: Path) -> sqlite3.Connection:
    connection = schema.open_writer(path)
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _unlucky(events: list[LedgerEvent]) -> bool:
    return events[0].record.mod_revision % 50 == 0
