"""Concurrent clients: one order explains all that they and the watches were told. See `guarantees`."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guarantees import check_events, check_history
from msgspec import structs
from workload import END, START, Recorder, follow, run_clients

from kubeade.store.face.server import EtcdFace
from kubeade.store.ledger import Ledger, LedgerEvent, Range
from kubeade.store.remote.ledger import EtcdLedger
from kubeade.store.remote.members import EtcdAddress
from kubeade.store.sqlite import LedgerLimits, SqliteLedger

SEED = int(os.environ.get("KUBEADE_SEED", "1"))
STEPS = int(os.environ.get("KUBEADE_STEPS", "150"))
CLIENTS = 12

FORGETFUL = LedgerLimits(recent_events=8, watch_buffer_events=16)


@pytest.fixture(params=["sqlite", "sqlite, slow watches", "face"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    limits = FORGETFUL if "slow" in request.param else LedgerLimits()
    stored = await SqliteLedger.open(tmp_path / "ledger.db", limits)
    if request.param != "face":
        yield stored
        await stored.close()
        return
    face = EtcdFace(stored, "", tmp_path)
    port = await face.start("127.0.0.1:0", None)
    remote = await EtcdLedger.open(EtcdAddress((f"http://127.0.0.1:{port}",)))
    yield remote
    await remote.close()
    await face.stop()
    await stored.close()


class Ran:
    """One recorded run."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.batches: list[Sequence[LedgerEvent]] = []

    async def on(self, ledger: Ledger, *, steps: int = STEPS) -> None:
        follower = asyncio.ensure_future(follow(ledger, self.batches, ledger.revision))
        await asyncio.sleep(0.05)
        await run_clients(ledger, random.Random(SEED), clients=CLIENTS, steps=steps, recorder=self.recorder)
        while not self.batches or self.batches[-1][-1].record.mod_revision < ledger.revision:
            await asyncio.sleep(0.01)
        follower.cancel()

    @property
    def events(self) -> list[LedgerEvent]:
        return [event for batch in self.batches for event in batch]

    def findings(self) -> list[str]:
        return check_events(self.batches) + check_history(self.recorder.operations, self.events)


async def test_one_order_explains_every_answer(ledger: Ledger) -> None:
    ran = Ran()
    await ran.on(ledger)
    assert len(ran.events) > 100
    assert ran.findings() == []


async def test_a_watch_resumed_anywhere_tells_the_same(ledger: Ledger) -> None:
    ran = Ran()
    await ran.on(ledger, steps=30)
    whole = ran.events
    for place in random.Random(SEED).sample(range(len(whole)), 10):
        again: list[LedgerEvent] = []
        after = whole[place].record.mod_revision
        async with await ledger.watch(START, END, after_revision=after) as watch:
            while len(again) < len(whole) - place - 1:
                again += await anext(aiter(watch))
        assert again == whole[place + 1 :]


class Broken:
    """A ledger with one fault."""

    def __init__(self, ledger: SqliteLedger, fault: str) -> None:
        self._ledger = ledger
        self._fault = fault
        self._old: Range | None = None
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def range(self, start: bytes, end: bytes) -> Range:
        self._calls += 1
        found = await self._ledger.range(start, end)
        if self._fault == "stale reads":
            if self._old is None or self._calls % 10 == 0:
                self._old = found
            return self._old
        if self._fault == "torn reads" and found.records:
            return replace(found, records=found.records[1:])
        return found

    async def update(self, key: bytes, value: bytes, **more: Any) -> Any:
        self._calls += 1
        if self._fault == "lost swaps":
            current = await self._ledger.get(key)
            if current is not None:
                more["expected_revision"] = current.mod_revision
        record = await self._ledger.update(key, value, **more)
        if self._fault == "false acknowledgements" and self._calls % 20 == 0:
            return structs.replace(record, mod_revision=record.mod_revision + 1)
        return record


@pytest.mark.parametrize("fault", ["stale reads", "torn reads", "lost swaps", "false acknowledgements"])
async def test_a_broken_ledger_is_found_out(tmp_path: Path, fault: str) -> None:
    stored = await SqliteLedger.open(tmp_path / "ledger.db")
    ran = Ran()
    await ran.on(Broken(stored, fault))  # type: ignore[arg-type]
    assert ran.findings() != []
    await stored.close()


@pytest.mark.parametrize("fault", ["swapped", "doubled", "dropped", "another past", "split"])
async def test_a_broken_watch_is_found_out(tmp_path: Path, fault: str) -> None:
    stored = await SqliteLedger.open(tmp_path / "ledger.db")
    ran = Ran()
    await ran.on(stored, steps=30)
    events = ran.events
    middle = next(number for number, event in enumerate(events[20:-2], 20) if event.previous)
    if fault == "swapped":
        events[middle], events[middle + 1] = events[middle + 1], events[middle]
    elif fault == "doubled":
        events.insert(middle, events[middle])
    elif fault == "dropped":
        del events[middle]
    elif fault == "another past":
        events[middle] = structs.replace(events[middle], previous=None)
    batches = [events[: middle + 1], events[middle:]] if fault == "split" else [events]
    assert check_events(batches) + check_history(ran.recorder.operations, events) != []
    await stored.close()
