"""The bugs of etcd's watches that lie in how a stream is served, or in how a client goes on: each on the face as
it is, and on a copy that is broken in the way etcd was. The others: tests/simulation/ledger/README.md."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from face_lab import FaceLab

from kubeade.store.etcd import messages as m
from kubeade.store.face import watches
from kubeade.store.face.server import EtcdFace
from kubeade.store.face.watches import Watcher, WatchStream
from kubeade.store.ledger import LedgerEvent
from kubeade.store.remote.ledger import EtcdLedger
from kubeade.store.remote.members import EtcdAddress
from kubeade.store.sqlite import SqliteLedger
from kubeade.store.watch import FeedWatch

Scenario = Callable[[FaceLab, Path], Awaitable[list[str]]]
Breaker = Callable[[pytest.MonkeyPatch], None]
PAST = 300


async def _fill(ledger: SqliteLedger) -> None:
    await asyncio.gather(*(ledger.create(b"/a/%06d" % each, bytes(200)) for each in range(PAST)))


# -- progress is told ahead of the events before it (#15220) -----------------------------------------------


async def asking_for_progress_at_once(lab: FaceLab, folder: Path) -> list[str]:
    """More is on its way than a stream takes at once."""
    await _fill(lab.ledger)
    watch, count = lab.watch(), 40
    for _ in range(count):
        await watch.create(b"/a/", b"/a0", start_revision=1)
    await watch.progress()
    seen = 0
    while True:
        response = await watch.next()
        seen += len(response.events)
        if response.watch_id == watches.ALL_WATCHES:
            return [] if seen == count * PAST else [f"progress was told after {seen} events"]


def tell_progress_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Watcher, "caught_up", lambda self, newest: True)


# -- many watches of one stream: one that falls behind loses events (#17529) -------------------------------


async def starving_a_stream(lab: FaceLab, folder: Path) -> list[str]:
    count, writes = 20, 60
    watch = lab.watch()
    for _ in range(count):
        await watch.create(b"/a/", b"/a0", prev_kv=True)
    for _ in range(count):
        assert (await watch.next()).created
    for each in range(writes):  # nobody reads meanwhile, and it is more than a socket takes
        await lab.ledger.create(b"/a/%06d" % each, bytes(20_000))
    seen: dict[int, list[int]] = {}
    with suppress(TimeoutError):
        while sum(map(len, seen.values())) < count * writes:
            response = await asyncio.wait_for(watch.next(), 3)
            revisions = [event.kv.mod_revision for event in response.events if event.kv]
            seen.setdefault(response.watch_id, []).extend(revisions)
    wanted = list(range(2, writes + 2))
    return [f"watch {each} got {seen.get(each)}" for each in range(count) if seen.get(each) != wanted]


def drop_what_there_is_no_room_for(patch: pytest.MonkeyPatch) -> None:
    def push(self: FeedWatch, events: list[LedgerEvent]) -> None:
        if len(self._buffer) + len(events) <= 8:
            self._buffer.extend(events)
            self._wake()

    patch.setattr(FeedWatch, "push", push)


# -- a watch that waits for the future is told the past (#20221) -------------------------------------------


async def watching_from_the_future(lab: FaceLab, folder: Path) -> list[str]:
    await _fill(lab.ledger)
    start = lab.ledger.revision + 20
    watch = lab.watch()
    await watch.create(b"/a/", b"/a0", start_revision=start, progress_notify=True)
    assert (await watch.next()).created
    await asyncio.sleep(3 * watches.PROGRESS_SECONDS)  # what must not come would come by now
    for each in range(20):
        await lab.put(b"/a/later-%d" % each)
    while True:
        response = await watch.next()
        assert response.header is not None
        if response.header.revision < start - 1 + bool(response.events):
            return [f"asked for what comes from {start}, told of {response.header.revision}"]
        if response.events:
            return []


def tell_the_impatient(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Watcher, "caught_up", lambda self, newest: not self.sending and self.watch.caught_up)


# -- a client that goes over to a member that is behind travels back in time (#15271) ----------------------


async def going_over_to_a_member_behind(lab: FaceLab, folder: Path) -> list[str]:
    """The second member gets the changes of the first one later than the client knows them from there."""
    ahead = await SqliteLedger.open(folder / "ahead.db")
    first = await ahead.create(b"/a", b"0")
    shutil.copyfile(folder / "ahead.db", folder / "behind.db")
    shutil.copyfile(folder / "ahead.db-wal", folder / "behind.db-wal")
    behind = await SqliteLedger.open(folder / "behind.db")
    faces = [EtcdFace(ledger, "", folder) for ledger in (ahead, behind)]
    ports = [await face.start("127.0.0.1:0", None) for face in faces]
    client = await EtcdLedger.open(EtcdAddress(tuple(f"http://127.0.0.1:{port}" for port in ports)))
    seen: list[int] = []
    watching = asyncio.ensure_future(_follow(client, seen))
    try:
        for _ in range(9):
            await client.create(b"/%d" % client.revision, b"<>", stamp_at=1)
        await faces[0].stop()
        await _replicate(ahead, behind)
        await asyncio.wait_for(client.create(b"/last", b"<>", stamp_at=1), 20)
    finally:
        await client.close()
        await watching
        await faces[1].stop()
        await ahead.close()
        await behind.close()
    wanted = list(range(first.mod_revision + 1, first.mod_revision + 11))
    return [] if seen == wanted else [f"the watch was told {seen}"]


async def _follow(client: EtcdLedger, seen: list[int]) -> None:
    with suppress(Exception):
        async with await client.watch(b"/", b"0", after_revision=client.revision) as watch:
            async for batch in watch:
                seen += [event.record.mod_revision for event in batch]


async def _replicate(ahead: SqliteLedger, behind: SqliteLedger) -> None:
    """With pauses, in which the client comes over and sees the member behind."""
    async with await ahead.watch(b"\0", b"\xff", after_revision=behind.revision) as changes:
        while behind.revision < ahead.revision:
            for event in await anext(changes):
                await asyncio.sleep(0.05)
                await behind.create(event.record.key, event.record.value)


def start_with_what_is_there(patch: pytest.MonkeyPatch) -> None:
    """The start is cut down to what the member has, and then forgotten."""
    create = WatchStream._create

    async def impatient(self: WatchStream, request: m.WatchCreateRequest) -> None:
        request.start_revision = min(request.start_revision, self._ledger.revision + 1)
        await create(self, request)

    patch.setattr(WatchStream, "_create", impatient)


BUGS: dict[str, tuple[Scenario, Breaker]] = {
    "15220": (asking_for_progress_at_once, tell_progress_at_once),
    "15271": (going_over_to_a_member_behind, start_with_what_is_there),
    "17529": (starving_a_stream, drop_what_there_is_no_room_for),
    "20221": (watching_from_the_future, tell_the_impatient),
}


@pytest.fixture
def quick_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "PROGRESS_SECONDS", 0.05)


@pytest.mark.usefixtures("quick_progress")
@pytest.mark.parametrize("number", BUGS)
async def test_is_not_here(number: str, lab: FaceLab, tmp_path: Path) -> None:
    scenario, _ = BUGS[number]
    assert await scenario(lab, tmp_path) == []


@pytest.mark.usefixtures("quick_progress")
@pytest.mark.parametrize("number", BUGS)
async def test_is_found_in_a_broken_copy(
    number: str, lab: FaceLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario, breaker = BUGS[number]
    breaker(monkeypatch)
    assert await scenario(lab, tmp_path) != []
