"""Crashes by the thousand: a run on a disk that remembers, then what power loss at its moments leaves.

By hand: `python tests/simulation/ledger/crashes.py --crashes 2000 --seed 7`: twenty runs, of seeds 7 to 26.
"""

import argparse
import asyncio
import itertools
import random
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from faulty_disk import FaultyDisk, Step, crash
from guarantees import Order
from workload import END, START, Operation, Recorder, follow, run_clients

from kubeade.store.check import check_file
from kubeade.store.ledger import Compacted, LedgerEvent, Record
from kubeade.store.sqlite import LedgerLimits, SqliteLedger
from kubeade.store.trim import HistoryBudget

CLIENTS = 8
CRASHES_PER_RUN = 100
LIMITS = LedgerLimits(history=HistoryBudget(revisions=150, young_seconds=0))


@dataclass
class Witness(Recorder):
    """Notes with each acknowledged write how much of the disk's log there was when its client heard of it."""

    disk: FaultyDisk = field(default_factory=FaultyDisk)
    acknowledged: list[tuple[int, int]] = field(default_factory=list)

    def end(self, operation: Operation) -> None:
        super().end(operation)
        if isinstance(operation.outcome, Record):
            self.acknowledged.append((len(self.disk.log), operation.outcome.mod_revision))


@dataclass
class Run:
    """What happened; acknowledgements and compactions with how much of the disk's log there was by then."""

    log: list[Step]
    order: Order
    acknowledged: list[tuple[int, int]]
    compacted: list[tuple[int, int]]


async def run(folder: Path, chance: random.Random, steps: int) -> Run:
    """Clients, compactions, folded logs, and a restart in the middle."""
    disk = FaultyDisk()
    witness = Witness(disk=disk)
    events: list[LedgerEvent] = []
    compacted: list[tuple[int, int]] = []
    with disk.installed():
        for _ in range(2):
            ledger = await SqliteLedger.open(folder / "ledger.db", LIMITS)
            batches: list[list[LedgerEvent]] = []
            follower = asyncio.ensure_future(follow(ledger, batches, ledger.revision))  # type: ignore[arg-type]
            await asyncio.sleep(0)
            clients = asyncio.ensure_future(
                run_clients(ledger, chance, clients=CLIENTS, steps=steps, recorder=witness)
            )
            while not clients.done():
                await asyncio.wait([clients], timeout=0.02)
                if chance.random() < 0.2:
                    with suppress(Compacted):  # the budget may have been there first
                        await ledger.compact(max(1, ledger.revision - chance.randrange(20)))
                        compacted.append((len(disk.log), ledger.compact_revision))
                if chance.random() < 0.2:
                    await ledger.defragment()
            await clients
            await ledger.close()
            await follower
            events += [event for batch in batches for event in batch]
    return Run(disk.log, Order(events), witness.acknowledged, compacted)


async def recover(made: Run, moment: int, folder: Path) -> list[str]:
    """Open what a crash has left, and say what is not as it has to be."""
    found = []
    ledger = await SqliteLedger.open(folder / "ledger.db", LIMITS)
    try:
        newest = max((revision for at, revision in made.acknowledged if at <= moment), default=1)
        if ledger.revision < newest:
            found.append(f"revision {newest} was acknowledged, {ledger.revision} is the newest now")
        lost = max((revision for at, revision in made.compacted if at <= moment), default=0)
        if ledger.compact_revision < lost:
            found.append(f"compacted at {lost}, and then only at {ledger.compact_revision}")
        there: list[Record] = list((await ledger.range(START, END)).records)
        expected = [record for _, record in sorted(made.order.at(ledger.revision).items())]
        if there != expected:
            found.append(f"the state at {ledger.revision} is another one than it was")
        revision = ledger.revision
        if (await ledger.create(b"/next", b"")).mod_revision != revision + 1:
            found.append("the next revision is not the next one")
    finally:
        await ledger.close()
    return found + check_file(folder / "ledger.db")


async def crash_often(seed: int, crashes: int, steps: int, keep: Path | None = None) -> list[str]:
    """Findings of that many crashes of one run, each with what reproduces it; their files go to `keep`."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        made = await run(Path(folder), chance, steps)
    found = []
    first = next(number for number, step in enumerate(made.log) if step.is_sync)
    for number in range(crashes):
        moment = chance.randint(first, len(made.log))
        image = random.Random(f"{seed}/{number}")
        with tempfile.TemporaryDirectory() as folder:
            crash(made.log, moment, image, Path(folder))
            try:
                findings = await recover(made, moment, Path(folder))
            except Exception as error:
                findings = [f"{type(error).__name__}: {error}"]
            if findings:
                if keep is not None:
                    shutil.copytree(folder, keep / f"crash-{seed}-{number}", dirs_exist_ok=True)
                found += [f"seed {seed}, crash {number} at step {moment}: {each}" for each in findings]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60, help="of each client")
    parser.add_argument("--keep", type=Path, help="where the files of each finding go")
    options = parser.parse_args()
    left, findings = options.crashes, 0
    for seed in itertools.count(options.seed):
        crashes = min(left, CRASHES_PER_RUN)
        found = asyncio.run(crash_often(seed, crashes, options.steps, options.keep))
        findings += len(found)
        sys.stdout.writelines(f"{each}\n" for each in found)
        left -= crashes
        if not left:
            break
    sys.stdout.write(f"{options.crashes} crashes, {findings} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
