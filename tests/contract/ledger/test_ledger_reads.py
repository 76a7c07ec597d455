"""Reading: ranges, limits, the past, compaction."""

import random

import pytest

from kubeade.store.ledger import Compacted, FutureRevision, Ledger, Record


async def test_a_range_is_in_key_order_and_excludes_its_end(ledger: Ledger) -> None:
    for key in (b"/b/2", b"/a/1", b"/b/1", b"/c"):
        await ledger.create(key, b"")
    found = await ledger.range(b"/b/", b"/b0")
    assert [record.key for record in found.records] == [b"/b/1", b"/b/2"]
    assert (found.revision, found.count, found.more) == (5, 2, False)
    assert (await ledger.range(b"/a/1", b"/b/1")).count == 1


async def test_a_limit_cuts_the_records_but_not_the_count(ledger: Ledger) -> None:
    for number in range(5):
        await ledger.create(b"/%d" % number, b"")
    found = await ledger.range(b"/", b"0", limit=2)
    assert [record.key for record in found.records] == [b"/0", b"/1"]
    assert (found.count, found.more) == (5, True)
    assert not (await ledger.range(b"/", b"0", limit=5)).more


async def test_pages_at_one_revision_do_not_see_later_changes(ledger: Ledger) -> None:
    for number in range(4):
        await ledger.create(b"/%d" % number, b"old")
    first = await ledger.range(b"/", b"0", limit=2)
    await ledger.update(b"/2", b"new", expected_revision=4)
    await ledger.delete(b"/3", expected_revision=5)
    await ledger.create(b"/4", b"new")
    rest = await ledger.range(b"/1\0", b"0", revision=first.revision, limit=2)
    assert [(record.key, record.value) for record in rest.records] == [(b"/2", b"old"), (b"/3", b"old")]
    assert (rest.revision, rest.count, rest.more) == (5, 2, False)


async def test_the_past_is_read_as_it_was_at_every_revision(ledger: Ledger) -> None:
    chance = random.Random(7)
    state: dict[bytes, Record] = {}
    past: list[dict[bytes, Record]] = [{}, {}]
    for step in range(200):
        key = b"/%d" % chance.randrange(12)
        current = state.get(key)
        if current is None:
            state[key] = await ledger.create(key, b"<>", stamp_at=1, author=f"a{step}")
        elif chance.random() < 0.3:
            await ledger.delete(key, expected_revision=current.mod_revision)
            del state[key]
        else:
            state[key] = await ledger.update(
                key, b"%d:" % step, stamp_at=0, expected_revision=current.mod_revision, author=f"a{step}"
            )
        past.append(dict(state))
    for revision in range(1, 202):
        expected = [record for _, record in sorted(past[revision].items())]
        found = await ledger.range(b"/", b"0", revision=revision)
        assert (list(found.records), found.count, found.more) == (expected, len(expected), False)
        page = await ledger.range(b"/3", b"0", revision=revision, limit=3)
        assert list(page.records) == [record for record in expected if record.key >= b"/3"][:3]
        assert await ledger.get(b"/5", revision=revision) == past[revision].get(b"/5")


async def test_the_future_cannot_be_read(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"")
    with pytest.raises(FutureRevision):
        await ledger.get(b"/a", revision=3)
    with pytest.raises(FutureRevision):
        await ledger.range(b"/", b"0", revision=3)
    with pytest.raises(FutureRevision):
        await ledger.watch(b"/", b"0", after_revision=3)
    with pytest.raises(FutureRevision):
        await ledger.compact(3)


async def test_compaction_forgets_the_past_and_keeps_the_present(ledger: Ledger) -> None:
    record = await ledger.create(b"/a", b"0")
    await ledger.create(b"/still", b"here")
    for number in range(1, 10):
        record = await ledger.update(b"/a", b"%d" % number, expected_revision=record.mod_revision)
    await ledger.compact(7)
    assert ledger.compact_revision == 7
    with pytest.raises(Compacted) as refused:
        await ledger.get(b"/a", revision=6)
    assert refused.value.compact_revision == 7
    for revision in range(7, 13):
        found = await ledger.get(b"/a", revision=revision)
        assert found is not None
        assert found.mod_revision == revision
    still = await ledger.get(b"/still", revision=9)
    assert still is not None
    assert still.value == b"here"
    with pytest.raises(Compacted):
        await ledger.compact(6)


async def test_everything_up_to_now_can_be_compacted(ledger: Ledger) -> None:
    await ledger.create(b"/a", b"1")
    await ledger.create(b"/b", b"1")
    await ledger.delete(b"/a", expected_revision=2)
    await ledger.compact(4)
    assert (ledger.revision, ledger.compact_revision) == (4, 4)
    assert (await ledger.range(b"/", b"0", revision=4)).count == 1
    assert (await ledger.create(b"/a", b"2")).mod_revision == 5
