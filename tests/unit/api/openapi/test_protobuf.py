"""The encoder is held against a small decoder: what a reader of the wire format would see."""

from collections.abc import Iterator

import pytest

from kubeade.api.openapi.protobuf import encode_document

Field = tuple[int, bytes | int]


def varint(data: bytes, at: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def fields(data: bytes) -> Iterator[Field]:
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            length, at = varint(data, at)
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            value, at = varint(data, at)
            yield tag >> 3, value


def inside(data: bytes, *numbers: int) -> bytes:
    """The first message found along a path of field numbers."""
    for number in numbers:
        found = next(value for field, value in fields(data) if field == number)
        assert isinstance(found, bytes)
        data = found
    return data


def test_a_definition() -> None:
    node = {
        "type": "object",
        "description": "d" * 200,
        "properties": {"a": {"$ref": "#/definitions/b"}},
        "additionalProperties": {"type": "string"},
        "x-kubernetes-group-version-kind": [{"kind": "K"}],
    }
    schema = inside(encode_document({"definitions": {"k": node}}), 9, 1, 2)
    assert inside(encode_document({"definitions": {"k": node}}), 9, 1, 1) == b"k"
    assert inside(schema, 22, 1) == b"object"
    assert inside(schema, 4) == b"d" * 200
    assert inside(schema, 25, 1, 1) == b"a"
    assert inside(schema, 25, 1, 2, 1) == b"#/definitions/b"
    assert inside(schema, 21, 1, 22, 1) == b"string"
    assert inside(schema, 31, 1) == b"x-kubernetes-group-version-kind"
    assert inside(schema, 31, 2, 2) == b'[{"kind":"K"}]'


def test_a_patch_with_its_parameters() -> None:
    parameters = [
        {"name": "dryRun", "in": "query", "type": "string", "uniqueItems": True},
        {"name": "body", "in": "body", "schema": {"type": "object"}, "required": True},
    ]
    document = encode_document({"paths": {"/p": {"patch": {"parameters": parameters}}}})
    patch = inside(document, 8, 2, 2, 8)
    items = [value for number, value in fields(patch) if number == 8]
    assert isinstance(items[0], bytes)
    assert isinstance(items[1], bytes)
    assert inside(items[0], 1, 2, 3, 4) == b"dryRun"
    assert dict(fields(inside(items[0], 1, 2, 3)))[19] == 1
    assert inside(items[1], 1, 1, 2) == b"body"


def test_what_the_form_has_no_field_for_is_refused() -> None:
    with pytest.raises(ValueError, match="has no field nullable"):
        encode_document({"definitions": {"k": {"nullable": True}}})
