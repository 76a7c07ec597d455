"""Follows etcd with one watch and feeds everybody here from it; goes on with another member when one is lost.

`revision` is how far it has come, `changed_revision` that of the newest change of ours until there. When
the members have forgotten where it was, all watches here are told Compacted and it goes on from the
present.
"""

import asyncio
import heapq
import logging
from asyncio import Future, Task
from collections.abc import Awaitable, Callable

from kubeade.store.feed import Feed
from kubeade.store.ledger import Compacted, EventType, LedgerClosed, LedgerError
from kubeade.store.remote.members import RETRY_SECONDS, CompactedSomewhere, MemberLost, Members
from kubeade.store.remote.stream import changes

log = logging.getLogger(__name__)

RECENT_EVENTS = 4096
RECENT_BYTES = 8 * 1024 * 1024


class Creators:
    """Who first wrote each key, as of which of its revisions: so that an update need not read first."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, str]] = {}

    def learn(self, key: bytes, revision: int, creator: str) -> None:
        self._known[key] = (revision, creator)

    def forget(self, key: bytes) -> None:
        self._known.pop(key, None)

    def of(self, key: bytes, revision: int) -> str | None:
        """None where it is not known of this revision."""
        known = self._known.get(key)
        return known[1] if known is not None and known[0] == revision else None


class Follower:
    """Start it with `follow`. `feed` is replaced when the past is lost."""

    def __init__(self, members: Members, revision: int, present: Callable[[], Awaitable[int]]) -> None:
        self.feed = _feed(revision)
        self.changed_revision = revision
        self.creators = Creators()
        self._members = members
        self._present = present
        self._waiting: list[tuple[int, int, Future[None]]] = []
        self._tickets = 0
        self._task: Task[None] | None = None

    @property
    def revision(self) -> int:
        return self.feed.revision

    def follow(self) -> None:
        self._task = asyncio.ensure_future(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        closed = LedgerClosed("the ledger was closed")
        self.feed.end(closed)
        for _, _, future in self._waiting:
            if not future.done():
                future.set_exception(closed)

    async def wait_for(self, revision: int) -> None:
        """Until everything up to `revision` has been handed on. Raises LedgerClosed."""
        if self.feed.revision >= revision:
            return
        future: Future[None] = asyncio.get_running_loop().create_future()
        self._tickets += 1
        heapq.heappush(self._waiting, (revision, self._tickets, future))
        await future

    async def _follow(self) -> None:
        while True:
            try:
                async for events, revision in changes(self._members, self.feed.revision):
                    for event in events:
                        record = event.record
                        if event.type is EventType.PUT:
                            self.creators.learn(record.key, record.mod_revision, record.creator)
                        else:
                            self.creators.forget(record.key)
                    if events:
                        self.changed_revision = events[-1].record.mod_revision
                    self.feed.publish(events, revision)
                    self._release()
            except MemberLost as lost:
                log.warning("etcd: %s; going on with another member", lost)
                await asyncio.sleep(RETRY_SECONDS)
            except (Compacted, CompactedSomewhere) as error:
                await self._start_anew(error)
            except LedgerError as error:
                self.feed.end(error)
                log.exception("etcd cannot be followed")
                return

    async def _start_anew(self, error: LedgerError) -> None:
        log.warning("etcd has forgotten what came after revision %d", self.feed.revision)
        revision = await self._present()
        lost, self.feed = self.feed, _feed(revision)
        self.changed_revision = revision
        lost.end(error if isinstance(error, Compacted) else Compacted(revision))
        self._release()

    def _release(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.feed.revision:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)


def _feed(revision: int) -> Feed:
    return Feed(revision, max_events=RECENT_EVENTS, max_bytes=RECENT_BYTES)
