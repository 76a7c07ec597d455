"""The newest events in memory, and who wants which of them. Lives on the event loop.

Watches are found by the segments that their ranges cut the key space into: one binary search an
event, however many watches are open.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

from kubeade.store.ledger import LedgerError, LedgerEvent


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
        self._bytes = 0
        self._listeners: set[Listener] = set()
        self._cuts: list[bytes] = []
        self._segments: list[tuple[Listener, ...]] = [()]

    def add(self, listener: Listener) -> None:
        self._listeners.add(listener)
        self._cut()

    def remove(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        self._cut()

    def end(self, error: LedgerError) -> None:
        """No more events will come: tell all watches why."""
        for listener in tuple(self._listeners):
            listener.fail(error)

    def publish(self, events: Sequence[LedgerEvent], revision: int) -> None:
        """Take newly committed events and hand each to the watches of its key."""
        self.revision = revision
        if not events:
            return
        self._keep(events)
        batches: dict[Listener, list[LedgerEvent]] = {}
        for event in events:
            for listener in self._segments[bisect_right(self._cuts, event.record.key)]:
                batches.setdefault(listener, []).append(event)
        for listener, batch in batches.items():
            listener.push(batch)

    def since(self, revision: int, start: bytes, end: bytes) -> list[LedgerEvent] | None:
        """The events of a range above `revision`; None where memory does not reach back so far."""
        skip = len(self._events) - (self.revision - revision)
        if skip < 0:
            return None
        newer = islice(self._events, skip, None)
        return [event for event in newer if start <= event.record.key < end]

    def _keep(self, events: Iterable[LedgerEvent]) -> None:
        for event in events:
            self._events.append(event)
            self._bytes += _size(event)
        while len(self._events) > self._max_events or self._bytes > self._max_bytes:
            self._bytes -= _size(self._events.popleft())

    def _cut(self) -> None:
        cuts = {listener.start for listener in self._listeners} | {
            listener.end for listener in self._listeners
        }
        self._cuts = sorted(cuts)
        members: list[list[Listener]] = [[] for _ in range(len(self._cuts) + 1)]
        position = {cut: index + 1 for index, cut in enumerate(self._cuts)}
        for listener in self._listeners:
            for index in range(position[listener.start], position[listener.end]):
                members[index].append(listener)
        self._segments = [tuple(segment) for segment in members]


def _size(event: LedgerEvent) -> int:
    previous = event.previous
    return len(event.record.value) + (len(previous.value) if previous else 0) + 500
