"""Protobuf's wire format: varints, lengths, and fields of messages. No schema.

Errors say what gogo's generated Go code says, since clients see them.
"""

import struct
from collections.abc import Iterator

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
_SIGN = 1 << 63
_MASK = (1 << 64) - 1
_LONGEST_VARINT_BITS = 70
_BYTE = [bytes([value]) for value in range(128)]


class WireError(ValueError):
    """The bytes are not protobuf; the message says why."""


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The unsigned number at `position`, and where it ends. Raises WireError."""
    result = shift = 0
    while shift < _LONGEST_VARINT_BITS:
        if position >= len(data):
            raise WireError("unexpected EOF")
        byte = data[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & _MASK, position
        shift += 7
    raise WireError("proto: integer overflow")


def read_fields(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of data[start:stop] in their order: (number, wire type, begin, end) of each value."""
    position = start
    while position < stop:
        tag, begin = read_varint(data, position)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise WireError(f"proto: illegal tag {number} (wire type {kind})")
        if kind == DELIMITED:
            size, begin = read_varint(data, begin)
            position = begin + size
        elif kind == VARINT:
            position = read_varint(data, begin)[1]
        elif kind in (FIXED64, FIXED32):
            position = begin + (8 if kind == FIXED64 else 4)
        else:
            raise WireError(f"proto: illegal wireType {kind}")
        if position > stop:
            raise WireError("unexpected EOF")
        yield number, kind, begin, position


def signed(value: int) -> int:
    """A 64-bit varint as the two's complement number that it stands for."""
    return value - (1 << 64) if value & _SIGN else value


def signed32(value: int) -> int:
    """Likewise of the lower 32 bits: Go cuts longer ones off."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value & 0x80000000 else value


def read_double(data: bytes, position: int) -> float:
    number: float = struct.unpack_from("<d", data, position)[0]
    return number


def write_double(value: float) -> bytes:
    return struct.pack("<d", value)


def varint(value: int) -> bytes:
    """A number of up to 64 bits; negative ones as two's complement."""
    if 0 <= value < 0x80:
        return _BYTE[value]
    value &= _MASK
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def tag(number: int, kind: int) -> bytes:
    """What stands before a field's value."""
    return varint(number << 3 | kind)


def delimited(tag: bytes, content: bytes) -> bytes:
    """A string, bytes or message behind its tag and length."""
    return b"%b%b%b" % (tag, varint(len(content)), content)
