"""From objects to protobuf's messages. What the table has no number for is left out.

The objects are trusted to have the types that the schema says: they come from the store, or from us.
"""

from binascii import a2b_base64
from functools import cache
from typing import Any

from kubeade.api.protobuf.decoding import WRAPPED_LISTS
from kubeade.api.protobuf.numbers import Field, fields_of
from kubeade.api.protobuf.values import SCHEMA_PROPS, WRITERS, Write, schema_writers
from kubeade.api.resource import Object
from kubeade.api.schema import Schema
from kubeade.api.schema_node import Node
from kubeade.lib.protobuf.wire import DELIMITED, FIXED64, VARINT, delimited, tag, varint, write_double

_SHORT = 128


class MessageEncoder:
    """Writes messages of one schema's definitions, each compiled when it is first met."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._messages: dict[tuple[str, str], Write] = {}
        self._writers = {**WRITERS, **schema_writers(self._write_schema)}

    def encode(self, node: Node, obj: Object) -> bytes:
        """The object's message, without its apiVersion and kind."""
        return self._message(node, node.name)(obj)

    def _write_schema(self, value: Any) -> bytes:
        return self.encode(self._schema.definition(SCHEMA_PROPS), value)

    def _message(self, node: Node, numbered_by: str) -> Write:
        write = self._messages.get((node.name, numbered_by))
        if write is None:
            write = self._messages[node.name, numbered_by] = self._compile(node, numbered_by)
        return write

    def _compile(self, node: Node, numbered_by: str) -> Write:
        writers: dict[str, Write] = {}
        inlined: list[Write] = []
        for field in fields_of(numbered_by):
            if field.inlined:
                inlined.append(_not_empty(field.number, self._message(node, field.inlined)))
            elif field.name in node.fields:
                writers[field.name] = self._lazily(writers, field, node)
        writer_of = writers.get

        def write(obj: Object) -> bytes:
            return b"".join(
                [
                    write_field(value)
                    for name, value in obj.items()
                    if value is not None and (write_field := writer_of(name)) is not None
                ]
            )

        def write_all(obj: Object) -> bytes:
            return write(obj) + b"".join([write_inlined(obj) for write_inlined in inlined])

        return write_all if inlined else write

    def _lazily(self, writers: dict[str, Write], field: Field, message: Node) -> Write:
        """Compiled when the field is first met: schemas refer to themselves."""

        def write(value: Any) -> bytes:
            node = message.fields[field.name]
            wrapped = f"{message.name}.{field.name}" in WRAPPED_LISTS
            compiled = self._wrapped(node, field.number) if wrapped else self._field(node, field.number)
            writers[field.name] = compiled
            return compiled(value)

        return write

    def _field(self, node: Node, number: int) -> Write:
        """The value with its tag; of lists and maps as often as they have items."""
        if node.type == "array":
            assert node.items is not None
            write_item = self._field(node.items, number)
            return lambda value: b"".join(map(write_item, value))
        if node.type == "object" and node.values is not None and not node.fields:
            return self._map(node.values, number)
        if node.type in ("integer", "boolean"):
            head = tag(number, VARINT)
            return lambda value: head + varint(value)
        if node.type == "number":
            head = tag(number, FIXED64)
            return lambda value: head + write_double(value)
        return _delimited(number, self._content(node))

    def _map(self, values: Node, number: int) -> Write:
        """key = 1, value = 2."""
        head = tag(number, DELIMITED)
        write_key = _delimited(1, str.encode)
        write_value = self._wrapped(values, 2) if values.type == "array" else self._field(values, 2)

        def write(value: Object) -> bytes:
            entries = [write_key(key) + write_value(each) for key, each in value.items()]
            return b"".join([delimited(head, entry) for entry in entries])

        return write

    def _wrapped(self, node: Node, number: int) -> Write:
        """A list that is a message of its own."""
        return _delimited(number, self._field(node, 1))

    def _content(self, node: Node) -> Write:
        write = self._writers.get(node.name)
        if write is not None:
            return write
        if node.type == "object":
            return self._message(node, node.name)
        return a2b_base64 if node.format == "byte" else str.encode


def _delimited(number: int, write: Write) -> Write:
    heads, head = _heads(number), tag(number, DELIMITED)

    def write_delimited(value: Any) -> bytes:
        content = write(value)
        size = len(content)
        return (heads[size] if size < _SHORT else head + varint(size)) + content

    return write_delimited


@cache
def _heads(number: int) -> list[bytes]:
    """Tag and length of what is short."""
    return [tag(number, DELIMITED) + varint(size) for size in range(_SHORT)]


def _not_empty(number: int, write: Write) -> Write:
    head = tag(number, DELIMITED)

    def write_inlined(value: Any) -> bytes:
        content = write(value)
        return delimited(head, content) if content else b""

    return write_inlined
