"""etcd's Watch service: many watches on one stream, each in order, without gaps, not splitting a revision.

Every watch has a task that carries its batches from the ledger to the stream's outbox. A stream that
is read slowly fills the outbox; then the ledger's watches fall back on the history on disk.

Progress (a header's revision without events) is told when nothing up to that revision is still on its
way to the outbox: for one watch every PROGRESS_SECONDS if it asked for that, for the whole stream on
request, as soon as all its watches have caught up.
"""

import asyncio
from asyncio import Task
from collections.abc import AsyncIterator, Iterator, Sequence

from kubeade.store.etcd import messages as m
from kubeade.store.etcd.refusals import COMPACTED, Refusal
from kubeade.store.face import translation
from kubeade.store.face.outbox import Outbox
from kubeade.store.face.service import Desk, Service
from kubeade.store.ledger import Compacted, EventType, LedgerError, LedgerEvent
from kubeade.store.watch import FeedWatch

PROGRESS_SECONDS = 5.0
RETRY_SECONDS = 0.02
RESPONSE_BYTES = 1024 * 1024
FRAGMENT_BYTES = 1024 * 1024
INVALID_ID = -1
ALL_WATCHES = -1
_FILTERED = (EventType.PUT, EventType.DELETE)
_EVENT_OVERHEAD_BYTES = 100


class Watches:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def service(self) -> Service:
        service = Service("etcdserverpb.Watch")
        service.stream("Watch", m.WatchRequest, self.watch)
        return service

    async def watch(self, requests: AsyncIterator[m.WatchRequest]) -> AsyncIterator[m.WatchResponse]:
        stream = WatchStream(self._desk)
        reader = asyncio.ensure_future(stream.read(requests))
        try:
            while (message := await stream.outbox.take()) is not None:
                assert isinstance(message, m.WatchResponse)
                yield message
        finally:
            reader.cancel()
            stream.close()


class Watcher:
    """One watch of a stream."""

    def __init__(self, id: int, request: m.WatchCreateRequest, watch: FeedWatch) -> None:
        self.id = id
        self.request = request
        self.watch = watch
        self.sending = False
        self.hidden = {_FILTERED[number] for number in request.filters if number in (0, 1)}
        self.task: Task[None] | None = None

    def caught_up(self, newest: int) -> bool:
        """Whether nothing up to the ledger's newest revision is still to be sent. A watch that starts in the
        future is not there yet: told of an older revision, its client would go on from before its start."""
        return not self.sending and self.watch.caught_up and self.request.start_revision <= newest + 1


class WatchStream:
    """The watches of one client's stream."""

    def __init__(self, desk: Desk) -> None:
        self.outbox = Outbox()
        self._desk = desk
        self._ledger = desk.ledger
        self._watchers: dict[int, Watcher] = {}
        self._next_id = 0
        self._progress_wanted = False
        self._timer: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None

    async def read(self, requests: AsyncIterator[m.WatchRequest]) -> None:
        """Follow the client's wishes until it has no more."""
        async for request in requests:
            if request.create_request is not None:
                await self._create(request.create_request)
            elif request.cancel_request is not None:
                self._cancel(request.cancel_request.watch_id)
            elif request.progress_request is not None and not self._progress_wanted:
                self._progress_wanted = True
                self._tell_progress()
        # The client has nothing more to ask; what it watches goes on until it hangs up.

    def close(self) -> None:
        self.outbox.close()
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        for watcher in self._watchers.values():
            if watcher.task is not None:
                watcher.task.cancel()

    async def _create(self, request: m.WatchCreateRequest) -> None:
        watch_id = request.watch_id or self._free_id()
        newest = self._ledger.revision
        if watch_id in self._watchers:
            self._refuse(INVALID_ID, "mvcc: duplicate watch ID provided on the WatchStream")
            return
        try:
            start, end = translation.span(request.key or b"\0", request.range_end)
            after = min(request.start_revision - 1, newest) if request.start_revision > 0 else newest
            watch = await self._ledger.watch(start, end, after_revision=after)
        except Compacted as error:
            self.outbox.put(m.WatchResponse(self._desk.header(), watch_id, created=True))
            self._end(watch_id, COMPACTED.message, error.compact_revision)
            return
        except Refusal as refusal:
            self._refuse(INVALID_ID, refusal.message)
            return
        watcher = self._watchers[watch_id] = Watcher(watch_id, request, watch)
        self.outbox.put(m.WatchResponse(self._desk.header(newest), watch_id, created=True))
        watcher.task = asyncio.ensure_future(self._carry(watcher))
        if request.progress_notify and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._tick)

    def _free_id(self) -> int:
        while self._next_id in self._watchers:
            self._next_id += 1
        self._next_id += 1
        return self._next_id - 1

    def _refuse(self, id: int, reason: str) -> None:
        header = self._desk.header()
        self.outbox.put(m.WatchResponse(header, id, created=True, canceled=True, cancel_reason=reason))

    def _end(self, id: int, reason: str = "", compact_revision: int = 0) -> None:
        self.outbox.put(
            m.WatchResponse(
                self._desk.header(),
                id,
                canceled=True,
                compact_revision=compact_revision,
                cancel_reason=reason,
            )
        )

    def _cancel(self, id: int) -> None:
        watcher = self._watchers.pop(id, None)
        if watcher is not None:
            assert watcher.task is not None
            watcher.task.cancel()
            self._end(id)

    async def _carry(self, watcher: Watcher) -> None:
        """From the ledger to the outbox, until cancelled or the history ends."""
        try:
            async with watcher.watch as batches:
                async for batch in batches:
                    watcher.sending = True
                    for part in _whole_revisions(batch):
                        for response in self._responses(watcher, part):
                            await self.outbox.put_when_room(response)
                    watcher.sending = False
        except Compacted as error:
            self._watchers.pop(watcher.id, None)
            self._end(watcher.id, COMPACTED.message, error.compact_revision)
        except LedgerError:
            self.outbox.close()

    def _responses(self, watcher: Watcher, batch: Sequence[LedgerEvent]) -> Iterator[m.WatchResponse]:
        request = watcher.request
        events = [
            translation.event(change, with_previous=request.prev_kv)
            for change in batch
            if change.type not in watcher.hidden and change.record.mod_revision >= request.start_revision
        ]
        header = self._desk.header(batch[-1].record.mod_revision)
        parts = list(_parts(events)) if request.fragment else [events]
        for number, part in enumerate(parts, 1):
            if part:
                yield m.WatchResponse(header, watcher.id, fragment=number < len(parts), events=part)

    def _tick(self) -> None:
        """Progress of those that asked for it and have had nothing to tell it by."""
        self._timer = asyncio.get_running_loop().call_later(PROGRESS_SECONDS, self._tick)
        newest = self._ledger.revision
        for watcher in self._watchers.values():
            if watcher.request.progress_notify and watcher.caught_up(newest) and self.outbox.empty:
                self.outbox.put(m.WatchResponse(self._desk.header(newest), watcher.id))

    def _tell_progress(self) -> None:
        """Answer a request for it; where a watch still catches up, look again soon."""
        if not self._progress_wanted:
            return
        newest = self._ledger.revision
        if all(watcher.caught_up(newest) for watcher in self._watchers.values()):
            self._progress_wanted = False
            self.outbox.put(m.WatchResponse(self._desk.header(), ALL_WATCHES))
        else:
            self._retry = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._tell_progress)


def _whole_revisions(batch: Sequence[LedgerEvent]) -> Iterator[Sequence[LedgerEvent]]:
    """In parts not much larger than RESPONSE_BYTES: many clients take 4 MiB at once, and no more."""
    first = size = 0
    for number, event in enumerate(batch):
        if size >= RESPONSE_BYTES and event.record.mod_revision != batch[number - 1].record.mod_revision:
            yield batch[first:number]
            first, size = number, 0
        size += _EVENT_OVERHEAD_BYTES + len(event.record.value)
        size += len(event.previous.value) if event.previous else 0
    yield batch[first:]


def _parts(events: Sequence[m.Event]) -> Iterator[list[m.Event]]:
    """In pieces that are not much larger than FRAGMENT_BYTES."""
    part: list[m.Event] = []
    size = 0
    for event in events:
        part.append(event)
        size += _EVENT_OVERHEAD_BYTES + sum(len(kv.value) for kv in (event.kv, event.prev_kv) if kv)
        if size >= FRAGMENT_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part
