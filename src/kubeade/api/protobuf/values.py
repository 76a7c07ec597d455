"""Values whose protobuf form is not what their JSON form suggests, and back.

A moment is seconds and nanoseconds, a quantity is a message with a text, anything free is JSON text inside
of a message (upstream: apimachinery's meta/v1 time_proto.go, api/resource, util/intstr, runtime).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from kubeade.api.schema import META
from kubeade.lib.protobuf.wire import (
    DELIMITED,
    VARINT,
    delimited,
    read_fields,
    read_varint,
    signed,
    tag,
    varint,
)
from kubeade.lib.timestamps import format_micro_time, format_time, parse_time

Parse = Callable[[bytes, int, int], Any]
"""The value that data[start:stop] is."""
Write = Callable[[Any], bytes]
"""The bytes that a value is, without tag and length."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_TIME = datetime(1, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_FIRST, _SECOND_NUMBER = tag(1, VARINT), tag(2, VARINT)
_FIRST_TEXT, _THIRD_TEXT = tag(1, DELIMITED), tag(3, DELIMITED)
_EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"


def first_content(data: bytes, start: int, stop: int) -> bytes:
    """The bytes of field 1 of a message that has no other."""
    found = b""
    for number, kind, begin, end in read_fields(data, start, stop):
        if number == 1 and kind == DELIMITED:
            found = data[begin:end]
    return found


def _parse_text(data: bytes, start: int, stop: int) -> str:
    return data[start:stop].decode("utf-8", "replace")


# -- moments ---------------------------------------------------------------------------------------


def _parse_time(data: bytes, start: int, stop: int) -> str | None:
    return _time_of(data[start:stop]) if stop > start else None


@lru_cache(maxsize=4096)  # objects share moments
def _time_of(data: bytes) -> str:
    return format_time(_moment(data, micro=False))


def _parse_micro_time(data: bytes, start: int, stop: int) -> str | None:
    return format_micro_time(_moment(data[start:stop], micro=True)) if stop > start else None


def _moment(data: bytes, *, micro: bool) -> datetime:
    """seconds = 1, nanos = 2. No bytes at all are Go's zero time: none."""
    seconds = nanos = 0
    for number, kind, begin, _ in read_fields(data, 0, len(data)):
        if kind == VARINT and number == 1:
            seconds = signed(read_varint(data, begin)[0])
        elif kind == VARINT and number == 2:
            nanos = signed(read_varint(data, begin)[0])
    return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000 if micro else 0)


@lru_cache(maxsize=4096)
def _write_time(value: str) -> bytes:
    moment = parse_time(value)
    if moment == _NO_TIME:
        return b""
    return _FIRST + varint((moment - _EPOCH) // _SECOND) + _SECOND_NUMBER + varint(0)


def _write_micro_time(value: str) -> bytes:
    moment = parse_time(value)
    if moment == _NO_TIME:
        return b""
    seconds = (moment - _EPOCH) // _SECOND
    return _FIRST + varint(seconds) + _SECOND_NUMBER + varint(moment.microsecond * 1000)


# -- amounts and ports -----------------------------------------------------------------------------


def _parse_quantity(data: bytes, start: int, stop: int) -> str:
    return first_content(data, start, stop).decode("utf-8", "replace") or "0"


def _write_quantity(value: Any) -> bytes:
    return delimited(_FIRST_TEXT, str(value).encode())


def _parse_int_or_string(data: bytes, start: int, stop: int) -> int | str:
    """type = 1 (0: a number, 1: a text), intVal = 2, strVal = 3."""
    is_text, number, text = 0, 0, ""
    for field, kind, begin, end in read_fields(data, start, stop):
        if field == 3 and kind == DELIMITED:
            text = _parse_text(data, begin, end)
        elif field in (1, 2) and kind == VARINT:
            value = signed(read_varint(data, begin)[0])
            is_text, number = (value, number) if field == 1 else (is_text, value)
    return text if is_text else number


def _write_int_or_string(value: Any) -> bytes:
    if isinstance(value, int):
        return _FIRST + varint(0) + _SECOND_NUMBER + varint(value)
    return _FIRST + varint(1) + delimited(_THIRD_TEXT, value.encode())


# -- anything --------------------------------------------------------------------------------------


def _parse_json(data: bytes, start: int, stop: int) -> Any:
    raw = first_content(data, start, stop)
    return msgspec.json.decode(raw) if raw else None


def _write_json(value: Any) -> bytes:
    return delimited(_FIRST_TEXT, msgspec.json.encode(value))


PARSERS: dict[str, Parse] = {
    f"{META}.Time": _parse_time,
    f"{META}.MicroTime": _parse_micro_time,
    f"{META}.FieldsV1": _parse_json,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": _parse_quantity,
    "io.k8s.apimachinery.pkg.runtime.RawExtension": _parse_json,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _parse_int_or_string,
    f"{_EXTENSIONS}.JSON": _parse_json,
}
"""By the definition's name; so are all tables here."""

WRITERS: dict[str, Write] = {
    f"{META}.Time": _write_time,
    f"{META}.MicroTime": _write_micro_time,
    f"{META}.FieldsV1": _write_json,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": _write_quantity,
    "io.k8s.apimachinery.pkg.runtime.RawExtension": _write_json,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _write_int_or_string,
    f"{_EXTENSIONS}.JSON": _write_json,
}


# -- a schema, or something simpler in its place ---------------------------------------------------

SCHEMA_PROPS = f"{_EXTENSIONS}.JSONSchemaProps"


def schema_parsers(parse: Parse) -> dict[str, Parse]:
    """Of fields that hold a JSON schema, which `parse` parses, or something else."""

    def parse_or_bool(data: bytes, start: int, stop: int) -> Any:
        allows = False
        for number, kind, begin, end in read_fields(data, start, stop):
            if number == 2 and kind == DELIMITED:
                return parse(data, begin, end)
            if number == 1 and kind == VARINT:
                allows = bool(read_varint(data, begin)[0])
        return allows

    def parse_or_array(data: bytes, start: int, stop: int) -> Any:
        return _one_or_list(data, start, stop, parse, parse)

    def parse_or_strings(data: bytes, start: int, stop: int) -> Any:
        return _one_or_list(data, start, stop, parse, _parse_text)

    return {
        f"{SCHEMA_PROPS}OrBool": parse_or_bool,
        f"{SCHEMA_PROPS}OrArray": parse_or_array,
        f"{SCHEMA_PROPS}OrStringArray": parse_or_strings,
    }


def schema_writers(write: Write) -> dict[str, Write]:
    """Likewise."""

    def write_or_bool(value: Any) -> bytes:
        if isinstance(value, bool):
            return _FIRST + varint(value)
        return _FIRST + varint(1) + delimited(tag(2, DELIMITED), write(value))

    return {
        f"{SCHEMA_PROPS}OrBool": write_or_bool,
        f"{SCHEMA_PROPS}OrArray": lambda value: _write_one_or_list(value, write, write),
        f"{SCHEMA_PROPS}OrStringArray": lambda value: _write_one_or_list(value, write, str.encode),
    }


def _one_or_list(data: bytes, start: int, stop: int, parse_one: Parse, parse_item: Parse) -> Any:
    items = []
    for number, kind, begin, end in read_fields(data, start, stop):
        if number == 1 and kind == DELIMITED:
            return parse_one(data, begin, end)
        if number == 2 and kind == DELIMITED:
            items.append(parse_item(data, begin, end))
    return items


def _write_one_or_list(value: Any, write_one: Write, write_item: Write) -> bytes:
    if isinstance(value, dict):
        return delimited(_FIRST_TEXT, write_one(value))
    head = tag(2, DELIMITED)
    return b"".join(delimited(head, write_item(item)) for item in value)
