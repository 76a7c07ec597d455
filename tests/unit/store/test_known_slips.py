"""What the writer need not read again."""

from kubeade.store.group import Change, Slip
from kubeade.store.known import LARGEST_VALUE_BYTES, MOST_KEYS, KnownSlips
from kubeade.store.ledger import EventType, LedgerEvent, Record


def slip(key: bytes, revision: int, value: bytes = b"x") -> Slip:
    return Slip(Record(key, value, 2, revision, 1), None)


def put(after: Slip) -> Change:
    return Change(LedgerEvent(EventType.PUT, after.record, None), None, after, 0)


def deleted(before: Slip) -> Change:
    return Change(LedgerEvent(EventType.DELETE, before.record, before.record), before, None, 0)


def test_the_last_change_of_a_key_is_what_is_known() -> None:
    known = KnownSlips()
    known.note([put(slip(b"a", 2)), put(slip(b"a", 3)), put(slip(b"b", 4))])
    assert known.of({b"a", b"b", b"c"}) == {b"a": slip(b"a", 3), b"b": slip(b"b", 4)}


def test_of_a_deleted_key_nothing_is_known() -> None:
    known = KnownSlips()
    known.note([put(slip(b"a", 2)), deleted(slip(b"a", 2))])
    assert known.of({b"a"}) == {}


def test_a_large_value_is_not_kept_nor_what_was_before_it() -> None:
    known = KnownSlips()
    known.note([put(slip(b"a", 2)), put(slip(b"a", 3, b"x" * (LARGEST_VALUE_BYTES + 1)))])
    assert known.of({b"a"}) == {}


def test_after_an_undone_transaction_nothing_is_known() -> None:
    known = KnownSlips()
    known.note([put(slip(b"a", 2))])
    known.forget()
    assert known.of({b"a"}) == {}


def test_it_is_bounded() -> None:
    known = KnownSlips()
    for number in range(3 * MOST_KEYS):
        known.note([put(slip(b"%d" % number, number))])
        assert (
            len(known.of(b"%d" % each for each in range(number + 1)) if number % 1024 == 0 else ())
            <= MOST_KEYS
        )
