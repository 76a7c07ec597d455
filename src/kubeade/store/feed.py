"""The newest events in memory, and who wants which of them. Lives on the event loop.

Watches are found by the segments that their ranges cut the key space into: one binary search an
event, however many watches are open; watches of one range share their batches.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import Protocol

from kubeade.store.ledger import LedgerError, LedgerEvent
from kubeade.store.place import EMPTY_REVISION

Bounds = tuple[bytes, bytes]
"""A range: its start, and its end, which is not part of it."""


class Listener(Protocol):
    """An open watch, as the feed sees it: takes the events of its range."""

    start: bytes
    end: bytes

    def push(self, events: Sequence[LedgerEvent]) -> None: ...

    def fail(self, error: LedgerError) -> None: ...


class Feed:
    """A bounded run of the newest events without gaps, up to `revision`."""

    def __init__(self, revision: int, *, max_events: int, max_bytes: int) -> None:
        self.revision = revision
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._events: deque[LedgerEvent] = deque()
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._kept_after = 0 if revision == EMPTY_REVISION else revision
        self._listeners: dict[Bounds, dict[Listener, None]] = {}
        self._cuts: list[bytes] = []
        self._segments: list[list[Bounds]] = [[]]

    def add(self, listener: Listener) -> None:
        bounds = (listener.start, listener.end)
        if bounds not in self._listeners:
            self._listeners[bounds] = {}
            self._cut()
        self._listeners[bounds][listener] = None

    def remove(self, listener: Listener) -> None:
        bounds = (listener.start, listener.end)
        listeners = self._listeners.get(bounds, {})
        listeners.pop(listener, None)
        if not listeners and self._listeners.pop(bounds, None) is not None:
            self._cut()

    def end(self, error: LedgerError) -> None:
        """No more events will come: tell all watches why."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.fail(error)

    def publish(self, events: Sequence[LedgerEvent], revision: int) -> None:
        """Take newly committed events and hand each to the watches of its key."""
        self.revision = revision
        if not events:
            return
        self._keep(events)
        batches: dict[Bounds, list[LedgerEvent]] = {}
        for event in events:
            for bounds in self._segments[bisect_right(self._cuts, event.record.key)]:
                batches.setdefault(bounds, []).append(event)
        for bounds, batch in batches.items():
            for listener in self._listeners[bounds]:
                listener.push(batch)

    def since(self, revision: int, start: bytes, end: bytes) -> list[LedgerEvent] | None:
        """The events of a range above `revision`; None where memory does not reach back so far."""
        if revision < self._kept_after:
            return None
        newer = takewhile(lambda event: event.record.mod_revision > revision, reversed(self._events))
        events = [event for event in newer if start <= event.record.key < end]
        events.reverse()
        return events

    def _keep(self, events: Sequence[LedgerEvent]) -> None:
        self._events.extend(events)
        sizes = [_size(event) for event in events]
        self._sizes.extend(sizes)
        self._bytes += sum(sizes)
        while len(self._events) > self._max_events or self._bytes > self._max_bytes:
            self._bytes -= self._sizes.popleft()
            self._kept_after = self._events.popleft().record.mod_revision

    def _cut(self) -> None:
        self._cuts = sorted({cut for bounds in self._listeners for cut in bounds})
        position = {cut: index + 1 for index, cut in enumerate(self._cuts)}
        self._segments = [[] for _ in range(len(self._cuts) + 1)]
        for start, end in self._listeners:
            for segment in self._segments[position[start] : position[end]]:
                segment.append((start, end))


def _size(event: LedgerEvent) -> int:
    previous = event.previous
    return len(event.record.value) + (len(previous.value) if previous else 0) + 500
