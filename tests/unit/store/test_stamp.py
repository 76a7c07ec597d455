"""The revision inside a value."""

from kubeade.store.stamp import restamp, stamp


def test_a_stamp_is_inserted_at_its_offset() -> None:
    assert stamp(b'{"rv":""}', 7, 42) == b'{"rv":"42"}'
    assert stamp(b"", 0, 7) == b"7"
    assert stamp(b"ab", 2, 7) == b"ab7"


def test_without_an_offset_the_value_stays_as_it_is() -> None:
    assert stamp(b"value", None, 42) == b"value"
    assert restamp(b"value", None, 1, 42) == b"value"


def test_a_new_stamp_replaces_the_old_one_whatever_their_lengths() -> None:
    assert restamp(b"<9>", 1, 9, 10) == b"<10>"
    assert restamp(b"<1000>9", 1, 1000, 7) == b"<7>9"
