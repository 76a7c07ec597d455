"""Frames to bytes and back, without I/O.

The bytes may come in any pieces. Of a control frame at most `_CONTROL_BYTES` are kept until it is there in
full; the data of a stream is handed on as it comes, so that a frame of 16 MiB needs no buffer (what was one
DATA frame may thus arrive as several, the last of them with its `fin`).
"""

from collections.abc import Callable
from enum import IntEnum
from struct import Struct

from kubeade.lib.http.spdy.frames import (
    Data,
    Frame,
    GoAway,
    Headers,
    HeadersFrame,
    Ping,
    RstStream,
    Settings,
    SpdyError,
    SynReply,
    SynStream,
    WindowUpdate,
)
from kubeade.lib.http.spdy.headers import BLOCK_BYTES, HeaderCompressor, HeaderDecompressor

_VERSION = 3
_CONTROL = 0x8000_0000
_ID_BITS = 0x7FFF_FFFF
_LENGTH_BITS = 0x00FF_FFFF
_FIN = 0x01
_UNIDIRECTIONAL = 0x02
_ONE = Struct(">I")
_TWO = Struct(">II")
_SYN_STREAM = Struct(">IIBB")
_CONTROL_BYTES = BLOCK_BYTES + _SYN_STREAM.size
DATA_BYTES = 64 * 1024
"""What one DATA frame of ours holds at most, so that streams take turns."""


class _Type(IntEnum):
    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    HEADERS = 8
    WINDOW_UPDATE = 9


class FrameWriter:
    """Frames to bytes. They must be sent in the order in which they were written: headers share one zlib
    stream."""

    def __init__(self) -> None:
        self._headers = HeaderCompressor()

    def write(self, frame: Frame) -> bytes:
        if isinstance(frame, Data):
            assert len(frame.data) <= _LENGTH_BITS, "too much for one frame"
            flags = _FIN if frame.fin else 0
            return _TWO.pack(frame.stream_id, flags << 24 | len(frame.data)) + frame.data
        kind, flags, payload = self._control(frame)
        return _TWO.pack(_CONTROL | _VERSION << 16 | kind, flags << 24 | len(payload)) + payload

    def _control(self, frame: Frame) -> tuple[_Type, int, bytes]:
        match frame:
            case SynStream():
                flags = frame.fin * _FIN | frame.unidirectional * _UNIDIRECTIONAL
                head = _SYN_STREAM.pack(frame.stream_id, frame.associated_id, frame.priority << 5, 0)
                return _Type.SYN_STREAM, flags, head + self._headers.compress(frame.headers)
            case SynReply() | HeadersFrame():
                kind = _Type.SYN_REPLY if isinstance(frame, SynReply) else _Type.HEADERS
                block = self._headers.compress(frame.headers)
                return kind, frame.fin * _FIN, _ONE.pack(frame.stream_id) + block
            case RstStream():
                return _Type.RST_STREAM, 0, _TWO.pack(frame.stream_id, frame.status)
            case Settings():
                values = b"".join(_TWO.pack(key, value) for key, value in frame.values.items())
                return _Type.SETTINGS, 0, _ONE.pack(len(frame.values)) + values
            case Ping():
                return _Type.PING, 0, _ONE.pack(frame.ping_id)
            case GoAway():
                return _Type.GOAWAY, 0, _TWO.pack(frame.last_stream_id, frame.status)
            case WindowUpdate():
                return _Type.WINDOW_UPDATE, 0, _TWO.pack(frame.stream_id, frame.delta)
        raise AssertionError(f"no control frame: {frame!r}")


class FrameReader:
    """Bytes to frames: `feed` what has come, then take `next_frame` until there is none."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._headers = HeaderDecompressor()
        self._data_id = 0
        self._data_left = 0
        self._data_fin = False
        self._readers: dict[int, Callable[[int, bytes], Frame]] = {
            _Type.SYN_STREAM: self._syn_stream,
            _Type.SYN_REPLY: self._syn_reply,
            _Type.HEADERS: self._more_headers,
            _Type.RST_STREAM: lambda flags, payload: RstStream(*_id_and_number(payload)),
            _Type.GOAWAY: lambda flags, payload: GoAway(*_two(payload)),
            _Type.WINDOW_UPDATE: lambda flags, payload: WindowUpdate(*_id_and_number(payload)),
            _Type.SETTINGS: lambda flags, payload: _settings(payload),
            _Type.PING: lambda flags, payload: Ping(_unpack(_ONE, payload)[0]),
        }

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next_frame(self) -> Frame | None:
        """None until more is fed. Raises SpdyError, after which there is no more to come."""
        while True:
            if self._data_left:
                return self._rest_of_data()
            if len(self._buffer) < _TWO.size:
                return None
            first, second = _TWO.unpack_from(self._buffer)
            length, flags = second & _LENGTH_BITS, second >> 24
            if not first & _CONTROL:
                del self._buffer[: _TWO.size]
                frame: Frame | None = self._start_data(first, length, fin=bool(flags & _FIN))
            else:
                self._check_control(first, length)
                if len(self._buffer) < _TWO.size + length:
                    return None
                payload = self._cut(_TWO.size + length)[_TWO.size :]
                frame = self._read_control(first & 0xFFFF, flags, payload)
            if frame is not None:
                return frame

    def _check_control(self, first: int, length: int) -> None:
        version = (first & ~_CONTROL) >> 16
        if version != _VERSION:
            raise SpdyError(f"version {version} of SPDY is not supported")
        if length > _CONTROL_BYTES:
            raise SpdyError(f"a control frame of {length} bytes is too large")

    def _read_control(self, kind: int, flags: int, payload: bytes) -> Frame | None:
        """None for a kind of frame that nobody knows: such frames are to be ignored."""
        reader = self._readers.get(kind)
        return reader(flags, payload) if reader is not None else None

    def _start_data(self, stream_id: int, length: int, *, fin: bool) -> Data | None:
        _check_id(stream_id)
        if not length:
            return Data(stream_id, b"", fin)
        self._data_id, self._data_left, self._data_fin = stream_id, length, fin
        return None

    def _rest_of_data(self) -> Data | None:
        size = min(len(self._buffer), self._data_left)
        if not size:
            return None
        data = self._cut(size)
        self._data_left -= size
        return Data(self._data_id, data, self._data_fin and not self._data_left)

    def _cut(self, size: int) -> bytes:
        with memoryview(self._buffer) as view:
            data = bytes(view[:size])
        del self._buffer[:size]
        return data

    def _syn_stream(self, flags: int, payload: bytes) -> SynStream:
        stream_id, associated, priority, _ = _unpack_head(_SYN_STREAM, payload)
        headers = self._headers.decompress(payload[_SYN_STREAM.size :])
        return SynStream(
            _check_id(stream_id & _ID_BITS),
            headers,
            bool(flags & _FIN),
            bool(flags & _UNIDIRECTIONAL),
            associated & _ID_BITS,
            priority >> 5,
        )

    def _syn_reply(self, flags: int, payload: bytes) -> SynReply:
        return SynReply(*self._id_and_headers(payload), bool(flags & _FIN))

    def _more_headers(self, flags: int, payload: bytes) -> HeadersFrame:
        return HeadersFrame(*self._id_and_headers(payload), bool(flags & _FIN))

    def _id_and_headers(self, payload: bytes) -> tuple[int, Headers]:
        (stream_id,) = _unpack_head(_ONE, payload)
        headers = self._headers.decompress(payload[_ONE.size :])
        return _check_id(stream_id & _ID_BITS), headers


def _settings(payload: bytes) -> Settings:
    (count,) = _unpack_head(_ONE, payload)
    if len(payload) != _ONE.size + count * _TWO.size:
        raise SpdyError("a SETTINGS frame of the wrong length")
    pairs = _TWO.iter_unpack(payload[_ONE.size :])
    return Settings({key & _LENGTH_BITS: value for key, value in pairs})


def _two(payload: bytes) -> tuple[int, int]:
    first, second = _unpack(_TWO, payload)
    return first & _ID_BITS, second


def _id_and_number(payload: bytes) -> tuple[int, int]:
    first, second = _two(payload)
    return _check_id(first), second


def _unpack(layout: Struct, payload: bytes) -> tuple[int, ...]:
    if len(payload) != layout.size:
        raise SpdyError("a control frame of the wrong length")
    return layout.unpack(payload)


def _unpack_head(layout: Struct, payload: bytes) -> tuple[int, ...]:
    return _unpack(layout, payload[: layout.size])


def _check_id(stream_id: int) -> int:
    if not stream_id:
        raise SpdyError("there is no stream 0")
    return stream_id
