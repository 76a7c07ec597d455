"""Messages as classes, on the wire."""

from contextlib import suppress
from typing import Annotated

import pytest

from kubeade.lib.protobuf.message import Message, decode, encode
from kubeade.lib.protobuf.wire import WireError


class Inner(Message):
    text: Annotated[str, 1] = ""


class Outer(Message):
    number: Annotated[int, 1] = 0
    flag: Annotated[bool, 2] = False
    data: Annotated[bytes, 3] = b""
    inner: Annotated[Inner | None, 4] = None
    inners: Annotated[list[Inner], 5] = []  # noqa: RUF012 - msgspec copies it
    numbers: Annotated[list[int], 6] = []  # noqa: RUF012
    again: Annotated["Outer | None", 64] = None


FULL = Outer(-5, True, b"\x00\xff", Inner("ä"), [Inner(), Inner("b")], [0, 300], Outer(1))


def test_what_is_written_is_read() -> None:
    assert decode(Outer, encode(FULL)) == FULL
    assert decode(Outer, b"") == Outer()


def test_the_bytes_are_protobufs() -> None:
    assert encode(Outer(150)) == b"\x08\x96\x01"
    assert encode(Outer(-1)) == b"\x08" + b"\xff" * 9 + b"\x01"
    assert encode(Outer(inner=Inner("hi"))) == b"\x22\x04\x0a\x02hi"
    assert encode(Outer(again=Outer())) == b"\x82\x04\x00"


def test_an_empty_message_that_is_there_is_not_an_absent_one() -> None:
    assert decode(Outer, encode(Outer(inner=Inner()))).inner == Inner()
    assert decode(Outer, encode(Outer())).inner is None


def test_unknown_fields_of_every_wire_type_are_skipped() -> None:
    unknown = b"\xf8\x06\x01" + b"\xf9\x06" + b"x" * 8 + b"\xfa\x06\x02yy" + b"\xfd\x06" + b"x" * 4
    assert decode(Outer, unknown + b"\x08\x07" + unknown) == Outer(7)


def test_packed_numbers_are_read_like_single_ones() -> None:
    assert decode(Outer, b"\x32\x03\x01\xac\x02").numbers == [1, 300]
    assert decode(Outer, b"\x30\x01\x30\xac\x02").numbers == [1, 300]


@pytest.mark.parametrize("cut", range(1, len(encode(FULL))))
def test_cut_off_bytes_never_crash(cut: int) -> None:
    with suppress(WireError, UnicodeDecodeError):
        decode(Outer, encode(FULL)[:cut])


def test_a_length_beyond_the_end_is_an_error() -> None:
    with pytest.raises(WireError, match="unexpected EOF"):
        decode(Outer, b"\x1a\x05x")
