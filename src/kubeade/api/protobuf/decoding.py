"""From a protobuf body to the object as its JSON form would be decoded.

Go writes every field that is not a pointer, zero or not; JSON leaves zeros out. So zeros are dropped, but
for fields that are pointers in Go: there somebody meant them (upstream: apimachinery
runtime/serializer/protobuf).
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from kubeade.api.errors import BadRequest
from kubeade.api.protobuf.numbers import fields_of
from kubeade.api.protobuf.wire import Value, WireError, double, read_fields, signed
from kubeade.api.resource import Object, split_api_version
from kubeade.api.schema import META, Schema
from kubeade.api.schema_node import Node
from kubeade.lib.timestamps import format_micro_time, format_time

MAGIC = b"k8s\0"
DEPTH_LIMIT = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JSON = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
_SCHEMA_PROPS = f"{_JSON}JSONSchemaProps"

Special = Callable[["_Decoder", Node, bytes, int], Any]


def decode_object(schema: Schema, body: bytes) -> Object:
    """Raises BadRequest for bytes that are not the protobuf form of a kind that we know."""
    try:
        envelope = _envelope(body)
        group, version = split_api_version(envelope["apiVersion"])
        kind = envelope["kind"]
        node = schema.find(group, version, kind)
        if node is None and f"{META}.{kind}" in schema:
            node = schema.definition(f"{META}.{kind}")
        if node is None or not fields_of(node.name):
            raise BadRequest(
                f'no kind "{kind}" is registered for version "{envelope["apiVersion"]}" in protobuf'
            )
        decoded = _Decoder(schema).message(node, envelope["raw"], 0)
    except (WireError, UnicodeDecodeError, OverflowError, msgspec.DecodeError) as error:
        raise BadRequest(f"unable to decode protobuf: {error}") from error
    return {"kind": kind, "apiVersion": envelope["apiVersion"], **decoded}


def _envelope(body: bytes) -> dict[str, Any]:
    """`runtime.Unknown`: which kind it is, and its bytes."""
    if not body.startswith(MAGIC):
        raise WireError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    fields = dict(read_fields(body[len(MAGIC) :]))
    kind = dict(read_fields(_as_bytes(fields.get(1, b""))))
    return {
        "apiVersion": _as_bytes(kind.get(1, b"")).decode(),
        "kind": _as_bytes(kind.get(2, b"")).decode(),
        "raw": _as_bytes(fields.get(2, b"")),
    }


class _Decoder:
    """Follows the schema down the message."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def message(self, node: Node, data: bytes, depth: int, numbered_by: str = "") -> Object:
        """A message as an object. `numbered_by`: whose numbers, when it is inlined into `node`'s object."""
        if depth > DEPTH_LIMIT:
            raise WireError("nested too deeply")
        result: Object = {}
        fields = fields_of(numbered_by or node.name)
        for number, value in read_fields(data):
            field = fields.get(number)
            if field is None:
                continue
            if field.inlined:
                result.update(self.message(node, _as_bytes(value), depth + 1, field.inlined))
                continue
            child = node.fields.get(field.name)
            if child is None:
                continue
            if child.type == "array":
                result.setdefault(field.name, []).extend(self._items(child, value, depth))
            elif child.type == "object" and child.values is not None and not child.fields:
                result.setdefault(field.name, {}).update(self._entry(child, _as_bytes(value), depth))
            else:
                decoded = self.value(child, value, depth)
                if field.optional or decoded not in ("", 0, False, None, {}):
                    result[field.name] = decoded
        return result

    def value(self, node: Node, value: Value, depth: int) -> Any:
        """One value of the kind that `node` says."""
        special = _SPECIAL.get(node.name.rpartition(".")[2]) if node.name else None
        if special is not None:
            return special(self, node, _as_bytes(value), depth)
        if node.type == "quantity":
            return _first_text(_as_bytes(value))
        if node.type == "int-or-string":
            return _int_or_string(_as_bytes(value))
        if node.type == "object":
            return self.message(node, _as_bytes(value), depth + 1)
        if node.type == "boolean":
            return bool(value)
        if node.type == "integer":
            return signed(_as_number(value))
        if node.type == "number":
            return double(_as_number(value))
        data = _as_bytes(value)
        return base64.b64encode(data).decode() if node.format == "byte" else data.decode()

    def _items(self, node: Node, value: Value, depth: int) -> list[Any]:
        assert node.items is not None
        if node.items.type == "integer" and isinstance(value, bytes):
            raise WireError("packed numbers are not written by Kubernetes")
        return [self.value(node.items, value, depth)]

    def _entry(self, node: Node, data: bytes, depth: int) -> Object:
        """One entry of a map; a list as its value is a message of items."""
        assert node.values is not None
        fields = dict(read_fields(data))
        key = _as_bytes(fields.get(1, b"")).decode()
        raw = fields.get(2, b"")
        if node.values.type == "array" and node.values.items is not None:
            items = [one for number, one in read_fields(_as_bytes(raw)) if number == 1]
            return {key: [self.value(node.values.items, one, depth) for one in items]}
        if raw == b"" and node.values.type in ("integer", "boolean"):
            raw = 0
        return {key: self.value(node.values, raw, depth)}

    def schema_props(self, data: bytes, depth: int) -> Object:
        return self.message(self._schema.definition(_SCHEMA_PROPS), data, depth + 1)


def _time(decoder: _Decoder, node: Node, data: bytes, depth: int) -> str | None:
    moment = _moment(data)
    return None if moment is None else format_time(moment)


def _micro_time(decoder: _Decoder, node: Node, data: bytes, depth: int) -> str | None:
    moment = _moment(data)
    return None if moment is None else format_micro_time(moment)


def _moment(data: bytes) -> datetime | None:
    """seconds = 1, nanos = 2; an empty message is Go's zero time: none."""
    if not data:
        return None
    fields = {number: signed(_as_number(value)) for number, value in read_fields(data)}
    return _EPOCH + timedelta(seconds=fields.get(1, 0), microseconds=fields.get(2, 0) // 1000)


def _raw_json(decoder: _Decoder, node: Node, data: bytes, depth: int) -> Any:
    """A message with JSON bytes as its only field."""
    raw = _as_bytes(dict(read_fields(data)).get(1, b""))
    return msgspec.json.decode(raw) if raw else None


def _props_or_bool(decoder: _Decoder, node: Node, data: bytes, depth: int) -> Any:
    fields = dict(read_fields(data))
    return decoder.schema_props(_as_bytes(fields[2]), depth) if 2 in fields else bool(fields.get(1, 0))


def _props_or_array(decoder: _Decoder, node: Node, data: bytes, depth: int) -> Any:
    fields = list(read_fields(data))
    if fields and fields[0][0] == 1:
        return decoder.schema_props(_as_bytes(fields[0][1]), depth)
    return [decoder.schema_props(_as_bytes(value), depth) for _, value in fields]


def _props_or_strings(decoder: _Decoder, node: Node, data: bytes, depth: int) -> Any:
    fields = list(read_fields(data))
    if fields and fields[0][0] == 1:
        return decoder.schema_props(_as_bytes(fields[0][1]), depth)
    return [_as_bytes(value).decode() for _, value in fields]


def _first_text(data: bytes) -> str:
    return _as_bytes(dict(read_fields(data)).get(1, b"")).decode() or "0"


def _int_or_string(data: bytes) -> int | str:
    """type = 1 (0 integer, 1 string), intVal = 2, strVal = 3."""
    fields = dict(read_fields(data))
    if fields.get(1):
        return _as_bytes(fields.get(3, b"")).decode()
    return signed(_as_number(fields.get(2, 0)))


def _as_bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    raise WireError("wrong wireType: a number where bytes belong")


def _as_number(value: Value) -> int:
    if isinstance(value, int):
        return value
    raise WireError("wrong wireType: bytes where a number belongs")


_SPECIAL: dict[str, Special] = {
    "Time": _time,
    "MicroTime": _micro_time,
    "RawExtension": _raw_json,
    "FieldsV1": _raw_json,
    "JSON": _raw_json,
    "JSONSchemaPropsOrBool": _props_or_bool,
    "JSONSchemaPropsOrArray": _props_or_array,
    "JSONSchemaPropsOrStringArray": _props_or_strings,
}
