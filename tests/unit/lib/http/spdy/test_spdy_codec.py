"""Frames and bytes of SPDY/3.1: what goes in comes out, in whatever pieces, and nothing else raises."""

import zlib
from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeade.lib.http.spdy.codec import FrameReader, FrameWriter
from kubeade.lib.http.spdy.dictionary import DICTIONARY
from kubeade.lib.http.spdy.frames import (
    Data,
    Frame,
    GoAway,
    HeadersFrame,
    Ping,
    RstStream,
    Settings,
    SpdyError,
    SynReply,
    SynStream,
    WindowUpdate,
)
from kubeade.lib.http.spdy.headers import BLOCK_BYTES, HeaderCompressor

ids = st.integers(1, 0x7FFF_FFFF)
words = st.integers(0, 0xFFFF_FFFF)
latin = st.characters(max_codepoint=255)
headers = st.dictionaries(
    st.text(latin, min_size=1, max_size=12).filter(lambda name: name == name.lower()),
    st.text(latin, max_size=40),
    max_size=6,
)
frames = st.one_of(
    st.builds(SynStream, ids, headers, st.booleans(), st.booleans(), st.integers(0, 99), st.integers(0, 7)),
    st.builds(SynReply, ids, headers, st.booleans()),
    st.builds(HeadersFrame, ids, headers, st.booleans()),
    st.builds(RstStream, ids, words),
    st.builds(Settings, st.dictionaries(st.integers(0, 0xFF_FFFF), words, max_size=4)),
    st.builds(Ping, words),
    st.builds(GoAway, st.integers(0, 0x7FFF_FFFF), words),
    st.builds(WindowUpdate, ids, words),
    st.builds(Data, ids, st.binary(max_size=300), st.booleans()),
)


def written(*some: Frame) -> bytes:
    writer = FrameWriter()
    return b"".join(writer.write(frame) for frame in some)


def read(*pieces: bytes) -> list[Frame | str]:
    """The frames, and at the end what is wrong, if anything is."""
    reader = FrameReader()
    found: list[Frame | str] = []
    for piece in pieces:
        reader.feed(piece)
        try:
            while (frame := reader.next_frame()) is not None:
                found.append(frame)
        except SpdyError as error:
            return [*found, str(error)]
    return found


def joined(found: list[Frame | str]) -> list[Frame | str]:
    """Consecutive data of one stream, up to its end, as one frame; where frames are cut says nothing."""
    result: list[Frame | str] = []
    for _, group in groupby(found, lambda one: one.stream_id if isinstance(one, Data) else id(one)):
        for one in group:
            last = result[-1] if result else None
            same = isinstance(one, Data) and isinstance(last, Data) and one.stream_id == last.stream_id
            if same and not last.fin:
                result[-1] = replace(last, data=last.data + one.data, fin=one.fin)
            else:
                result.append(one)
    return result


@given(st.lists(frames, max_size=8))
def test_what_is_written_is_read(some: list[Frame]) -> None:
    assert joined(read(written(*some))) == joined(list(some))


@given(st.lists(frames, max_size=5), st.binary(max_size=40), st.lists(st.integers(0, 1500), max_size=12))
def test_the_pieces_do_not_matter(some: list[Frame], noise: bytes, cuts: list[int]) -> None:
    data = written(*some) + noise
    edges = sorted(min(cut, len(data)) for cut in cuts)
    pieces = [data[a:b] for a, b in zip([0, *edges], [*edges, len(data)], strict=True)]
    assert joined(read(*pieces)) == joined(read(data))


@given(st.binary(max_size=400))
def test_any_bytes_are_frames_or_an_error(data: bytes) -> None:
    read(data)


@given(st.lists(frames, min_size=1, max_size=4), st.data())
def test_damaged_frames_are_frames_or_an_error(some: list[Frame], data: st.DataObject) -> None:
    damaged = bytearray(written(*some))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(damaged))


def test_the_dictionary_is_the_one_that_everybody_has() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_a_frame_as_the_draft_lays_it_out() -> None:
    assert written(RstStream(5, 3)) == bytes.fromhex("80030003 00000008 00000005 00000003")
    assert written(Data(1, b"hi", fin=True)) == bytes.fromhex("00000001 01000002") + b"hi"


def test_a_header_block_that_grows_too_large_is_an_error() -> None:
    bomb = HeaderCompressor().compress({"x": "0" * (BLOCK_BYTES * 100)})
    assert len(bomb) < BLOCK_BYTES
    frame = bytes.fromhex("80030002") + (len(bomb) + 4).to_bytes(4, "big") + bytes(3) + b"\x01" + bomb
    assert read(frame) == [f"a header block is larger than {BLOCK_BYTES} bytes"]


def test_a_control_frame_that_is_too_large_is_refused_before_it_comes() -> None:
    assert read(bytes.fromhex("80030001 00ffffff")) == ["a control frame of 16777215 bytes is too large"]


def test_data_is_handed_on_before_its_frame_is_complete() -> None:
    assert read(bytes.fromhex("00000001 01ffffff"), b"some") == [Data(1, b"some")]


def test_an_unknown_control_frame_is_skipped() -> None:
    assert read(bytes.fromhex("8003000a 00000002 abcd") + written(Ping(1))) == [Ping(1)]


@pytest.mark.parametrize(
    "frame",
    [
        "80020006 00000004 00000001",
        "80030006 00000003 000001",
        "00000000 00000000",
        "80030004 00000004 00000009",
    ],
)
def test_what_is_no_spdy_3_is_an_error(frame: str) -> None:
    [problem] = read(bytes.fromhex(frame))
    assert isinstance(problem, str)


@pytest.mark.parametrize("name", ["", "Upper"])
def test_bad_header_names_are_refused(name: str) -> None:
    [problem] = read(written(SynStream(1, {name: "x"})))
    assert problem == f"bad header name {name!r}"
