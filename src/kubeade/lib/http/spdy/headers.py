"""Header blocks: names and values behind their lengths, in one zlib stream per direction of a connection.

A block may neither be nor become larger than `BLOCK_BYTES`: a few compressed bytes could stand for gigabytes.
"""

import zlib
from struct import Struct

from kubeade.lib.http.spdy.dictionary import DICTIONARY
from kubeade.lib.http.spdy.frames import Headers, SpdyError

BLOCK_BYTES = 64 * 1024
_NAMES = 256
_WINDOW_BITS = 12  # 4 KiB: what is compressed here is some hundred bytes
_MEMORY_LEVEL = 1
_LENGTH = Struct(">I")


class HeaderCompressor:
    """One direction of a connection, sending."""

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(1, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zdict=DICTIONARY)

    def compress(self, headers: Headers) -> bytes:
        parts = [_LENGTH.pack(len(headers))]
        for text in (each for header in headers.items() for each in header):
            data = text.encode("latin-1")
            parts += (_LENGTH.pack(len(data)), data)
        return self._zlib.compress(b"".join(parts)) + self._zlib.flush(zlib.Z_SYNC_FLUSH)


class HeaderDecompressor:
    """One direction of a connection, receiving."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zdict=DICTIONARY)

    def decompress(self, data: bytes) -> Headers:
        """Raises SpdyError; nothing can be decompressed after that."""
        try:
            block = self._zlib.decompress(data, BLOCK_BYTES + 1)
        except zlib.error as error:
            raise SpdyError("a header block is no zlib data") from error
        if len(block) > BLOCK_BYTES:
            raise SpdyError(f"a header block is larger than {BLOCK_BYTES} bytes")
        if self._zlib.eof:
            raise SpdyError("the headers' zlib stream has ended")
        return _parse(block)


def _parse(block: bytes) -> Headers:
    count, rest = _take_length(memoryview(block))
    if count > _NAMES:
        raise SpdyError(f"more than {_NAMES} headers")
    headers: Headers = {}
    for _ in range(count):
        name, rest = _take_text(rest)
        value, rest = _take_text(rest)
        if not name or name in headers or name != name.lower():
            raise SpdyError(f"bad header name {name!r}")
        headers[name] = value
    if rest:
        raise SpdyError("a header block is longer than its headers")
    return headers


def _take_text(rest: memoryview) -> tuple[str, memoryview]:
    length, rest = _take_length(rest)
    if length > len(rest):
        raise SpdyError("a header is cut off")
    return str(rest[:length], "latin-1"), rest[length:]


def _take_length(rest: memoryview) -> tuple[int, memoryview]:
    if len(rest) < _LENGTH.size:
        raise SpdyError("a header block is cut off")
    return _LENGTH.unpack(rest[: _LENGTH.size])[0], rest[_LENGTH.size :]
