"""Watching: what a client is told, in which order, and when a watch ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
MERGE = {"content-type": "application/merge-patch+json"}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as found:
        yield found


async def test_a_watch_without_revision_starts_with_what_there_is(lab: ApiLab) -> None:
    await lab.config_map("a")
    async with lab.watching(f"{CONFIG_MAPS}?watch=true") as events:
        await lab.config_map("b")
        await lab.config_map("c", "other")
        await lab.send("PATCH", f"{CONFIG_MAPS}/a", {"data": {"x": "y"}}, headers=MERGE)
        await lab.send("DELETE", f"{CONFIG_MAPS}/b")
        assert await events.names(4) == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


async def test_a_watch_goes_on_from_a_revision(lab: ApiLab) -> None:
    revision = (await lab.config_map("a"))["metadata"]["resourceVersion"]
    await lab.config_map("b")
    async with lab.watching(f"{CONFIG_MAPS}?watch=1&resourceVersion={revision}") as events:
        await lab.config_map("c")
        assert await events.names(2) == [("ADDED", "b"), ("ADDED", "c")]


async def test_a_deletion_tells_its_own_revision(lab: ApiLab) -> None:
    await lab.config_map("a")
    async with lab.watching(f"{CONFIG_MAPS}?watch=1&resourceVersion=2") as events:
        await lab.send("DELETE", f"{CONFIG_MAPS}/a")
        event = await events.next()
        assert (event["type"], event["object"]["metadata"]["resourceVersion"]) == ("DELETED", "3")


async def test_a_selector_turns_changes_into_comings_and_goings(lab: ApiLab) -> None:
    async with lab.watching(f"{CONFIG_MAPS}?watch=1&labelSelector=on%3Dyes") as events:
        await lab.config_map("a")
        for labels in ({"on": "yes"}, {"on": "yes", "x": "y"}, {"on": "no"}):
            await lab.send("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"labels": labels}}, headers=MERGE)
        found = [await events.next() for _ in range(3)]
    assert [event["type"] for event in found] == ["ADDED", "MODIFIED", "DELETED"]
    assert found[2]["object"]["metadata"]["resourceVersion"] == "5"
    assert found[2]["object"]["metadata"]["labels"]["on"] == "yes"


async def test_one_object_can_be_watched(lab: ApiLab) -> None:
    async with lab.watching(f"{CONFIG_MAPS}?watch=1&fieldSelector=metadata.name%3Db") as events:
        await lab.config_map("a")
        await lab.config_map("b")
        assert await events.names(1) == [("ADDED", "b")]


async def test_initial_events_end_with_a_bookmark_that_says_so(lab: ApiLab) -> None:
    await lab.config_map("a")
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with lab.watching(f"{CONFIG_MAPS}?{query}") as events:
        assert await events.names(1) == [("ADDED", "a")]
        bookmark = await events.next()
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"] == {
        "resourceVersion": "2",
        "annotations": {"k8s.io/initial-events-end": "true"},
    }


async def test_a_watch_of_a_forgotten_revision_is_refused(lab: ApiLab) -> None:
    for name in "abc":
        await lab.config_map(name)
    storage = lab.server.storage
    await storage.ledger.compact(4)
    for cache in storage.cache._resources.values():
        cache.changes.clear()
        cache.changes_after = 4
    answer = await lab.send("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=2")
    assert (answer.status, answer.json["reason"]) == (410, "Expired")
    assert answer.message.startswith("too old resource version: 2 (")


async def test_a_revision_that_only_the_ledger_remembers_is_read_from_there(lab: ApiLab) -> None:
    for name in "abc":
        await lab.config_map(name)
    for cache in lab.server.storage.cache._resources.values():
        cache.changes.clear()
        cache.changes_after = 4
    async with lab.watching(f"{CONFIG_MAPS}?watch=1&resourceVersion=2") as events:
        await lab.config_map("d")
        assert await events.names(3) == [("ADDED", "b"), ("ADDED", "c"), ("ADDED", "d")]


async def test_a_watch_ends_when_its_time_is_over(lab: ApiLab) -> None:
    async with lab.watching(f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1") as events:
        with pytest.raises(StopAsyncIteration):
            while True:
                await events.next()


async def test_watches_end_when_the_server_stops(lab: ApiLab) -> None:
    async with lab.watching(f"{CONFIG_MAPS}?watch=1") as events:
        await lab.server.storage.cache.stop()
        with pytest.raises(StopAsyncIteration):
            while True:
                await events.next()


async def test_a_watch_that_nobody_began_to_read_leaves_nothing_behind(lab: ApiLab) -> None:
    async with lab.watching(f"{CONFIG_MAPS}?watch=1"):
        assert lab.server.storage.cache.subscriptions == 1
    assert lab.server.storage.cache.subscriptions == 0


async def test_all_watchers_are_sent_the_same_bytes(lab: ApiLab) -> None:
    async with (
        lab.watching(f"{CONFIG_MAPS}?watch=1&resourceVersion=0") as one,
        lab.watching("/api/v1/configmaps?watch=1&resourceVersion=0") as two,
    ):
        await lab.config_map("a")
        assert await one.names(1) == await two.names(1) == [("ADDED", "a")]
    (cache,) = (c for c in lab.server.storage.cache._resources.values() if c.changes)
    frames = cache.changes[0]._frames or {}
    assert frames
    assert len({id(frame) for frame in frames.values()}) == 1


async def test_a_change_that_many_watch_does_not_keep_others_waiting(lab: ApiLab) -> None:
    """They are woken in turns: whoever wrote is answered while most are still to be sent it."""
    cache, loop = lab.server.storage.cache, asyncio.get_running_loop()
    watchers = [cache.subscribe(b"/registry/core/configmaps/") for _ in range(1000)]
    waiting = [loop.create_task(watcher.wait_until(loop.time() + 60)) for watcher in watchers]
    await asyncio.sleep(0)
    await lab.config_map("a")
    assert not all(task.done() for task in waiting)
    await lab.config_map("b")
    await asyncio.wait_for(asyncio.gather(*waiting), 10)
    assert all(len(watcher.take()) == 2 for watcher in watchers)
    for watcher in watchers:
        cache.unsubscribe(watcher)


async def test_only_the_first_table_event_carries_columns(lab: ApiLab) -> None:
    await lab.config_map("a")
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    async with lab.watching(f"{CONFIG_MAPS}?watch=1", accept=accept) as events:
        await lab.config_map("b")
        first, second = await events.next(), await events.next()
    assert first["object"]["columnDefinitions"]
    assert not second["object"]["columnDefinitions"]
    assert second["object"]["rows"][0]["cells"][0] == "b"


async def test_a_watcher_that_takes_nothing_is_ended_before_it_holds_too_much(
    lab: ApiLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees no gap: it is sent nothing more, and starts again from the last revision it saw."""
    monkeypatch.setattr("kubeade.apiserver.cache._WATCHER_BYTES", 5000)
    async with lab.watching(f"{CONFIG_MAPS}?watch=true&resourceVersion=0") as events:
        for number in range(8):
            await lab.config_map(f"a{number}", data={"text": "x" * 1000})
        with pytest.raises(StopAsyncIteration):
            while True:
                assert (await events.next())["object"]["metadata"]["name"] < "a6"


async def test_the_first_state_of_a_watch_is_made_as_the_client_takes_it(
    lab: ApiLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the state at the watch's beginning all the same."""
    monkeypatch.setattr("kubeade.apiserver.verbs.watch._PART_BYTES", 600)
    for number in range(5):
        await lab.config_map(f"a{number}")
    async with lab.watching(f"{CONFIG_MAPS}?watch=true") as events:
        first = await events.next()
        await lab.send("DELETE", f"{CONFIG_MAPS}/a4")
        await lab.config_map("b")
        assert first["object"]["metadata"]["name"] == "a0"
        expected = [("ADDED", f"a{number}") for number in range(1, 5)]
        assert await events.names(6) == [*expected, ("DELETED", "a4"), ("ADDED", "b")]


async def test_what_others_put_into_the_ledger_stops_nothing(lab: ApiLab) -> None:
    async with lab.watching(f"{CONFIG_MAPS}?watch=1") as events:
        for key in (b"/registry/x", b"/registry/apps/x", b"/elsewhere", b"\xfe"):
            await lab.server.storage.ledger.create(key, b"not an object")
        await lab.config_map("a")
        assert await events.names(1) == [("ADDED", "a")]
