"""Protobuf's wire format: from bytes to (field number, value) pairs. No messages, no schema."""

import struct
from collections.abc import Iterator

Value = int | bytes
"""Varints and fixed numbers as unsigned integers, everything else as bytes."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIGN = 1 << 63


class WireError(ValueError):
    """The bytes are not protobuf; the message says where they stop making sense."""


def read_fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """The fields of one message in the order of the wire. Raises WireError."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise WireError("illegal tag 0")
        value: Value
        if kind == _VARINT:
            value, position = _varint(data, position)
        elif kind == _BYTES:
            size, position = _varint(data, position)
            value, position = _take(data, position, size)
        elif kind == _FIXED64:
            raw, position = _take(data, position, 8)
            value = int.from_bytes(raw, "little")
        elif kind == _FIXED32:
            raw, position = _take(data, position, 4)
            value = int.from_bytes(raw, "little")
        else:
            raise WireError(f"illegal wireType {kind}")
        yield number, value


def signed(value: int) -> int:
    """A varint as the two's complement number it stands for."""
    return value - (1 << 64) if value & _SIGN else value


def double(value: int) -> float:
    """A fixed 64-bit value as the double it stands for."""
    number: float = struct.unpack("<d", value.to_bytes(8, "little"))[0]
    return number


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if position >= len(data):
            raise WireError("unexpected EOF")
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return result & 0xFFFFFFFFFFFFFFFF, position
        shift += 7
        if shift >= 70:
            raise WireError("integer overflow")


def _take(data: bytes, position: int, size: int) -> tuple[bytes, int]:
    end = position + size
    if end > len(data):
        raise WireError("unexpected EOF")
    return data[position:end], end
