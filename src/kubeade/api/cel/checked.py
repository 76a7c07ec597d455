"""A checked expression as a tree, read from what the engine serializes (cel.expr.CheckedExpr in protobuf).

https://github.com/google/cel-spec/blob/master/proto/cel/expr/checked.proto
Read is what an estimate of costs needs: the nodes, literal sizes, and types as their kinds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum


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
    test_only: bool = False
    target: "Node | None" = None
    """A select's operand, a method's receiver, a comprehension's range."""
    parts: list["Node"] = field(default_factory=list)
    """Arguments, elements; keys and values in turn; a comprehension's start, condition, step and result."""
    variables: tuple[str, ...] = ()
    """Of a comprehension."""


@dataclass(frozen=True, slots=True)
class Checked:
    root: Node
    kinds: Mapping[int, Kind]
    """By a node's id; what is not there is dynamic."""


def read(serialized: bytes) -> Checked:
    """Of what `Expression.serialize()` gives."""
    message = _fields(_first(_fields(serialized), 2))
    kinds = {}
    for entry in _all(message, 3):
        fields = _fields(entry)
        kinds[_number(fields, 1)] = _kind(_fields(_first(fields, 2)))
    return Checked(_node(_first(message, 4)), kinds)


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
        if number in (6, 7) and isinstance(value, bytes):
            node.size = len(value.decode("utf-8", "replace")) if number == 6 else len(value)
        elif number == 2:
            node.text = "true" if value else "false"
        elif number == 3:
            node.text = str(value)


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


def _map(node: Node, fields: _Fields) -> None:
    node.form = "map"
    for entry in map(_fields, _all(fields, 2)):
        node.parts += [_node(_first(entry, 3)), _node(_first(entry, 4))]


def _comprehension(node: Node, fields: _Fields) -> None:
    node.form, node.name = "comprehension", _text(fields, 3)
    node.variables = tuple(name for name in (_text(fields, 1), _text(fields, 8)) if name)
    node.target = _node(_first(fields, 2))
    node.parts = [_node(_first(fields, number)) for number in (4, 5, 6, 7)]


_FORMS = {3: _literal, 4: _ident, 5: _select, 6: _call, 7: _list, 8: _map, 9: _comprehension}
