"""Long runs with faults on, of any ledger: what clients and watches were told is checked round by round.

On SQLite a round is several lives on one disk: writes fail or find no room, histories are compacted and pages
given back while watches look on, and each life ends with a proper close, or with the power, after which the
next one goes on with what a disk may have kept. On a real etcd two servers share the members, which are
killed and come back.

By hand: `python tests/simulation/ledger/endurance.py --operations 1000000 --seed 1`, and the same with
`--etcd-members 1` or `3`.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from faulty_disk import SQLITE_FULL, SQLITE_IOERR_WRITE, FaultyDisk, Step, crash
from guarantees import Order, check_events, check_history
from workload import END, START, Recorder, run_clients

from kubeade.store.check import check_file
from kubeade.store.ledger import Compacted, Ledger, LedgerClosed, LedgerError, LedgerEvent, Record
from kubeade.store.sqlite import LedgerLimits, SqliteLedger
from kubeade.store.trim import HistoryBudget

CLIENTS = 12
LIVES = 4
FAULT_EVERY_OPERATIONS = 150
SETTLE_SECONDS = 10.0
LAG_REVISIONS = 40
"""At most so far behind the newest revision is what may be compacted, or looked at once more."""

TIGHT = LedgerLimits(
    history=HistoryBudget(revisions=400, young_seconds=0), recent_events=64, watch_buffer_events=16
)
WIDE = LedgerLimits(history=HistoryBudget(revisions=4000, young_seconds=0))


@dataclass
class Glance:
    """What one more watch was told, from a revision on; or the state that was read as of one."""

    after_revision: int
    events: list[LedgerEvent] = field(default_factory=list)
    state: Sequence[Record] | None = None


@dataclass
class Round:
    """One recorded history, which may span several lives of a ledger."""

    chance: random.Random
    recorder: Recorder = field(default_factory=Recorder)
    batches: list[Sequence[LedgerEvent]] = field(default_factory=list)
    glances: list[Glance] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def seen_revision(self) -> int:
        """What the first watch has come to: it is never behind for long."""
        return self.batches[-1][-1].record.mod_revision if self.batches else 1

    async def follow(self, ledger: Ledger) -> None:
        """From where the last life's watch ended."""
        with self._noting_problems():
            after = self.seen_revision
            async with await ledger.watch(START, END, after_revision=after) as watch:
                async for batch in watch:
                    self.batches.append(batch)

    async def glance(self, ledger: Ledger) -> None:
        """Again and again: a watch from somewhere in the past that is read slowly, or the past itself."""
        with self._noting_problems():
            while True:
                await asyncio.sleep(self.chance.random() * 0.05)
                seen = Glance(max(1, self.seen_revision - self.chance.randrange(LAG_REVISIONS)))
                self.glances.append(seen)
                with suppress(Compacted):
                    await self._look(ledger, seen)

    @contextmanager
    def _noting_problems(self) -> Iterator[None]:
        """Of a watch, or of a look at the past, before the ledger is closed."""
        try:
            yield
        except LedgerClosed:
            return
        except LedgerError as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    async def settle(self, ledger: Ledger) -> None:
        """Every event has to come."""
        newest = max((each.mod_revision for each in (await ledger.range(START, END)).records), default=0)
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_SECONDS):
                while self.seen_revision < newest and not self.problems:
                    await asyncio.sleep(0.005)
                return
        self.problems.append(f"the watch has come to {self.seen_revision} and not to {newest}")

    async def _look(self, ledger: Ledger, seen: Glance) -> None:
        if self.chance.random() < 0.3:
            found = await ledger.range(START, END, revision=seen.after_revision)
            seen.state = list(found.records)
            return
        wanted = self.chance.randrange(1, 3 * LAG_REVISIONS)
        async with await ledger.watch(START, END, after_revision=seen.after_revision) as watch:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    async for batch in watch:
                        seen.events += batch
                        if len(seen.events) >= wanted:
                            break
                        await asyncio.sleep(self.chance.random() * 0.01)

    def findings(self) -> list[str]:
        events = [event for batch in self.batches for event in batch]
        found = self.problems + check_events(self.batches) + check_history(self.recorder.operations, events)
        order = Order(events)
        for seen in self.glances:
            found += _check_glance(seen, events, order)
        return found


def _check_glance(seen: Glance, events: list[LedgerEvent], order: Order) -> list[str]:
    if seen.state is not None:
        expected = [record for _, record in sorted(order.at(seen.after_revision).items())]
        return [] if seen.state == expected else [f"the past of {seen.after_revision} is another one"]
    later = [event for event in events if event.record.mod_revision > seen.after_revision]
    if seen.events == later[: len(seen.events)]:
        return []
    return [f"a watch after {seen.after_revision} was told something else than the first one"]


async def on_sqlite(folder: Path, ran: Round, steps: int) -> None:
    """Lives of one ledger. Raises LedgerUnusable where a life cannot go on with what the one before has left."""
    chance = ran.chance
    for number in range(LIVES):
        place = folder / f"life-{number}"
        before = folder / f"life-{number - 1}"
        place.mkdir()
        disk = _disk_with(before) if number else FaultyDisk()
        crash(disk.log, len(disk.log), chance, place)  # all of it was synced
        moment = await _live(ran, disk, place, steps)
        if moment is not None:
            kept = folder / f"kept-{number}"
            kept.mkdir()
            crash(disk.log, moment, chance, kept)
            kept.rename(_emptied(place))


def _disk_with(folder: Path) -> FaultyDisk:
    """A disk on which lies what is in the folder."""
    disk = FaultyDisk()
    for path in sorted(folder.iterdir()):
        if path.name in ("ledger.db", "ledger.db-wal"):
            disk.log += (Step(path.name, 0, path.read_bytes()), Step(path.name, -1, b""))
    return disk


def _emptied(folder: Path) -> Path:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return folder


async def _live(ran: Round, disk: FaultyDisk, folder: Path, steps: int) -> int | None:
    """Returns the moment at which the power went, in steps of the disk's log; None after a proper end."""
    chance = ran.chance
    with disk.installed():
        ledger = await SqliteLedger.open(folder / "ledger.db", chance.choice((TIGHT, WIDE)))
        disk.fail_every(chance, FAULT_EVERY_OPERATIONS, (SQLITE_IOERR_WRITE, SQLITE_FULL))
        watching = [asyncio.ensure_future(ran.follow(ledger))]
        watching += [asyncio.ensure_future(ran.glance(ledger)) for _ in range(3)]
        clients = asyncio.ensure_future(
            run_clients(ledger, chance, clients=CLIENTS, steps=steps, recorder=ran.recorder)
        )
        ends_at = len(ran.recorder.operations) + chance.randrange(CLIENTS * steps)
        powerless = chance.random() < 0.5
        moment = None
        while not clients.done():
            await asyncio.wait([clients], timeout=0.01)
            if powerless and len(ran.recorder.operations) >= ends_at:
                moment = len(disk.log)
                for task in (clients, *watching):
                    task.cancel()
                break
            await _disturb(ledger, ran)
        await asyncio.wait([clients])
        disk.recover()
        if moment is None:
            await ran.settle(ledger)
        await ledger.close()
        await asyncio.wait(watching)
        if moment is None:
            clients.result()
            ran.problems += check_file(folder / "ledger.db")
    return moment


async def _disturb(ledger: SqliteLedger, ran: Round) -> None:
    with suppress(LedgerError):
        if ran.chance.random() < 0.2:
            revision = ran.seen_revision - ran.chance.randrange(LAG_REVISIONS)
            await ledger.compact(max(revision, ledger.compact_revision))
        if ran.chance.random() < 0.1:
            await ledger.defragment()


async def on_etcd(folder: Path, ran: Round, steps: int, members: int) -> None:
    """Two servers on the members of one etcd, which come and go."""
    from etcd_processes import EtcdCluster

    from kubeade.store.remote.ledger import EtcdLedger
    from kubeade.store.remote.members import EtcdAddress

    chance = ran.chance
    cluster = EtcdCluster(folder, members)
    first = await EtcdLedger.open(EtcdAddress(cluster.servers))
    second = await EtcdLedger.open(EtcdAddress(tuple(reversed(cluster.servers))))
    watching = [asyncio.ensure_future(ran.follow(second))]
    watching += [asyncio.ensure_future(ran.glance(ledger)) for ledger in (first, second)]
    try:
        clients = asyncio.gather(
            *(
                run_clients(ledger, chance, clients=CLIENTS // 2, steps=steps, recorder=ran.recorder)
                for ledger in (first, second)
            )
        )
        while not clients.done():
            await asyncio.wait([clients], timeout=chance.uniform(1, 5))
            member = chance.choice(cluster.members)
            member.kill()
            await asyncio.wait([clients], timeout=chance.uniform(0, 1))
            member.start(cluster.members)
            with suppress(LedgerError):
                await first.compact(max(1, ran.seen_revision - chance.randrange(LAG_REVISIONS)))
        await clients
        await second.refresh()
        await ran.settle(second)
    finally:
        await first.close()
        await second.close()
        await asyncio.wait(watching)
        cluster.stop()


async def endure(seed: int, operations: int, members: int, steps: int) -> tuple[int, list[str]]:
    """How many operations were made, and what was found, each with what reproduces it."""
    made, number, found = 0, 0, []
    began = time.monotonic()
    while made < operations:
        name = f"{seed}/{number}"
        chance = random.Random(name)
        with tempfile.TemporaryDirectory(prefix="endurance-") as folder:
            place = Path(folder)
            ran = Round(chance)
            try:
                await (on_etcd(place, ran, steps, members) if members else on_sqlite(place, ran, steps))
                findings = await asyncio.to_thread(ran.findings)
            except Exception as error:
                findings = [f"{type(error).__name__}: {error}"]
        found += [f"round {name}: {each}" for each in findings]
        made += len(ran.recorder.operations)
        number += 1
        elapsed = time.monotonic() - began
        sys.stdout.write(f"{made} operations, {number} rounds, {len(found)} findings, {elapsed:.0f} s\n")
        sys.stdout.writelines(f"{each}\n" for each in findings[:10])
        sys.stdout.flush()
    return made, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=150, help="of each client in each life")
    parser.add_argument("--etcd-members", type=int, default=0, help="on a real etcd of that many members")
    options = parser.parse_args()
    sys.path.append(str(Path(__file__).parents[2] / "contract" / "ledger"))
    made, found = asyncio.run(endure(options.seed, options.operations, options.etcd_members, options.steps))
    sys.stdout.write(f"{made} operations, {len(found)} findings\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
