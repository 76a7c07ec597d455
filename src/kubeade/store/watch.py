"""An open watch on a feed: in order, once, without gaps.

While its reader keeps up, events come from memory as they are committed. A reader that falls behind
its buffer goes on from the history on disk, and is told Compacted when that no longer reaches back.
"""

from asyncio import Future, get_running_loop
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from kubeade.store.feed import Feed
from kubeade.store.history import Span, Window
from kubeade.store.ledger import LedgerError, LedgerEvent

CATCH_UP_EVENTS = 256

ReadEvents = Callable[[bytes, bytes, Window], Awaitable[Span]]


class FeedWatch:
    """Iterate over batches of events. One reader at a time."""

    def __init__(
        self,
        feed: Feed,
        read_events: ReadEvents,
        start: bytes,
        end: bytes,
        *,
        after_revision: int,
        buffer_events: int,
    ) -> None:
        self.start = start
        self.end = end
        self._feed = feed
        self._read_events = read_events
        self._limit = buffer_events
        self._buffer: list[LedgerEvent] = []
        self._behind_at: int | None = after_revision  # where to go on from; None while it keeps up
        self._ended: LedgerError | None = None
        self._closed = False
        self._waiter: Future[None] | None = None
        feed.add(self)
        self._resume()

    @property
    def caught_up(self) -> bool:
        """Whether its reader has had everything up to the newest revision."""
        return self._behind_at is None and not self._buffer

    def push(self, events: Sequence[LedgerEvent]) -> None:
        """Called by the feed, with everything that is new in the range."""
        if self._behind_at is not None:
            return
        if len(self._buffer) + len(events) > self._limit and self._buffer:
            self._behind_at = events[0].record.mod_revision - 1
            return
        self._buffer.extend(events)
        self._wake()

    def fail(self, error: LedgerError) -> None:
        """End the iteration with an error, after what is already here."""
        self._ended = error
        self._wake()

    def __aiter__(self) -> AsyncIterator[Sequence[LedgerEvent]]:
        return self

    async def __anext__(self) -> Sequence[LedgerEvent]:
        while True:
            if self._closed:
                raise StopAsyncIteration
            if self._buffer:
                batch, self._buffer = self._buffer, []
                return batch
            if self._ended is not None:
                raise self._ended
            if self._behind_at is None:
                await self._wait()
            elif not self._resume():
                await self._catch_up(self._behind_at)

    def _resume(self) -> bool:
        """Join the live feed, if memory reaches back to where this watch is."""
        if self._behind_at is None:
            return True
        events = self._feed.since(self._behind_at, self.start, self.end)
        if events is None or len(events) > self._limit:
            return False
        self._buffer.extend(events)
        self._behind_at = None
        return True

    async def _catch_up(self, after_revision: int) -> None:
        # Not beyond what the feed has published: that is still to come from there.
        window = Window(after_revision, self._feed.revision, min(self._limit, CATCH_UP_EVENTS))
        span = await self._read_events(self.start, self.end, window)
        self._buffer.extend(span.events)
        self._behind_at = span.upto_revision

    async def _wait(self) -> None:
        self._waiter = get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def close(self) -> None:
        """Stop. A pending iteration ends."""
        self._feed.remove(self)
        self._closed = True
        self._buffer = []
        self._wake()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
