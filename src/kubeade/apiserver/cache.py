"""The watch cache: the current bytes of everything, and what has just changed.

One ledger watch feeds it. Per resource it holds the current records in key order and a bounded run of recent
changes; watchers of a resource, a namespace or one object hang on their scope's key, so that a change only
touches those it concerns. Objects stay bytes.

Guarantees: `wait_for(revision)` returns when every change up to that revision has been applied; a watcher
gets each change of its scope once, in order, or is ended (`overflow`) - never a gap.

Watchers are woken a few at a time, in turn: a change that hundreds wait for must not keep the loop from other
requests until all have been sent it. Where changes come faster than they can be sent, those that wait
longer find more of them and get them in one go.
"""

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from sortedcontainers import SortedDict

from kubeade.apiserver.change import Change
from kubeade.store.ledger import Compacted, EventType, Ledger, LedgerClosed, LedgerEvent, Record

_log = logging.getLogger(__name__)

REGISTRY = b"/registry/"
_OBJECT_SLASHES = 4  # /registry/<group>/<plural>/<name>
_EVERYTHING = (b"\x00", b"\xff")
_KEPT_CHANGES = 2048
_KEPT_BYTES = 8 * 1024 * 1024
_WATCHER_CHANGES = 16384
_WATCHER_BYTES = 64 * 1024 * 1024
_WOKEN_AT_ONCE = 16


class Subscription:
    """One watcher's place in the stream: changes wait here until `take`n."""

    def __init__(self, scope: bytes) -> None:
        self.scope = scope
        self.overflow = False
        self.closed = False
        self.due = False
        self._changes: deque[Change] = deque()
        self._bytes = 0
        self._wakeup: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def offer(self, change: Change) -> None:
        """Whoever offers wakes, sooner or later."""
        if len(self._changes) >= _WATCHER_CHANGES or self._bytes >= _WATCHER_BYTES:
            self.overflow = True
        else:
            self._changes.append(change)
            self._bytes += len(change.record.value)

    def wake(self) -> None:
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    def end(self) -> None:
        self.closed = True
        self.wake()

    def take(self) -> list[Change]:
        """What has come in; empty when nothing has."""
        taken = list(self._changes)
        self._changes.clear()
        self._bytes = 0
        return taken

    async def wait_until(self, time: float) -> None:
        """Until something has come in, the subscription is ended, or it is so late (in the loop's time)."""
        if self._changes or self.overflow or self.closed:
            return
        loop = asyncio.get_running_loop()
        self._wakeup = loop.create_future()
        if self._timer is None or self._timer.when() != time:  # nearly always it is still the same
            self.stop_timer()
            self._timer = loop.call_at(time, self._be_late)
        try:
            await self._wakeup
        finally:
            self._wakeup = None

    def stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _be_late(self) -> None:
        self._timer = None
        self.wake()


class ResourceCache:
    """One resource: `records` by key, and recent `changes` (all after `changes_after`)."""

    def __init__(self, revision: int) -> None:
        self.records: Any = SortedDict()  # of Record by key; the library has no types
        self.changes: deque[Change] = deque()
        self.changes_after = revision
        self.generation = 0
        self._bytes = 0

    def apply(self, change: Change) -> None:
        if change.deleted:
            self.records.pop(change.record.key, None)
        else:
            self.records[change.record.key] = change.record
        self.generation = change.revision
        self.changes.append(change)
        self._bytes += len(change.record.value)
        while len(self.changes) > _KEPT_CHANGES or self._bytes > _KEPT_BYTES:
            dropped = self.changes.popleft()
            self._bytes -= len(dropped.record.value)
            self.changes_after = dropped.revision

    def range(self, start: bytes, end: bytes) -> Iterator[Record]:
        """Records in [start, end), in key order."""
        records = self.records
        return (records[key] for key in records.irange(start, end, inclusive=(True, False)))

    def since(self, revision: int) -> list[Change]:
        """The kept changes after `revision`."""
        return [change for change in self.changes if change.revision > revision]


class WatchCache:
    """Everything under /registry/, by resource prefix (`/registry/core/pods/`)."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._resources: dict[bytes, ResourceCache] = {}
        self._subscriptions: dict[bytes, set[Subscription]] = {}
        self._followers: dict[bytes, list[Callable[[bytes], None]]] = {}
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._due: deque[Subscription] = deque()
        self._waking = False
        self._feed: asyncio.Task[None] | None = None
        self._tickets = 0
        self._loaded_at = 0
        self.revision = 0

    async def start(self) -> None:
        """Load what is there and follow it."""
        await self._load()
        self._feed = asyncio.get_running_loop().create_task(self._follow(), name="watch-cache")

    async def stop(self) -> None:
        if self._feed is not None:
            self._feed.cancel()
            with suppress(asyncio.CancelledError):
                await self._feed
        self.end_subscriptions()

    def resource(self, prefix: bytes) -> ResourceCache:
        found = self._resources.get(prefix)
        if found is None:
            found = self._resources[prefix] = ResourceCache(self._loaded_at)
        return found

    def get(self, prefix: bytes, key: bytes) -> Record | None:
        found = self._resources.get(prefix)
        return None if found is None else found.records.get(key)

    def subscribe(self, scope: bytes) -> Subscription:
        """Changes from now on of a resource, a namespace (prefixes ending in "/") or one key."""
        subscription = Subscription(scope)
        self._subscriptions.setdefault(scope, set()).add(subscription)
        return subscription

    def follow(self, prefix: bytes, changed: Callable[[bytes], None]) -> None:
        """Call `changed` with the key of every later change; with b"" for "anything may have"."""
        self._followers.setdefault(prefix, []).append(changed)

    def unsubscribe(self, subscription: Subscription) -> None:
        subscription.stop_timer()
        watchers = self._subscriptions.get(subscription.scope)
        if watchers is not None:
            watchers.discard(subscription)
            if not watchers:
                del self._subscriptions[subscription.scope]

    @property
    def subscriptions(self) -> int:
        """How many watches are open."""
        return sum(map(len, self._subscriptions.values()))

    def counts(self) -> dict[str, float]:
        """How many objects there are, by `resource="pods"` (a label of /metrics)."""
        found = {}
        for prefix, cache in self._resources.items():
            group, plural = prefix.decode()[len(REGISTRY) : -1].split("/")
            name = plural if group == "core" else f"{plural}.{group}"
            found[f'resource="{name}"'] = float(len(cache.records))
        return found

    def records(self) -> Iterator[Record]:
        """All objects of all resources."""
        for cache in self._resources.values():
            yield from cache.records.values()

    def end_subscriptions(self, prefix: bytes = b"") -> None:
        """End all watches, or those of one resource."""
        for scope, watchers in self._subscriptions.items():
            if scope.startswith(prefix):
                for subscription in watchers:
                    subscription.end()

    async def wait_for(self, revision: int) -> None:
        if self.revision >= revision:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tickets += 1
        heapq.heappush(self._waiting, (revision, self._tickets, future))
        await future

    # -- feeding -----------------------------------------------------------------------------------

    async def _load(self) -> None:
        everything = await self._ledger.range(*_EVERYTHING)
        self._loaded_at = self.revision = everything.revision
        self._resources.clear()
        grouped: dict[bytes, dict[bytes, Record]] = {}
        prefix, records = b"\0", {}
        for record in everything.records:  # in key order: those of a resource lie together
            if not record.key.startswith(prefix):
                if not _holds_object(record.key):
                    continue
                prefix = resource_prefix(record.key)
                records = grouped.setdefault(prefix, {})
            records[record.key] = record
        for prefix, records in grouped.items():
            cache = self.resource(prefix)
            cache.records.update(records)
            cache.generation = max(record.mod_revision for record in records.values())
        for followers in self._followers.values():
            for changed in followers:
                changed(b"")

    async def _follow(self) -> None:
        while True:
            try:
                async with await self._ledger.watch(*_EVERYTHING, after_revision=self.revision) as watch:
                    async for batch in watch:
                        self._apply(batch)
            except Compacted:
                _log.warning("the watch cache fell behind the ledger's history: loading it again")
                self.end_subscriptions()
                await self._load()
                self._release()
            except LedgerClosed:
                self.end_subscriptions()
                return

    def _apply(self, batch: Sequence[LedgerEvent]) -> None:
        for event in batch:
            record = event.record
            if _holds_object(record.key):
                change = Change(record, event.previous, deleted=event.type is EventType.DELETE)
                prefix = resource_prefix(record.key)
                self.resource(prefix).apply(change)
                for changed in self._followers.get(prefix, ()):
                    changed(record.key)
                self._publish(change, prefix)
            self.revision = record.mod_revision
        self._release()
        if not self._waking:
            self._wake_some()

    def _publish(self, change: Change, prefix: bytes) -> None:
        key = change.record.key
        namespace = key[: key.rindex(b"/") + 1]  # the prefix itself for a cluster-scoped object
        for scope in (prefix, namespace, key) if namespace != prefix else (prefix, key):
            for subscription in self._subscriptions.get(scope, ()):
                subscription.offer(change)
                if not subscription.due:
                    subscription.due = True
                    self._due.append(subscription)

    def _wake_some(self) -> None:
        """The next few; the others once the loop has looked after whatever else there is."""
        for _ in range(min(len(self._due), _WOKEN_AT_ONCE)):
            subscription = self._due.popleft()
            subscription.due = False
            subscription.wake()
        self._waking = bool(self._due)
        if self._waking:
            asyncio.get_running_loop().call_soon(self._wake_some)

    def _release(self) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] <= self.revision:
            future = heapq.heappop(waiting)[2]
            if not future.done():
                future.set_result(None)


def _holds_object(key: bytes) -> bool:
    """Others may write to the ledger what they like: what does not lie where objects do is not looked at."""
    return key.startswith(REGISTRY) and key.count(b"/") >= _OBJECT_SLASHES


def resource_prefix(key: bytes) -> bytes:
    """`/registry/core/pods/default/web` -> `/registry/core/pods/`."""
    end = key.index(b"/", key.index(b"/", len(REGISTRY)) + 1)
    return key[: end + 1]
