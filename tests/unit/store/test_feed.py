"""The newest events, and who gets them."""

from collections.abc import Sequence

from kubeade.store.feed import Feed
from kubeade.store.ledger import EventType, LedgerError, LedgerEvent, Record


class Ear:
    def __init__(self, start: bytes, end: bytes) -> None:
        self.start = start
        self.end = end
        self.heard: list[bytes] = []

    def push(self, events: Sequence[LedgerEvent]) -> None:
        self.heard += [event.record.key for event in events]

    def fail(self, error: LedgerError) -> None:
        raise AssertionError(error)


def put(revision: int, key: bytes, value: bytes = b"") -> LedgerEvent:
    return LedgerEvent(EventType.PUT, Record(key, value, revision, revision, 1), None)


def feed(max_events: int = 100, max_bytes: int = 1_000_000) -> Feed:
    return Feed(0, max_events=max_events, max_bytes=max_bytes)


def test_each_listener_hears_its_own_range_whatever_overlaps() -> None:
    board = feed()
    ears = {
        (start, end): Ear(start, end)
        for start, end in [(b"a", b"b"), (b"a", b"d"), (b"b", b"c"), (b"a/1", b"a/2"), (b"c", b"c")]
    }
    for ear in ears.values():
        board.add(ear)
    keys = [b"", b"a", b"a/1", b"a/1/x", b"a/2", b"b", b"bb", b"c", b"d", b"e"]
    board.publish([put(revision, key) for revision, key in enumerate(keys, 1)], len(keys))
    for (start, end), ear in ears.items():
        assert ear.heard == [key for key in keys if start <= key < end]


def test_a_removed_listener_hears_nothing_and_its_twin_goes_on() -> None:
    board = feed()
    gone, twin = Ear(b"a", b"b"), Ear(b"a", b"b")
    board.add(gone)
    board.add(twin)
    board.remove(gone)
    board.publish([put(1, b"a")], 1)
    assert (gone.heard, twin.heard) == ([], [b"a"])


def test_memory_answers_only_for_what_it_still_has() -> None:
    board = feed(max_events=3)
    board.publish([put(revision, b"a") for revision in range(1, 6)], 5)
    assert board.since(1, b"a", b"b") is None
    assert [event.record.mod_revision for event in board.since(2, b"a", b"b") or []] == [3, 4, 5]
    assert board.since(5, b"a", b"b") == []
    assert board.since(2, b"b", b"c") == []


def test_memory_is_bounded_by_bytes_too() -> None:
    board = feed(max_bytes=3_500)
    board.publish([put(revision, b"a", b"x" * 1_000) for revision in range(1, 6)], 5)
    assert board.since(2, b"a", b"b") is None
    assert len(board.since(3, b"a", b"b") or []) == 2
