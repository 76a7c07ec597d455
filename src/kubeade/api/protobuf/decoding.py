"""From protobuf's messages to objects as their JSON form would be decoded.

Go writes every field that is not a pointer, zero or not, where JSON leaves most zeros out: so zeros are
dropped, but for fields that JSON keeps too. Each message is compiled when it is first met. Fields that the
schema does not have are left out and named in `unknown`.
"""

import base64
import math
from collections.abc import Callable
from typing import Any

from kubeade.api.protobuf.numbers import Field, fields_of
from kubeade.api.protobuf.values import PARSERS, SCHEMA_PROPS, Parse, schema_parsers
from kubeade.api.resource import Object
from kubeade.api.schema import META, Schema
from kubeade.api.schema_node import Node
from kubeade.lib.protobuf.wire import (
    DELIMITED,
    FIXED32,
    FIXED64,
    VARINT,
    WireError,
    read_double,
    read_fields,
    read_varint,
    signed,
    signed32,
)

MOST_UNKNOWN_FIELDS = 100
WRAPPED_LISTS = frozenset({f"{META}.APIResource.verbs"})
"""Lists that are a message of their own, with the items in its field 1; so are all lists in maps."""

Number = Callable[[Any], Any]
Store = Callable[[Object, bytes, int, int], None]
StoreNumber = Callable[[Object, Any], None]


class MessageDecoder:
    """Reads the messages of one schema's definitions. Not for use by several at once."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._messages: dict[tuple[str, str], _Message] = {}
        self._parsers = {**PARSERS, **schema_parsers(self._parse_schema)}
        self.unknown: list[str] = []

    def decode(self, node: Node, data: bytes, start: int, stop: int) -> Object:
        """The object that the bytes say; `unknown` tells what they said besides. Raises WireError, or what
        is raised for values that no JSON can say."""
        self.unknown = []
        return self.message(node, node.name).parse(data, start, stop)

    def message(self, node: Node, numbered_by: str) -> "_Message":
        found = self._messages.get((node.name, numbered_by))
        if found is None:
            found = self._messages[node.name, numbered_by] = _Message(self, node, numbered_by)
        return found

    def parser(self, node: Node) -> Parse:
        """For what is delimited: texts, bytes, messages."""
        parse = self._parsers.get(node.name)
        if parse is not None:
            return parse
        if node.type == "object":
            return self.message(node, node.name).parse
        return _base64 if node.format == "byte" else _text

    def _parse_schema(self, data: bytes, start: int, stop: int) -> Any:
        return self.message(self._schema.definition(SCHEMA_PROPS), SCHEMA_PROPS).parse(data, start, stop)


class _Message:
    """One definition's fields by their tags on the wire. `numbered_by`: whose numbers they have, which is
    another message where one is inlined into `node`'s object."""

    def __init__(self, decoder: MessageDecoder, node: Node, numbered_by: str) -> None:
        self._decoder = decoder
        self._node = node
        self._numbered_by = numbered_by
        self._name = node.name.rpartition(".")[2]
        self._stores: dict[int, Store] = {}
        self._numbers: dict[int, StoreNumber] = {}
        self._go_names: dict[int, str] = {}
        self._compiled = False

    def parse(self, data: bytes, start: int, stop: int) -> Object:
        found: Object = {}
        self.read(found, data, start, stop)
        return found

    def read(self, into: Object, data: bytes, start: int, stop: int) -> None:
        if not self._compiled:
            self._compile()
        stores, numbers, position = self._stores, self._numbers, start
        while position < stop:
            tag = data[position]
            position += 1
            if tag > 0x7F:
                tag, position = read_varint(data, position - 1)
            if tag & 7 == DELIMITED:
                size = data[position]
                position += 1
                if size > 0x7F:
                    size, position = read_varint(data, position - 1)
                end = position + size
                if end > stop:
                    raise WireError("unexpected EOF")
                store = stores.get(tag)
                if store is None:
                    self._unexpected(tag, size)
                else:
                    store(into, data, position, end)
                position = end
            else:
                value, position = _number(data, position, tag)
                store_number = numbers.get(tag)
                if store_number is None:
                    self._unexpected(tag, value)
                else:
                    store_number(into, value)
        if position > stop:
            raise WireError("unexpected EOF")

    def _unexpected(self, tag: int, value: float) -> None:
        """A field that is not known, or not like this. Zeros are written by default: they are passed over."""
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise WireError(f"proto: {self._name}: illegal tag {number} (wire type {kind})")
        if number in self._go_names:
            raise WireError(f"proto: wrong wireType = {kind} for field {self._go_names[number]}")
        if value and len(self._decoder.unknown) < MOST_UNKNOWN_FIELDS:
            self._decoder.unknown.append(f"{self._name}.{number}")

    # -- compiling, when first needed: schemas refer to themselves -------------------------------------

    def _compile(self) -> None:
        for field in fields_of(self._numbered_by):
            if field.inlined:
                inner = self._decoder.message(self._node, field.inlined)
                self._stores[field.number << 3 | DELIMITED] = inner.read
            elif field.name in self._node.fields:
                self._go_names[field.number] = field.name[:1].upper() + field.name[1:]
                self._add(field, self._node.fields[field.name])
        self._compiled = True

    def _add(self, field: Field, node: Node) -> None:
        tag = field.number << 3
        if node.type == "array" and f"{self._node.name}.{field.name}" in WRAPPED_LISTS:
            self._stores[tag | DELIMITED] = _one(field.name, self._wrapped_list(node), keeps_zero=False)
        elif node.type == "array":
            assert node.items is not None
            self._add_items(field.name, tag, node.items)
        elif node.type == "object" and node.values is not None and not node.fields:
            self._stores[tag | DELIMITED] = _entry(field.name, self._entry_parser(node.values))
        elif node.type in _NUMBERS:
            number = _number_of(node)
            kind = FIXED64 if node.type == "number" else VARINT
            self._numbers[tag | kind] = _one_number(field.name, number, field.keeps_zero)
        else:
            parse = self._decoder.parser(node)
            self._stores[tag | DELIMITED] = _one(field.name, parse, field.keeps_zero)

    def _add_items(self, name: str, tag: int, items: Node) -> None:
        if items.type not in _NUMBERS:
            self._stores[tag | DELIMITED] = _item(name, self._decoder.parser(items))
            return
        number = _number_of(items)
        self._numbers[tag | VARINT] = _item_number(name, number)
        self._stores[tag | DELIMITED] = _packed(name, number)

    def _wrapped_list(self, node: Node) -> Parse:
        assert node.items is not None
        parse = self._decoder.parser(node.items)

        def parse_items(data: bytes, start: int, stop: int) -> list[Any]:
            found = read_fields(data, start, stop)
            return [parse(data, begin, end) for number, kind, begin, end in found if (number, kind) == (1, 2)]

        return parse_items

    def _entry_parser(self, values: Node) -> Callable[[bytes, int, int], tuple[str, Any]]:
        """key = 1, value = 2."""
        if values.type in _NUMBERS:
            return _number_entry(_number_of(values))
        parse = self._wrapped_list(values) if values.type == "array" else self._decoder.parser(values)

        def parse_entry(data: bytes, start: int, stop: int) -> tuple[str, Any]:
            key, bounds = "", (0, 0)
            for number, kind, begin, end in read_fields(data, start, stop):
                if number in (1, 2) and kind != DELIMITED:
                    raise WireError(f"proto: illegal wireType {kind}")
                if number == 1:
                    key = _text(data, begin, end)
                elif number == 2:
                    bounds = (begin, end)
            return key, parse(data, *bounds)

        return parse_entry


def _one(name: str, parse: Parse, keeps_zero: bool) -> Store:
    def store_text(into: Object, data: bytes, start: int, stop: int) -> None:
        if stop > start or keeps_zero:
            into[name] = str(data[start:stop], "utf-8", "replace")

    if parse is _text:
        return store_text

    def store(into: Object, data: bytes, start: int, stop: int) -> None:
        if stop > start or keeps_zero:
            value = parse(data, start, stop)
            if value is not None:
                into[name] = value

    return store


def _item(name: str, parse: Parse) -> Store:
    def store(into: Object, data: bytes, start: int, stop: int) -> None:
        into.setdefault(name, []).append(parse(data, start, stop))

    return store


def _entry(name: str, parse: Callable[[bytes, int, int], tuple[str, Any]]) -> Store:
    def store(into: Object, data: bytes, start: int, stop: int) -> None:
        key, value = parse(data, start, stop)
        into.setdefault(name, {})[key] = value

    return store


def _one_number(name: str, number: Number, keeps_zero: bool) -> StoreNumber:
    def store(into: Object, value: Any) -> None:
        if value or keeps_zero:
            into[name] = number(value)

    return store


def _item_number(name: str, number: Number) -> StoreNumber:
    def store(into: Object, value: Any) -> None:
        into.setdefault(name, []).append(number(value))

    return store


def _packed(name: str, number: Number) -> Store:
    def store(into: Object, data: bytes, start: int, stop: int) -> None:
        while start < stop:
            value, start = read_varint(data, start)
            into.setdefault(name, []).append(number(value))

    return store


def _number_entry(number: Number) -> Callable[[bytes, int, int], tuple[str, Any]]:
    def parse_entry(data: bytes, start: int, stop: int) -> tuple[str, Any]:
        key, value = "", 0
        for field, kind, begin, end in read_fields(data, start, stop):
            if field == 1 and kind == DELIMITED:
                key = _text(data, begin, end)
            elif field == 2 and kind == VARINT:
                value = read_varint(data, begin)[0]
        return key, number(value)

    return parse_entry


_NUMBERS = frozenset({"integer", "boolean", "number"})


def _number_of(node: Node) -> Number:
    if node.type == "boolean":
        return bool
    if node.type == "number":
        return _double
    return signed32 if node.format == "int32" else signed


def _double(value: float) -> float:
    """Go writes whole numbers without a point, and no others than numbers."""
    if not math.isfinite(value):
        raise WireError(f"json: unsupported value: {value}")
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def _number(data: bytes, position: int, tag: int) -> tuple[float, int]:
    kind = tag & 7
    if kind == VARINT:
        value = data[position]
        return (value, position + 1) if value < 0x80 else read_varint(data, position)
    if kind == FIXED64:
        return (read_double(data, position), position + 8) if position + 8 <= len(data) else (0, position + 8)
    if kind == FIXED32:
        return 0, position + 4
    raise WireError(f"proto: illegal wireType {kind}")


def _text(data: bytes, start: int, stop: int) -> str:
    return str(data[start:stop], "utf-8", "replace")


def _base64(data: bytes, start: int, stop: int) -> str:
    return base64.b64encode(data[start:stop]).decode()
