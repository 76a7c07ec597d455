"""What a seed makes several clients do to a ledger at once, and a record of what they were told."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from kubeade.store.ledger import (
    KeyExists,
    Ledger,
    LedgerClosed,
    LedgerError,
    LedgerEvent,
    LedgerFailed,
    LedgerFull,
    OutcomeUnknown,
    Record,
    RevisionMismatch,
)

KEYS = [b"/k/%d" % number for number in range(6)]
START, END = b"/k/", b"/k0"


@dataclass(slots=True)
class Operation:
    """One call: when it began and ended, counted in calls and returns of all clients.

    `outcome`: the record of a write, the records of a read, the refusal; None: no word of it.
    """

    kind: str
    key: bytes
    expected_revision: int
    began: int
    ended: int = -1
    outcome: "Record | Sequence[Record] | LedgerError | None" = None
    read_revision: int = 0


@dataclass
class Recorder:
    """Counts the time by what happens."""

    operations: list[Operation] = field(default_factory=list)
    time: int = 0
    position: int = 0

    def begin(self, kind: str, key: bytes, expected_revision: int = 0) -> Operation:
        self.time += 1
        operation = Operation(kind, key, expected_revision, self.time)
        self.operations.append(operation)
        return operation

    def end(self, operation: Operation) -> None:
        self.time += 1
        operation.ended = self.time


async def run_clients(
    ledger: Ledger, chance: random.Random, *, clients: int, steps: int, recorder: Recorder
) -> None:
    """Each client works on what it last knew of a key, which others may have changed since."""
    known: dict[bytes, int] = {}
    seeds = [chance.getrandbits(32) for _ in range(clients)]
    await asyncio.gather(*(_client(ledger, random.Random(seed), steps, recorder, known) for seed in seeds))


async def _client(
    ledger: Ledger, chance: random.Random, steps: int, recorder: Recorder, known: dict[bytes, int]
) -> None:
    for _ in range(steps):
        key = chance.choice(KEYS)
        dice = chance.random()
        expected = known.get(key, 0)
        if dice < 0.25:
            await _range(ledger, recorder, known)
        elif dice < 0.4:
            await _get(ledger, recorder, key, known)
        elif expected == 0:
            await _write(ledger, recorder, "create", key, 0, known, chance)
        else:
            kind = "delete" if dice > 0.85 else "update"
            await _write(ledger, recorder, kind, key, expected, known, chance)
        if chance.random() < 0.2:
            await asyncio.sleep(0)


async def _write(
    ledger: Ledger,
    recorder: Recorder,
    kind: str,
    key: bytes,
    expected: int,
    known: dict[bytes, int],
    chance: random.Random,
) -> None:
    operation = recorder.begin(kind, key, expected)
    value = b"<>" + chance.randbytes(8).hex().encode() * chance.choice((1, 8, 100))
    try:
        if kind == "create":
            operation.outcome = await ledger.create(key, value, stamp_at=1, author=kind)
        elif kind == "update":
            operation.outcome = await ledger.update(
                key, value, stamp_at=1, author=kind, expected_revision=expected
            )
        else:
            operation.outcome = await ledger.delete(key, expected_revision=expected, author=kind)
        known[key] = 0 if kind == "delete" else operation.outcome.mod_revision
    except (KeyExists, RevisionMismatch) as refusal:
        operation.outcome = refusal
        known[key] = refusal.current.mod_revision if refusal.current else 0
    except (LedgerFailed, LedgerFull) as failure:
        operation.outcome = failure
    except (OutcomeUnknown, LedgerClosed):
        return
    recorder.end(operation)


async def _get(ledger: Ledger, recorder: Recorder, key: bytes, known: dict[bytes, int]) -> None:
    operation = recorder.begin("get", key)
    try:
        record = await ledger.get(key)
    except OutcomeUnknown:
        return
    operation.outcome = [record] if record else []
    known[key] = record.mod_revision if record else 0
    recorder.end(operation)


async def _range(ledger: Ledger, recorder: Recorder, known: dict[bytes, int]) -> None:
    operation = recorder.begin("range", START)
    try:
        found = await ledger.range(START, END)
    except OutcomeUnknown:
        return
    operation.outcome, operation.read_revision = list(found.records), found.revision
    known.update(dict.fromkeys(KEYS, 0))
    known.update({record.key: record.mod_revision for record in found.records})
    recorder.end(operation)


async def follow(ledger: Ledger, seen: list[Sequence[LedgerEvent]], after_revision: int) -> None:
    """Everything that a watch of all keys is told, a batch at a time, until the ledger is closed."""
    try:
        async with await ledger.watch(START, END, after_revision=after_revision) as watch:
            async for batch in watch:
                seen.append(batch)  # noqa: PERF401 - what came before the end has to be there
    except LedgerClosed:
        return
