"""OpenAPI v2 in protobuf: gnostic's `openapi.v2.Document`, the form in which kubectl reads it.

The few messages that occur are written as tables: field name to number and encoder. What a table does
not name and is no extension (x-...) does not occur in our documents and is refused.
"""

from collections.abc import Callable, Iterable, Mapping
from struct import pack
from typing import Any

import msgspec

Encoder = Callable[[int, Any], bytes]


def encode_document(document: Mapping[str, Any]) -> bytes:
    """The bytes of a Document."""
    return _message(document, _DOCUMENT)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _delimited(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _text(number: int, value: str) -> bytes:
    return _delimited(number, value.encode())


def _texts(number: int, values: Iterable[str]) -> bytes:
    return b"".join(_text(number, value) for value in values)


def _flag(number: int, value: bool) -> bytes:
    return _varint(number << 3) + b"\x01" if value else b""


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value & (1 << 64) - 1)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + pack("<d", value)


def _any(number: int, value: object) -> bytes:
    """Any value, as YAML: JSON is YAML."""
    return _delimited(number, _delimited(2, msgspec.json.encode(value)))


def _anys(number: int, values: Iterable[object]) -> bytes:
    return b"".join(_any(number, value) for value in values)


def _named(number: int, name: str, content: bytes) -> bytes:
    """An entry of a map: NamedSchema, NamedPathItem, NamedAny, ..."""
    return _delimited(number, _text(1, name) + _delimited(2, content))


def _message(value: Mapping[str, Any], table: "_Table") -> bytes:
    parts = []
    for key, field in value.items():
        known = table.fields.get(key)
        if known is not None:
            parts.append(known[1](known[0], field))
        elif key.startswith("x-") and table.extensions:
            parts.append(_named(table.extensions, key, _delimited(2, msgspec.json.encode(field))))
        else:
            raise ValueError(f"OpenAPI v2 in protobuf has no field {key}")
    return b"".join(parts)


class _Table:
    """One message: JSON names to field numbers and encoders, and the number of its extensions."""

    def __init__(self, extensions: int = 0) -> None:
        self.fields: dict[str, tuple[int, Encoder]] = {}
        self.extensions = extensions

    def encode(self, number: int, value: Any) -> bytes:
        return _delimited(number, _message(value, self))


def _entries(table: "_Table", inner: int = 1) -> Encoder:
    """A message that is a map from names to messages."""

    def encode(number: int, value: Mapping[str, Any]) -> bytes:
        entries = (_named(inner, name, _message(each, table)) for name, each in value.items())
        return _delimited(number, b"".join(entries))

    return encode


_DOCUMENT = _Table(extensions=16)
_SCHEMA = _Table(extensions=31)
_PATH_ITEM = _Table(extensions=10)
_OPERATION = _Table(extensions=13)
_RESPONSE = _Table(extensions=5)
_BODY_PARAMETER = _Table(extensions=6)
_QUERY_PARAMETER = _Table(extensions=23)
_PATH_PARAMETER = _Table(extensions=22)
_INFO = _Table(extensions=7)
_API_KEY = _Table(extensions=5)
_EXTERNAL_DOCS = _Table(extensions=3)


def _additional_properties(number: int, value: Any) -> bytes:
    content = _flag(2, True) if isinstance(value, bool) else _SCHEMA.encode(1, value)
    return _delimited(number, content) if value is not False else b""


def _type(number: int, value: str) -> bytes:
    return _delimited(number, _text(1, value))


def _schemas(number: int, values: Iterable[Any]) -> bytes:
    return b"".join(_SCHEMA.encode(number, value) for value in values)


def _parameters(number: int, values: Iterable[Mapping[str, Any]]) -> bytes:
    """ParametersItem > Parameter > BodyParameter, or > NonBodyParameter > Query- or PathParameter."""
    return b"".join(_delimited(number, _delimited(1, _parameter(value))) for value in values)


def _parameter(value: Mapping[str, Any]) -> bytes:
    place = value["in"]
    if place == "body":
        return _BODY_PARAMETER.encode(1, value)
    kind = _QUERY_PARAMETER.encode(3, value) if place == "query" else _PATH_PARAMETER.encode(4, value)
    return _delimited(2, kind)


def _responses(number: int, values: Mapping[str, Any]) -> bytes:
    """Responses > NamedResponseValue > ResponseValue > Response."""
    named = (_named(1, code, _RESPONSE.encode(1, value)) for code, value in values.items())
    return _delimited(number, b"".join(named))


def _response_schema(number: int, value: Any) -> bytes:
    return _delimited(number, _SCHEMA.encode(1, value))


def _security(number: int, values: Iterable[Mapping[str, list[str]]]) -> bytes:
    """SecurityRequirement > NamedStringArray > StringArray."""
    requirements = (
        b"".join(_named(1, name, _texts(1, scopes)) for name, scopes in value.items()) for value in values
    )
    return b"".join(_delimited(number, requirement) for requirement in requirements)


def _security_definitions(number: int, values: Mapping[str, Any]) -> bytes:
    """SecurityDefinitions > NamedSecurityDefinitionsItem > ApiKeySecurity."""
    named = (_named(1, name, _API_KEY.encode(2, value)) for name, value in values.items())
    return _delimited(number, b"".join(named))


_DOCUMENT.fields = {
    "swagger": (1, _text),
    "info": (2, _INFO.encode),
    "paths": (8, _entries(_PATH_ITEM, 2)),
    "definitions": (9, _entries(_SCHEMA)),
    "security": (12, _security),
    "securityDefinitions": (13, _security_definitions),
}
_EXTERNAL_DOCS.fields = {"description": (1, _text), "url": (2, _text)}
_INFO.fields = {"title": (1, _text), "version": (2, _text)}
_API_KEY.fields = {"type": (1, _text), "name": (2, _text), "in": (3, _text), "description": (4, _text)}
_SCHEMA.fields = {
    "$ref": (1, _text),
    "format": (2, _text),
    "title": (3, _text),
    "description": (4, _text),
    "default": (5, _any),
    "multipleOf": (6, _double),
    "maximum": (7, _double),
    "exclusiveMaximum": (8, _flag),
    "minimum": (9, _double),
    "exclusiveMinimum": (10, _flag),
    "maxLength": (11, _integer),
    "minLength": (12, _integer),
    "pattern": (13, _text),
    "maxItems": (14, _integer),
    "minItems": (15, _integer),
    "uniqueItems": (16, _flag),
    "maxProperties": (17, _integer),
    "minProperties": (18, _integer),
    "required": (19, _texts),
    "enum": (20, _anys),
    "additionalProperties": (21, _additional_properties),
    "type": (22, _type),
    "items": (23, lambda number, value: _delimited(number, _SCHEMA.encode(1, value))),
    "allOf": (24, _schemas),
    "properties": (25, _entries(_SCHEMA)),
    "externalDocs": (29, _EXTERNAL_DOCS.encode),
    "example": (30, _any),
}
_PATH_ITEM.fields = {
    "get": (2, _OPERATION.encode),
    "put": (3, _OPERATION.encode),
    "post": (4, _OPERATION.encode),
    "delete": (5, _OPERATION.encode),
    "options": (6, _OPERATION.encode),
    "head": (7, _OPERATION.encode),
    "patch": (8, _OPERATION.encode),
    "parameters": (9, _parameters),
}
_OPERATION.fields = {
    "tags": (1, _texts),
    "summary": (2, _text),
    "description": (3, _text),
    "operationId": (5, _text),
    "produces": (6, _texts),
    "consumes": (7, _texts),
    "parameters": (8, _parameters),
    "responses": (9, _responses),
    "schemes": (10, _texts),
    "deprecated": (11, _flag),
}
_RESPONSE.fields = {"description": (1, _text), "schema": (2, _response_schema)}
_BODY_PARAMETER.fields = {
    "description": (1, _text),
    "name": (2, _text),
    "in": (3, _text),
    "required": (4, _flag),
    "schema": (5, _SCHEMA.encode),
}
_PATH_PARAMETER.fields = {
    "required": (1, _flag),
    "in": (2, _text),
    "description": (3, _text),
    "name": (4, _text),
    "type": (5, _text),
    "uniqueItems": (18, _flag),
}
_QUERY_PARAMETER.fields = {
    "required": (1, _flag),
    "in": (2, _text),
    "description": (3, _text),
    "name": (4, _text),
    "type": (6, _text),
    "uniqueItems": (19, _flag),
}

SCHEMA_WORDS = frozenset(_SCHEMA.fields)
"""The words of a schema that the form has a field for; extensions (x-...) come on top."""
