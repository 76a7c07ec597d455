"""WATCH: a stream of changes, one JSON document per line or one protobuf message behind its length.

A watch from a revision that the cache still covers starts there; from an older one that the ledger still
keeps, it reads the ledger; from one that is forgotten, it is refused with 410. Without a revision it starts
with the newest state as ADDED events. It ends when its time is over, when the client leaves or falls too far
behind, and when the server stops: clients start again from the last revision they saw.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from kubeade.api.errors import ApiError, Expired, FieldError, Invalid
from kubeade.apiserver.cache import Subscription
from kubeade.apiserver.call import Call
from kubeade.apiserver.change import Change
from kubeade.apiserver.negotiation import JSON, PROTOBUF
from kubeade.apiserver.options import read_revision
from kubeade.apiserver.over_websocket import watch_in_form
from kubeade.apiserver.responses import headers
from kubeade.apiserver.selection import Selection, selection_of
from kubeade.apiserver.storage import object_key, prefix_end, scope_prefix
from kubeade.apiserver.verbs.freshness import wait_until_fresh
from kubeade.apiserver.versions import prepare
from kubeade.apiserver.watch_frames import WatchFrames
from kubeade.lib.http.message import Response
from kubeade.store.ledger import Compacted, EventType, LedgerWatch, Record

_BOOKMARK_SECONDS = 60.0
_SHORTEST_SECONDS, _LONGEST_SECONDS = 1800, 3600
_PART_BYTES = 128 * 1024
"""What is handed to the transport at once, about: it is held for every client that does not read."""
_Item = TypeVar("_Item")


async def watch(call: Call) -> Response:
    """Raises what can be known before the stream starts; later errors are ERROR events."""
    _check(call)
    selection = selection_of(call)
    stream = _Stream(call, selection)
    found = headers(call)
    if call.form.transform or call.form.media_type == PROTOBUF:
        found[0] = ("content-type", f"{call.form.content_type};stream=watch")
    else:
        found[0] = ("content-type", JSON)
    if call.form.media_type == PROTOBUF:
        return Response(200, found, await stream.start())
    return watch_in_form(call.request, Response(200, found, await stream.start()))


class _Stream:
    """One watch from its start to its end."""

    def __init__(self, call: Call, selection: Selection) -> None:
        self._call = call
        self._cache = call.backend.storage.cache
        self._selection = selection
        self._frames = WatchFrames(call, selection)
        self._scope = _scope(call, selection)
        self._deadline = 0.0

    async def start(self) -> AsyncIterator[bytes]:
        options = self._call.options
        revision = read_revision(options.resource_version) if options.resource_version else 0
        await wait_until_fresh(self._call, revision)
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + self._seconds()
        if options.send_initial_events or (not revision and options.send_initial_events is None):
            return self._live(self._initial())
        if not revision:
            return self._live(_nothing())
        resource = self._call.backend.storage.resource(self._call.stored)
        if revision >= resource.changes_after:
            missed = [change for change in resource.since(revision) if self._in_scope(change)]
            return self._live(_one(await self._frames.of(missed)))
        source = await self._open_ledger(revision)
        return _Body(self._from_ledger(source), source.close)

    # -- sources -----------------------------------------------------------------------------------

    def _live(self, first: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """`first`, part by part as the client takes it, then what happens from now on."""
        subscription = self._cache.subscribe(self._scope)

        async def release() -> None:
            self._cache.unsubscribe(subscription)

        return _Body(self._follow(first, subscription), release)

    async def _follow(
        self, first: AsyncIterator[bytes], subscription: Subscription
    ) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        bookmark_at = loop.time() + _BOOKMARK_SECONDS
        try:
            async for part in first:
                yield part
            async for frames in self._changes(subscription, bookmark_at):
                yield frames
        except ApiError as error:
            yield self._frames.error(error)

    async def _changes(self, subscription: Subscription, bookmark_at: float) -> AsyncGenerator[bytes, None]:
        """Frames as changes come in. Raises ConversionFailed."""
        loop = asyncio.get_running_loop()
        while not subscription.closed and not subscription.overflow and loop.time() < self._deadline:
            await subscription.wait_until(min(bookmark_at, self._deadline))
            changes = subscription.take()
            for some in _parts(changes, lambda change: len(change.record.value)):
                yield await self._frames.of(some)
            if loop.time() >= bookmark_at:
                bookmark_at = loop.time() + _BOOKMARK_SECONDS
                yield self._bookmark()
        if not subscription.overflow:
            yield await self._frames.of(subscription.take()) + self._bookmark()

    async def _from_ledger(self, source: LedgerWatch) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        async with source:
            try:
                async with asyncio.timeout_at(max(self._deadline, loop.time())):
                    async for batch in source:
                        changes = [
                            Change(event.record, event.previous, deleted=event.type is EventType.DELETE)
                            for event in batch
                        ]
                        yield await self._frames.of(changes)
            except TimeoutError:
                return
            except Compacted as error:
                yield self._frames.error(Expired(f"too old resource version: {error.compact_revision}"))

    async def _open_ledger(self, revision: int) -> LedgerWatch:
        ledger = self._call.backend.storage.ledger
        end = prefix_end(self._scope) if self._scope.endswith(b"/") else self._scope + b"\x00"
        try:
            return await ledger.watch(self._scope, end, after_revision=revision)
        except Compacted as error:
            raise Expired(f"too old resource version: {revision} ({error.compact_revision})") from None

    # -- pieces ------------------------------------------------------------------------------------

    def _initial(self) -> AsyncIterator[bytes]:
        """The newest state as ADDED events, and what ends it for those who asked for it by name.

        What the state is, is decided now; its events are made when they are asked for: a client that reads
        slowly, or not at all, does not make us hold a copy of it."""
        storage = self._call.backend.storage
        records: Sequence[Record]
        if self._scope.endswith(b"/"):
            records = list(storage.resource(self._call.stored).range(self._scope, prefix_end(self._scope)))
        else:
            found = storage.find(self._call.stored, self._selection.name, self._call.info.namespace)
            records = [] if found is None else [found]
        ends = self._call.options.send_initial_events and self._call.options.bookmarks
        return self._added(records, self._cache.revision if ends else 0)

    async def _added(self, records: Sequence[Record], end: int) -> AsyncGenerator[bytes, None]:
        """`end` is the revision that the closing bookmark tells; 0 for none."""
        for some in _parts(records, lambda record: len(record.value)):
            values = [record.value for record in some]
            if self._selection.served is None:
                values = self._matching(values)
            await prepare(self._call, values)
            if self._selection.served is not None:
                values = self._matching(values)
            yield b"".join([self._frames.added(value) for value in values])
        if end:
            yield self._frames.bookmark(end, initial_events_end=True)

    def _matching(self, values: list[bytes]) -> list[bytes]:
        return [value for value in values if self._selection.matches_bytes(value)]

    def _bookmark(self) -> bytes:
        return self._frames.bookmark(self._cache.revision) if self._call.options.bookmarks else b""

    def _in_scope(self, change: Change) -> bool:
        key = change.record.key
        return key.startswith(self._scope) if self._scope.endswith(b"/") else key == self._scope

    def _seconds(self) -> float:
        asked = self._call.options.timeout_seconds
        if asked:
            return float(asked)
        spread = _LONGEST_SECONDS - _SHORTEST_SECONDS
        return (
            _SHORTEST_SECONDS + id(self) // 64 % spread
        )  # apart from each other: clients come back spread out


def _parts(items: Sequence[_Item], size: Callable[[_Item], int]) -> Iterator[Sequence[_Item]]:
    """The items in runs of about `_PART_BYTES`."""
    start, total = 0, 0
    for at, item in enumerate(items):
        total += size(item)
        if total >= _PART_BYTES:
            yield items[start : at + 1]
            start, total = at + 1, 0
    if start < len(items):
        yield items[start:]


async def _one(part: bytes) -> AsyncGenerator[bytes, None]:
    yield part


async def _nothing() -> AsyncGenerator[bytes, None]:
    """Nothing to begin with; the head of the answer goes out all the same."""
    yield b""


class _Body:
    """A stream and what it holds, which is let go even when nobody has begun to read."""

    def __init__(self, stream: AsyncGenerator[bytes, None], release: Callable[[], Awaitable[None]]) -> None:
        self._stream = stream
        self._release = release

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._stream)

    async def aclose(self) -> None:
        await self._stream.aclose()
        await self._release()


def _scope(call: Call, selection: Selection) -> bytes:
    """The key of one object where only one can match, else the prefix of a namespace or of all."""
    if selection.name and (call.info.namespace or not call.resource.namespaced):
        return object_key(call.stored, call.info.namespace, selection.name)
    return scope_prefix(call.stored, call.info.namespace)


def _check(call: Call) -> None:
    options, errors = call.options, []
    if options.send_initial_events is not None and options.resource_version_match != "NotOlderThan":
        errors.append("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    if options.send_initial_events is None and options.resource_version_match:
        errors.append("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
    if options.continue_token and options.resource_version_match:
        errors.append("resourceVersionMatch is forbidden when continue is provided")
    if errors:
        found = [FieldError("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {e}") for e in errors]
        raise Invalid.of("ListOptions", "", found, "meta.k8s.io")
