"""Messages as classes: each field's annotation says its number, `limit: Annotated[int, 3] = 0`.

What proto3 says: a field that has its default is not written, one that is not known is skipped. A
message field that may be absent is `X | None`. Numbers are int64: an unsigned one from 2^63 on reads
as negative, and is written back as the same bits. A class is compiled on its first use.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from kubeade.lib.protobuf.wire import (
    DELIMITED,
    FIXED32,
    FIXED64,
    VARINT,
    WireError,
    read_varint,
    signed,
    tag,
    varint,
)


class Message(msgspec.Struct):
    """Base of all messages. Every field has a default."""


M = TypeVar("M", bound=Message)

_Read = Callable[[bytes], Any]
_Write = Callable[[list[bytes], Any], None]

_SCALARS = (int, bool, bytes, str)


class _Field:
    """How one field is read and written. Numbers are read by the loop itself: `read` is None."""

    def __init__(self, name: str, number: int, kind: Any) -> None:
        self.name = name
        self.number = number
        self.repeated = get_origin(kind) is list
        self.kind = get_args(kind)[0] if self.repeated else _present(kind)
        self.is_number = self.kind in (int, bool)
        self.tag = tag(number, VARINT if self.is_number else DELIMITED)
        self.read = self._reader()
        self.write = self._write_all if self.repeated else self._write_one

    def _reader(self) -> _Read:
        if self.kind is str:
            return bytes.decode
        if self.kind is bytes:
            return bytes
        kind = self.kind
        return lambda data: decode(kind, data)

    def _write_all(self, parts: list[bytes], values: Any) -> None:
        for value in values:
            self._append(parts, value)

    def _write_one(self, parts: list[bytes], value: Any) -> None:
        # An empty message that is there is written; a number, text or bytes of nothing is not.
        if value is not None and (value or self.kind not in _SCALARS):
            self._append(parts, value)

    def _append(self, parts: list[bytes], value: Any) -> None:
        if self.is_number:
            parts += (self.tag, varint(int(value)))
            return
        if self.kind is str:
            value = value.encode()
        elif self.kind is not bytes:
            value = encode(value)
        parts += (self.tag, varint(len(value)), value)


_compiled: dict[type[Message], tuple[dict[int, _Field], list[_Field]]] = {}


def encode(message: Message) -> bytes:
    parts: list[bytes] = []
    for field in _fields(type(message))[1]:
        field.write(parts, getattr(message, field.name))
    return b"".join(parts)


def decode(kind: type[M], data: bytes) -> M:
    """Raises WireError."""
    by_number = _fields(kind)[0]
    found: dict[str, Any] = {}
    position, stop = 0, len(data)
    while position < stop:
        key, position = read_varint(data, position)
        field = by_number.get(key >> 3)
        wire = key & 7
        if wire == VARINT:
            number, position = read_varint(data, position)
            if field is not None and field.is_number:
                _keep(found, field, bool(number) if field.kind is bool else signed(number))
            continue
        begin = position
        if wire == DELIMITED:
            size, begin = read_varint(data, position)
            position = begin + size
        elif wire in (FIXED32, FIXED64):
            position += 4 if wire == FIXED32 else 8
        else:
            raise WireError(f"proto: illegal wireType {wire}")
        if position > stop:
            raise WireError("unexpected EOF")
        if field is None or wire != DELIMITED:
            continue
        if field.is_number:
            _keep_packed(found, field, data[begin:position])
        else:
            _keep(found, field, field.read(data[begin:position]))
    return kind(**found)


def _keep(found: dict[str, Any], field: _Field, value: Any) -> None:
    if field.repeated:
        found.setdefault(field.name, []).append(value)
    else:
        found[field.name] = value


def _keep_packed(found: dict[str, Any], field: _Field, data: bytes) -> None:
    position = 0
    while position < len(data):
        number, position = read_varint(data, position)
        _keep(found, field, signed(number))


def _fields(kind: type[Message]) -> tuple[dict[int, _Field], list[_Field]]:
    fields = _compiled.get(kind)
    if fields is None:
        made = [
            _Field(name, *reversed(get_args(hint)[:2]))
            for name, hint in get_type_hints(kind, include_extras=True).items()
            if get_origin(hint) is Annotated
        ]
        made.sort(key=lambda field: field.number)
        fields = _compiled[kind] = ({field.number: field for field in made}, made)
    return fields


def _present(kind: Any) -> Any:
    """X of `X | None`."""
    if get_origin(kind) is Union or type(kind).__name__ == "UnionType":
        return next(each for each in get_args(kind) if each is not type(None))
    return kind
