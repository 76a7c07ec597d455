"""Members of an etcd cluster come and go under load: nothing acknowledged is lost, no watch has a gap."""

import asyncio
from pathlib import Path

import pytest
from etcd_processes import ETCD, MISSING, EtcdCluster

from kubeade.store.ledger import EventType, KeyExists, LedgerEvent, OutcomeUnknown, RevisionMismatch
from kubeade.store.remote.ledger import EtcdLedger
from kubeade.store.remote.members import EtcdAddress

pytestmark = pytest.mark.skipif(ETCD is None, reason=MISSING)

WRITERS = 8


async def write_on(
    ledger: EtcdLedger, number: int, acknowledged: dict[bytes, int], stop: asyncio.Event
) -> None:
    step = 0
    while not stop.is_set():
        key = b"/%d/%d" % (number, step)
        step += 1
        try:
            acknowledged[key] = (await ledger.create(key, b"<>", stamp_at=1, author="ann")).mod_revision
        except OutcomeUnknown:
            continue


@pytest.mark.timeout(180)  # an election on a busy machine takes its time
async def test_losing_and_regaining_each_member_under_load_loses_nothing(tmp_path: Path) -> None:
    cluster = EtcdCluster(tmp_path, 3)
    ledger = await EtcdLedger.open(EtcdAddress(cluster.servers))
    other = await EtcdLedger.open(EtcdAddress(tuple(reversed(cluster.servers))))
    acknowledged: dict[bytes, int] = {}
    seen: list[LedgerEvent] = []
    stop = asyncio.Event()

    async def follow() -> None:
        async with await other.watch(b"/", b"0", after_revision=0) as watch:
            async for batch in watch:
                seen.extend(batch)

    async def more(count: int) -> None:
        wanted = len(acknowledged) + count
        while len(acknowledged) < wanted:
            await asyncio.sleep(0.01)

    follower = asyncio.ensure_future(follow())
    writers = [asyncio.ensure_future(write_on(ledger, each, acknowledged, stop)) for each in range(WRITERS)]
    try:
        await more(50)
        for member in cluster.members:
            member.kill()
            await more(50)
            member.start(cluster.members)
            await more(50)
        stop.set()
        await asyncio.gather(*writers)
        await other.refresh()
        assert other.revision >= max(acknowledged.values())
        there = {record.key: record for record in (await other.range(b"/", b"0")).records}
        for key, revision in acknowledged.items():
            assert (there[key].mod_revision, there[key].value) == (revision, b"<%d>" % revision)
        while len(seen) < len(there):
            await asyncio.sleep(0.01)
        assert [event.record.mod_revision for event in seen] == sorted(
            record.mod_revision for record in there.values()
        )
        assert {event.type for event in seen} == {EventType.PUT}
    finally:
        follower.cancel()
        await ledger.close()
        await other.close()
        cluster.stop()


async def test_of_two_servers_on_one_etcd_each_sees_what_the_other_has_acknowledged(tmp_path: Path) -> None:
    cluster = EtcdCluster(tmp_path)
    first = await EtcdLedger.open(EtcdAddress(cluster.servers))
    second = await EtcdLedger.open(EtcdAddress(cluster.servers))
    try:
        for number in range(50):
            writer, reader = (first, second) if number % 2 else (second, first)
            record = await writer.create(b"/%d" % number, b"", author="ann")
            await reader.refresh()
            assert reader.revision >= record.mod_revision
            changed = await reader.update(
                record.key, b"", expected_revision=record.mod_revision, author="bob"
            )
            assert (changed.creator, changed.author, changed.version) == ("ann", "bob", 2)
            with pytest.raises(RevisionMismatch):
                await writer.delete(record.key, expected_revision=record.mod_revision)
        with pytest.raises(KeyExists):
            await first.create(b"/1", b"")
    finally:
        await first.close()
        await second.close()
        cluster.stop()


async def test_a_write_without_an_answer_is_told_as_such(tmp_path: Path) -> None:
    cluster = EtcdCluster(tmp_path)
    ledger = await EtcdLedger.open(EtcdAddress(cluster.servers))
    try:
        writing = [asyncio.ensure_future(ledger.create(b"/%d" % number, b"")) for number in range(200)]
        await asyncio.wait(writing, return_when=asyncio.FIRST_COMPLETED)
        cluster.members[0].kill()
        cluster.members[0].start(cluster.members)
        results = await asyncio.gather(*writing, return_exceptions=True)
        kept = {record.key for record in (await ledger.range(b"/", b"0")).records}
        for number, result in enumerate(results):
            assert isinstance(result, OutcomeUnknown) or b"/%d" % number in kept, result
    finally:
        await ledger.close()
        cluster.stop()
