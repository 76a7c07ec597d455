"""Watching: in order, once, without gaps; fresh at acknowledgement; Compacted instead of a gap."""

import asyncio
from collections.abc import Sequence

import pytest

from kubeade.store.ledger import (
    Compacted,
    EventType,
    Ledger,
    LedgerClosed,
    LedgerEvent,
    LedgerWatch,
)


async def take(watch: LedgerWatch, count: int) -> list[LedgerEvent]:
    """The next `count` events; fails if more come with the last of them."""
    events: list[LedgerEvent] = []
    batches = aiter(watch)
    while len(events) < count:
        events += await anext(batches)
    assert len(events) == count
    return events


async def change_often(ledger: Ledger, prefix: bytes = b"/a/", rounds: int = 20) -> None:
    """Three keys, each created, changed and deleted, over and over: nine revisions a round."""
    for _ in range(rounds):
        for number in range(3):
            record = await ledger.create(prefix + b"%d" % number, b"<>", stamp_at=1, author="ann")
            record = await ledger.update(
                record.key, b"<>!", stamp_at=1, expected_revision=record.mod_revision, author="bob"
            )
            await ledger.delete(record.key, expected_revision=record.mod_revision, author="cid")


def assert_chained(events: Sequence[LedgerEvent]) -> None:
    """Each event's `previous` is the record of the key's event before; every stamp is right."""
    last: dict[bytes, LedgerEvent] = {}
    for event in events:
        before = last.get(event.record.key)
        alive = before is not None and before.type is EventType.PUT
        assert event.previous == (before.record if before is not None and alive else None)
        assert b"<%d>" % event.record.mod_revision in event.record.value
        last[event.record.key] = event


async def test_a_watch_sees_changes_in_order_once_with_what_was_before(ledger: Ledger) -> None:
    async with await ledger.watch(b"/a/", b"/a0", after_revision=0) as watch:
        await change_often(ledger)
        events = await take(watch, 180)
    assert [event.record.mod_revision for event in events] == list(range(2, 182))
    assert_chained(events)


async def test_a_watch_sees_its_range_only(ledger: Ledger) -> None:
    async with (
        await ledger.watch(b"/b", b"/c", after_revision=0) as narrow,
        await ledger.watch(b"/a", b"/d", after_revision=0) as wide,
        await ledger.watch(b"/b", b"/b\0", after_revision=0) as single,
    ):
        for key in (b"/a", b"/b", b"/b/1", b"/c", b"/d"):
            await ledger.create(key, b"")
        assert [event.record.key for event in await take(narrow, 2)] == [b"/b", b"/b/1"]
        assert [event.record.key for event in await take(wide, 4)] == [b"/a", b"/b", b"/b/1", b"/c"]
        assert [event.record.key for event in await take(single, 1)] == [b"/b"]


async def test_a_deletion_tells_its_author_and_the_record_before(ledger: Ledger) -> None:
    created = await ledger.create(b"/a", b"<>", stamp_at=1, author="ann")
    async with await ledger.watch(b"/a", b"/b", after_revision=2) as watch:
        deleted = await ledger.delete(b"/a", expected_revision=2, author="bob")
        assert await take(watch, 1) == [LedgerEvent(EventType.DELETE, deleted, created)]
    assert (deleted.value, deleted.author, deleted.creator) == (b"<3>", "bob", "ann")


@pytest.mark.parametrize("after_revision", [1, 2, 50, 180])
async def test_a_watch_resumes_after_any_kept_revision(ledger: Ledger, after_revision: int) -> None:
    await change_often(ledger)
    async with await ledger.watch(b"/a/", b"/a0", after_revision=after_revision) as watch:
        events = await take(watch, 181 - after_revision)
        assert [event.record.mod_revision for event in events] == list(range(after_revision + 1, 182))
        await ledger.create(b"/a/next", b"")
        assert (await take(watch, 1))[0].record.mod_revision == 182


async def test_a_watch_opened_among_writes_misses_nothing(ledger: Ledger) -> None:
    writing = asyncio.gather(*(change_often(ledger, b"/a/%d/" % number, 3) for number in range(8)))
    watches: dict[int, LedgerWatch] = {}
    while ledger.revision < 101:
        now = ledger.revision
        if now not in watches:
            watches[now] = await ledger.watch(b"/a/", b"/a0", after_revision=now)
        await asyncio.sleep(0)
    await writing
    total = 1 + 8 * 27
    for after_revision, watch in watches.items():
        events = await take(watch, total - after_revision)
        assert [event.record.mod_revision for event in events] == list(range(after_revision + 1, total + 1))
        await watch.close()


async def test_a_reader_of_a_watch_is_up_to_date_when_a_write_is_acknowledged(ledger: Ledger) -> None:
    seen: set[int] = set()

    async def follow(watch: LedgerWatch) -> None:
        async for batch in watch:
            seen.update(event.record.mod_revision for event in batch)

    async def write(number: int) -> None:
        record = await ledger.create(b"/%d" % number, b"")
        assert record.mod_revision in seen
        assert ledger.revision >= record.mod_revision

    async with await ledger.watch(b"/", b"0", after_revision=0) as watch:
        reader = asyncio.ensure_future(follow(watch))
        await asyncio.sleep(0)
        for _ in range(5):
            await write(ledger.revision)
        start = ledger.revision
        await asyncio.gather(*(write(start + number) for number in range(50)))
    await reader


async def test_a_watch_from_before_the_compaction_is_refused(ledger: Ledger) -> None:
    await change_often(ledger)
    await ledger.compact(101)
    with pytest.raises(Compacted) as refused:
        await ledger.watch(b"/a/", b"/a0", after_revision=99)
    assert refused.value.compact_revision == 101
    async with await ledger.watch(b"/a/", b"/a0", after_revision=101) as watch:
        events = await take(watch, 80)
    assert [event.record.mod_revision for event in events] == list(range(102, 182))


async def test_an_open_watch_survives_a_compaction(ledger: Ledger) -> None:
    async with await ledger.watch(b"/a/", b"/a0", after_revision=0) as watch:
        await change_often(ledger, rounds=2)
        assert len(await take(watch, 18)) == 18
        await ledger.compact(19)
        await ledger.create(b"/a/x", b"")
        assert (await take(watch, 1))[0].record.mod_revision == 20


async def test_closing_a_watch_ends_its_iteration(ledger: Ledger) -> None:
    watch = await ledger.watch(b"/", b"0", after_revision=0)

    async def follow() -> list[LedgerEvent]:
        return [event async for batch in watch for event in batch]

    reader = asyncio.ensure_future(follow())
    await ledger.create(b"/a", b"")
    await watch.close()
    assert [event.record.key for event in await reader] == [b"/a"]


async def test_closing_the_ledger_ends_watches_after_their_last_event(ledger: Ledger) -> None:
    watch = await ledger.watch(b"/", b"0", after_revision=0)
    await ledger.create(b"/a", b"")
    await ledger.close()
    assert [event.record.key for event in await take(watch, 1)] == [b"/a"]
    with pytest.raises(LedgerClosed):
        await take(watch, 1)


async def test_an_abandoned_wait_does_not_lose_events(ledger: Ledger) -> None:
    async with await ledger.watch(b"/", b"0", after_revision=0) as watch:
        waiting = asyncio.ensure_future(anext(aiter(watch)))
        await asyncio.sleep(0)
        waiting.cancel()
        await ledger.create(b"/a", b"")
        assert len(await take(watch, 1)) == 1


async def test_looking_back_without_watching(ledger: Ledger) -> None:
    await ledger.create(b"/b/first", b"<>", stamp_at=1)
    await change_often(ledger, rounds=2)
    await ledger.create(b"/b/last", b"<>", stamp_at=1)
    found: list[LedgerEvent] = []
    after = 0
    while after < ledger.revision:
        events, after = await ledger.changes(b"/a/", b"/a0", after_revision=after)
        found += events
    assert [event.record.mod_revision for event in found] == list(range(3, 21))
    assert_chained(found)
    await ledger.compact(15)
    with pytest.raises(Compacted):
        await ledger.changes(b"/a/", b"/a0", after_revision=3)
