"""Writing: compare-and-swap, revisions, stamps, authors."""

import asyncio

import pytest

from kubeade.store.ledger import KeyExists, Ledger, LedgerClosed, Record, RevisionMismatch


async def test_an_empty_ledger_is_at_revision_one_and_each_change_adds_one(ledger: Ledger) -> None:
    assert ledger.revision == 1
    assert (await ledger.create(b"/a", b"1")).mod_revision == 2
    assert (await ledger.create(b"/b", b"1")).mod_revision == 3
    assert ledger.revision == 3


async def test_a_created_key_has_version_one_and_its_author_as_creator(ledger: Ledger) -> None:
    record = await ledger.create(b"/a", b"1", author="ann")
    assert record == Record(b"/a", b"1", 2, 2, 1, 0, "ann", "ann")
    assert await ledger.get(b"/a") == record


async def test_an_update_keeps_creation_and_creator(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"1", author="ann")
    record = await ledger.update(b"/a", b"2", expected_revision=2, author="bob")
    assert record == Record(b"/a", b"2", 2, 3, 2, 0, "bob", "ann")


async def test_creating_a_key_twice_is_refused_with_the_one_that_is_there(ledger: Ledger) -> None:
    first = await ledger.create(b"/a", b"1")
    with pytest.raises(KeyExists) as refused:
        await ledger.create(b"/a", b"2")
    assert refused.value.current == first
    assert ledger.revision == 2


async def test_an_update_at_an_old_revision_is_refused_with_the_newest(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"1")
    newest = await ledger.update(b"/a", b"2", expected_revision=2)
    with pytest.raises(RevisionMismatch) as refused:
        await ledger.update(b"/a", b"3", expected_revision=2)
    assert refused.value.current == newest
    assert await ledger.get(b"/a") == newest


@pytest.mark.parametrize("expected_revision", [0, 1, 7])
async def test_an_update_of_a_missing_key_is_refused(ledger: Ledger, expected_revision: int) -> None:
    with pytest.raises(RevisionMismatch) as refused:
        await ledger.update(b"/a", b"3", expected_revision=expected_revision)
    assert refused.value.current is None


async def test_a_deletion_returns_the_last_record_at_its_own_revision(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"1", author="ann")
    record = await ledger.delete(b"/a", expected_revision=2, author="bob")
    assert record == Record(b"/a", b"1", 2, 3, 1, 0, "bob", "ann")
    assert await ledger.get(b"/a") is None
    assert ledger.revision == 3


async def test_a_deletion_at_an_old_revision_is_refused(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"1")
    newest = await ledger.update(b"/a", b"2", expected_revision=2)
    with pytest.raises(RevisionMismatch) as refused:
        await ledger.delete(b"/a", expected_revision=2)
    assert refused.value.current == newest
    with pytest.raises(RevisionMismatch):
        await ledger.delete(b"/none", expected_revision=2)


async def test_a_key_that_was_deleted_can_be_created_again(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"1")
    await ledger.delete(b"/a", expected_revision=2)
    record = await ledger.create(b"/a", b"2")
    assert (record.create_revision, record.mod_revision, record.version) == (4, 4, 1)
    assert await ledger.get(b"/a") == record


async def test_a_value_carries_its_revision_where_it_was_asked_for(ledger: Ledger) -> None:
    for number in range(8):
        await ledger.create(b"/filler/%d" % number, b"")
    created = await ledger.create(b"/a", b'{"rv":""}', stamp_at=7)
    assert created.value == b'{"rv":"10"}'
    updated = await ledger.update(b"/a", b'{"x":1,"rv":""}', stamp_at=13, expected_revision=10)
    assert updated.value == b'{"x":1,"rv":"11"}'
    assert await ledger.get(b"/a") == updated
    deleted = await ledger.delete(b"/a", expected_revision=11)
    assert deleted.value == b'{"x":1,"rv":"12"}'


async def test_a_deletion_restamps_where_the_number_grows_longer(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"<>", stamp_at=1)
    for number in range(7):
        await ledger.create(b"/filler/%d" % number, b"")
    assert (await ledger.delete(b"/a", expected_revision=2)).value == b"<10>"


async def test_values_may_be_empty_and_large_and_any_bytes(ledger: Ledger) -> None:
    for key, value in {b"/e": b"", b"/l": bytes(range(256)) * 4_000, b"/\xff\x00": b"\x00"}.items():
        await ledger.create(key, value)
        record = await ledger.get(key)
        assert record is not None
        assert record.value == value


async def test_of_many_concurrent_swaps_of_one_key_one_wins(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"0")
    swaps = [ledger.update(b"/a", b"%d" % number, expected_revision=2) for number in range(50)]
    results = await asyncio.gather(*swaps, return_exceptions=True)
    assert [type(result) for result in results] == [Record] + [RevisionMismatch] * 49
    assert ledger.revision == 3


async def test_a_refused_write_costs_its_neighbours_nothing(ledger: Ledger) -> None:
    await ledger.create(b"/taken", b"")
    keys = [b"/a", b"/taken", b"/b"]
    results = await asyncio.gather(*(ledger.create(key, b"") for key in keys), return_exceptions=True)
    assert [type(result) for result in results] == [Record, KeyExists, Record]


async def test_two_hundred_writers_lose_no_update(ledger: Ledger) -> None:
    await ledger.create(b"/counter", b"0")

    async def increment() -> None:
        while True:
            record = await ledger.get(b"/counter")
            assert record is not None
            try:
                value = b"%d" % (int(record.value) + 1)
                await ledger.update(b"/counter", value, expected_revision=record.mod_revision)
                return
            except RevisionMismatch:
                continue

    async def write_own(number: int) -> None:
        record = await ledger.create(b"/own/%d" % number, b"0")
        for value in range(5):
            record = await ledger.update(record.key, b"%d" % value, expected_revision=record.mod_revision)
        await ledger.delete(record.key, expected_revision=record.mod_revision)

    await asyncio.gather(*(write_own(number) for number in range(200)), *(increment() for _ in range(20)))
    record = await ledger.get(b"/counter")
    assert record is not None
    assert record.value == b"20"
    assert ledger.revision == 2 + 200 * 7 + 20
    assert (await ledger.range(b"/own/", b"/own0")).count == 0


async def test_steps_of_one_key_in_one_breath_all_count(ledger: Ledger) -> None:
    created, updated, deleted, again = await asyncio.gather(
        ledger.create(b"/a", b"1"),
        ledger.update(b"/a", b"2", expected_revision=2),
        ledger.delete(b"/a", expected_revision=3),
        ledger.create(b"/a", b"3"),
    )
    assert [record.mod_revision for record in (created, updated, deleted, again)] == [2, 3, 4, 5]
    assert await ledger.get(b"/a") == again
    assert await ledger.get(b"/a", revision=3) == updated


async def test_a_cancelled_write_harms_nobody(ledger: Ledger) -> None:
    task = asyncio.ensure_future(ledger.create(b"/a", b"1"))
    await asyncio.sleep(0)
    task.cancel()
    await ledger.create(b"/b", b"1")
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_closed_ledger_refuses_everything(ledger: Ledger) -> None:
    await ledger.close()
    with pytest.raises(LedgerClosed):
        await ledger.create(b"/a", b"1")
    with pytest.raises(LedgerClosed):
        await ledger.get(b"/a")
    with pytest.raises(LedgerClosed):
        await ledger.watch(b"/", b"0", after_revision=0)


async def test_closing_finishes_what_is_queued(ledger: Ledger) -> None:
    writes = [asyncio.ensure_future(ledger.create(b"/%d" % number, b"")) for number in range(50)]
    await asyncio.sleep(0)
    await ledger.close()
    assert sorted(record.mod_revision for record in await asyncio.gather(*writes)) == list(range(2, 52))
