"""A checked expression as a tree, read from what the engine serializes (cel.expr.CheckedExpr in protobuf).

https://github.com/google/cel-spec/blob/master/proto/cel/expr/checked.proto
Read is what evaluation and an estimate of costs need: the nodes, literals, and types as their kinds.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from kubeade.api.cel.values import Uint


class Kind(Enum):
    """What a value is, as far as costs go."""

    DYN = "dyn"
    SCALAR = "scalar"
    STRING = "string"
    LIST = "list"
    MAP = "map"
    STRUCT = "struct"
    OTHER = "other"


@dataclass(slots=True)
class Node:
    """One expression. `form` says which of the fields count."""

    id: int
    form: str = "none"
    """literal, ident, select, call, list, map, comprehension."""
    name: str = ""
    """Of an identifier, a field or a function; of a comprehension's accumulator."""
    size: int | None = None
    """Of a literal."""
    text: str = ""
    """Of a literal: whether it is `false` (a bind's condition), or a number."""
    value: Any = None
    """Of a literal."""
    test_only: bool = False
    target: "Node | None" = None
    """A select's operand, a method's receiver, a comprehension's range."""
    parts: list["Node"] = field(default_factory=list)
    """Arguments, elements; keys and values in turn; a comprehension's start, condition, step and result."""
    variables: tuple[str, ...] = ()
    """Of a comprehension."""
    optional: frozenset[int] = frozenset()
    """Which elements of a list, or entries of a map, are optional values (`[?x]`)."""


@dataclass(frozen=True, slots=True)
class Checked:
    root: Node
    kinds: Mapping[int, Kind]
    """By a node's id; what is not there is dynamic."""
    types: Mapping[int, str]
    """By a node's id, as Go's CEL writes them: `list(string)`."""
    offsets: Mapping[int, int]
    """Where in the text each node is, by its id."""


def idents(node: Node | None) -> Iterator[str]:
    """The names of all variables in an expression, those of comprehensions among them."""
    if node is None:
        return
    if node.form == "ident":
        yield node.name
    for below in (node.target, *node.parts):
        yield from idents(below)


def read(serialized: bytes) -> Checked:
    """Of what `Expression.serialize()` gives."""
    message = _fields(_first(_fields(serialized), 2))
    kinds, types = {}, {}
    for entry in map(_fields, _all(message, 3)):
        fields, identity = _fields(_first(entry, 2)), _number(entry, 1)
        kinds[identity], types[identity] = _kind(fields), _type_text(fields)
    positions = map(_fields, _all(_fields(_first(message, 5)), 4))
    offsets = {_number(entry, 1): _number(entry, 2) for entry in positions}
    return Checked(_node(_first(message, 4)), kinds, types, offsets)


_Fields = list[tuple[int, int | bytes]]


def _fields(data: bytes) -> _Fields:
    return list(_parsed(data))


def _parsed(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                value, at = _varint(data, at)
                yield tag >> 3, value
            case 1:
                yield tag >> 3, data[at : at + 8]
                at += 8
            case 2:
                length, at = _varint(data, at)
                yield tag >> 3, data[at : at + length]
                at += length
            case _:
                raise ValueError(f"wire type {tag & 7}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varints(packed: bytes) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value


def _all(fields: _Fields, number: int) -> list[bytes]:
    return [value for key, value in fields if key == number and isinstance(value, bytes)]


def _first(fields: _Fields, number: int) -> bytes:
    return next(iter(_all(fields, number)), b"")


def _number(fields: _Fields, number: int) -> int:
    return next((value for key, value in fields if key == number and isinstance(value, int)), 0)


def _text(fields: _Fields, number: int) -> str:
    return _first(fields, number).decode("utf-8", "replace")


_TYPES = {2: Kind.SCALAR, 3: Kind.SCALAR, 6: Kind.LIST, 7: Kind.MAP, 9: Kind.STRUCT}
_STRINGS = (5, 6)
_ANY = 1


def _kind(fields: _Fields) -> Kind:
    for number, value in fields:
        if number == 3 and value in _STRINGS:
            return Kind.STRING
        if number == 5:
            return Kind.DYN if value == _ANY else Kind.SCALAR
        if number == 14:
            return Kind.OTHER
        return _TYPES.get(number, Kind.DYN)
    return Kind.DYN


_PRIMITIVES = ("dyn", "bool", "int", "uint", "double", "string", "bytes")
_COMPOSED = (6, 7, 14)
_WELL_KNOWN = ("dyn", "dyn", "timestamp", "duration")


def _type_text(fields: _Fields) -> str:
    for number, value in fields:
        below = _fields(value) if number in _COMPOSED and isinstance(value, bytes) else []
        if number in (3, 4) and isinstance(value, int):
            return _PRIMITIVES[value]
        if number == 5 and isinstance(value, int):
            return _WELL_KNOWN[value]
        if number == 2:
            return "null"
        if number == 6:
            return f"list({_type_text(_fields(_first(below, 1)))})"
        if number == 7:
            return f"map({_type_text(_fields(_first(below, 1)))}, {_type_text(_fields(_first(below, 2)))})"
        if number == 9 and isinstance(value, bytes):
            return value.decode()
        if number == 14:
            parameters = ", ".join(_type_text(_fields(each)) for each in _all(below, 2))
            return f"{_text(below, 1)}({parameters})" if parameters else _text(below, 1)
    return "dyn"


def _node(data: bytes) -> Node:
    fields = _fields(data)
    node = Node(_number(fields, 2))
    for number, value in fields:
        if number in _FORMS and isinstance(value, bytes):
            _FORMS[number](node, _fields(value))
    return node


def _literal(node: Node, fields: _Fields) -> None:
    node.form, node.size = "literal", 1
    for number, value in fields:
        if number in _CONSTANTS:
            node.value = _CONSTANTS[number](value)
    if isinstance(node.value, str | bytes):
        node.size = len(node.value)
    elif isinstance(node.value, bool):
        node.text = "true" if node.value else "false"
    elif type(node.value) is int:
        node.text = str(node.value)


def _signed(value: Any) -> int:
    return int(value - (1 << 64) if value >> 63 else value)


_CONSTANTS: dict[int, Callable[[Any], Any]] = {
    2: bool,
    3: _signed,
    4: Uint,
    5: lambda value: struct.unpack("<d", value)[0],
    6: lambda value: value.decode("utf-8", "replace"),
    7: bytes,
}


def _ident(node: Node, fields: _Fields) -> None:
    node.form, node.name = "ident", _text(fields, 1)


def _select(node: Node, fields: _Fields) -> None:
    node.form, node.name, node.test_only = "select", _text(fields, 2), bool(_number(fields, 3))
    node.target = _node(_first(fields, 1))


def _call(node: Node, fields: _Fields) -> None:
    node.form, node.name = "call", _text(fields, 2)
    target = _first(fields, 1)
    node.target = _node(target) if target else None
    node.parts = [_node(each) for each in _all(fields, 3)]


def _list(node: Node, fields: _Fields) -> None:
    node.form, node.parts = "list", [_node(each) for each in _all(fields, 1)]
    node.optional = frozenset(index for packed in _all(fields, 2) for index in _varints(packed))


def _map(node: Node, fields: _Fields) -> None:
    """Messages, too: nobody can make one, as no environment has a type for them."""
    node.form = "map"
    entries = [_fields(entry) for entry in _all(fields, 2)]
    for entry in entries:
        node.parts += [_node(_first(entry, 3)), _node(_first(entry, 4))]
    node.optional = frozenset(index for index, entry in enumerate(entries) if _number(entry, 5))


def _comprehension(node: Node, fields: _Fields) -> None:
    node.form, node.name = "comprehension", _text(fields, 3)
    node.variables = tuple(name for name in (_text(fields, 1), _text(fields, 8)) if name)
    node.target = _node(_first(fields, 2))
    node.parts = [_node(_first(fields, number)) for number in (4, 5, 6, 7)]


_FORMS = {3: _literal, 4: _ident, 5: _select, 6: _call, 7: _list, 8: _map, 9: _comprehension}
