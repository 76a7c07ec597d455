"""etcd's Watch service, where its clients rely on details."""

import asyncio

from face_lab import FaceLab

from kubeade.store.etcd import messages as m


def keys(events: list[m.Event]) -> list[tuple[int, bytes, int]]:
    return [(event.type, event.kv.key, event.kv.mod_revision) for event in events if event.kv]


async def test_many_watches_share_a_stream(lab: FaceLab) -> None:
    watch = lab.watch()
    await watch.create(b"a")
    await watch.create(b"b", b"d", watch_id=7)
    assert [(each.watch_id, each.created) for each in (await watch.next(), await watch.next())] == [
        (0, True),
        (7, True),
    ]
    for key in (b"a", b"c", b"x", b"a"):
        await lab.put(key)
    found = [await watch.next() for _ in range(3)]
    assert [(each.watch_id, keys(each.events)) for each in sorted(found, key=lambda each: each.watch_id)] == [
        (0, [(0, b"a", 2)]),
        (0, [(0, b"a", 5)]),
        (7, [(0, b"c", 3)]),
    ]


async def test_a_taken_id_is_refused_and_the_first_goes_on(lab: FaceLab) -> None:
    watch = lab.watch()
    for _ in range(2):
        await watch.create(b"a", watch_id=7)
    await watch.next()
    refused = await watch.next()
    assert (refused.watch_id, refused.created, refused.canceled) == (-1, True, True)
    await lab.put(b"a")
    assert (await watch.next()).watch_id == 7


async def test_the_past_comes_first_with_what_was_before(lab: FaceLab) -> None:
    await lab.put(b"a", b"1")
    await lab.put(b"a", b"2")
    await lab.ask("etcdserverpb.KV/DeleteRange", m.DeleteRangeRequest(b"a"))
    watch = lab.watch()
    await watch.create(b"a", start_revision=3, prev_kv=True)
    events = await watch.events(2)
    assert keys(events) == [(0, b"a", 3), (1, b"a", 4)]
    assert [event.prev_kv.value for event in events if event.prev_kv] == [b"1", b"2"]
    assert events[1].kv == m.KeyValue(key=b"a", mod_revision=4)


async def test_filters_hide_kinds_of_events(lab: FaceLab) -> None:
    watch = lab.watch()
    await watch.create(b"a", filters=[0])
    await watch.next()
    await lab.put(b"a")
    await lab.ask("etcdserverpb.KV/DeleteRange", m.DeleteRangeRequest(b"a"))
    assert keys(await watch.events(1)) == [(1, b"a", 3)]


async def test_a_watch_can_start_in_the_future(lab: FaceLab) -> None:
    watch = lab.watch()
    await watch.create(b"a", start_revision=4)
    await watch.next()
    for _ in range(3):
        await lab.put(b"a")
    assert keys(await watch.events(1)) == [(0, b"a", 4)]


async def test_a_compacted_start_is_answered_with_where_to_go_on(lab: FaceLab) -> None:
    for _ in range(5):
        await lab.put(b"a")
    await lab.ledger.compact(4)
    watch = lab.watch()
    await watch.create(b"a", start_revision=2)
    assert (await watch.next()).created
    ended = await watch.next()
    assert (ended.canceled, ended.compact_revision) == (True, 4)
    assert "has been compacted" in ended.cancel_reason


async def test_a_cancelled_watch_says_so_and_ends(lab: FaceLab) -> None:
    watch = lab.watch()
    await watch.create(b"a")
    await watch.next()
    await watch.cancel(0)
    assert (await watch.next()).canceled
    await lab.put(b"a")
    await watch.create(b"b")
    assert (await watch.next()).created


async def test_the_changes_of_a_transaction_come_together(lab: FaceLab) -> None:
    watch = lab.watch()
    await watch.create(b"\0", b"\0")
    await watch.next()
    operations = [m.RequestOp(request_put=m.PutRequest(b"%d" % number)) for number in range(100)]
    await lab.txn(*operations)
    response = await watch.next()
    assert len(response.events) == 100
    assert {event.kv.mod_revision for event in response.events if event.kv} == {2}


async def test_fragments_split_what_is_large_and_say_so(lab: FaceLab) -> None:
    operations = [m.RequestOp(request_put=m.PutRequest(b"%d" % each, bytes(400_000))) for each in range(3)]
    await lab.txn(*operations)
    watch = lab.watch()
    await watch.create(b"\0", b"\0", start_revision=1, fragment=True)
    await watch.next()
    for each in range(4):
        await lab.put(b"more%d" % each, bytes(1_000_000))
    found: list[m.WatchResponse] = []
    while sum(len(each.events) for each in found) < 7:
        found.append(await watch.next())
    assert all(sum(len(event.kv.value) for event in each.events if event.kv) < 2_100_000 for each in found)
    assert not found[-1].fragment


async def test_what_a_slow_client_is_behind_with_comes_in_messages_that_it_can_take(lab: FaceLab) -> None:
    """Python's and Java's gRPC take 4 MiB at once. A revision is not split for that."""
    watch = lab.watch()
    await watch.create(b"\0", b"\0", prev_kv=True)
    await watch.next()
    pair = [m.RequestOp(request_put=m.PutRequest(b"%d" % each, bytes(100_000))) for each in range(2)]
    await asyncio.gather(*(lab.txn(*pair) for _ in range(60)))
    found: list[m.WatchResponse] = []
    while sum(len(each.events) for each in found) < 120:
        found.append(await watch.next())
    revisions = [[event.kv.mod_revision for event in each.events if event.kv] for each in found]
    assert [each for some in revisions for each in some] == [number // 2 + 2 for number in range(120)]
    assert all(len(each) % 2 == 0 for each in revisions)
    assert all(
        each.header and each.header.revision == each.events[-1].kv.mod_revision
        for each in found
        if each.events[-1].kv
    )


async def test_progress_is_told_on_request_after_all_events_up_to_it(lab: FaceLab) -> None:
    watch = lab.watch()
    await watch.create(b"a")
    await watch.next()
    await watch.progress()
    told = await watch.next()
    assert (told.watch_id, told.events, told.header and told.header.revision) == (-1, [], 1)
    await lab.put(b"b")
    await lab.put(b"a")
    await watch.progress()
    assert keys(await watch.events(1)) == [(0, b"a", 3)]
    told = await watch.next()
    assert (told.watch_id, told.header and told.header.revision) == (-1, 3)


async def test_progress_waits_for_a_watch_that_reads_the_past(lab: FaceLab) -> None:
    for number in range(500):
        await lab.put(b"a%d" % (number % 10))
    watch = lab.watch()
    await watch.create(b"a", b"b", start_revision=1)
    await watch.progress()
    assert (await watch.next()).created
    seen = 0
    while True:
        response = await watch.next()
        if not response.events:
            break
        seen += len(response.events)
    assert (seen, response.watch_id, response.header and response.header.revision) == (500, -1, 501)
