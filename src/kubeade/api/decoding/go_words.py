"""What Go's decoders say of a value of the wrong type: clients and people know their words from upstream.

`json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`. The types
that a schema does not tell of (`v1.Protocol` is a string there) are listed in `go_types.txt`, a line per
definition; read when first something is wrong.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from kubeade.api.protobuf.numbers import PREFIX, fields_of
from kubeade.api.schema_node import Node

Step = tuple[str, str]
"""A definition's name and a field of it."""

_GO_SCALARS = {"string": "string", "boolean": "bool", "number": "float64", "quantity": "resource.Quantity"}
_JSON_TYPES: list[tuple[type, str]] = [(str, "string"), (list, "array"), (dict, "object")]


class WrongType(ValueError):
    """A value that is not of its node's type. `steps` lead to the field; the value stands `depth` lists and
    maps below it."""

    def __init__(self, steps: Sequence[Step], depth: int, node: Node, value: Any) -> None:
        self._node, self._value = node, value
        listed = _types().get(steps[-1][0], {}).get(steps[-1][1], "") if steps else ""
        self._type = _below(listed, depth) or _go(node)
        found = _found(node, value)
        super().__init__(f"json: cannot unmarshal {found} into Go {_place(steps)} of type {self._type}")

    def converted(self) -> str:
        """The same, in the words for values that no JSON decoder has seen (upstream: runtime's converter)."""
        found = _KINDS.get(type(self._value), "float64")
        match self._node.type:
            case "array":
                return f"cannot restore slice from {found}"
            case "object":
                return f"cannot restore {'map from' if self._node.values else 'struct from:'} {found}"
            case "string" if self._node.format == "byte":
                return f"cannot restore slice from {found}"
            case "int-or-string" | "quantity":
                return self._unmarshalled()
            case "string" if self._node.format == "date-time":
                return self._unmarshalled()
        if (found, self._node.type) in (("int64", "string"), ("float64", "integer")):
            return f"cannot convert {found} to {self._type}"
        return f"unrecognized type: {_go(self._node)}"

    def _unmarshalled(self) -> str:
        return f"json: cannot unmarshal {_found(self._node, self._value)} into Go value of type {self._type}"


_KINDS = {dict: "map", list: "slice", str: "string", bool: "bool", int: "int64"}


def _place(steps: Sequence[Step]) -> str:
    if not steps:
        return "value"
    path = ".".join(name for step in steps for name in (*_embedded(*step), step[1]))
    return f"struct field {steps[-1][0].rpartition('.')[2]}.{path}"


@cache
def _types() -> Mapping[str, Mapping[str, str]]:
    """By definition and field."""
    lines = Path(__file__).with_name("go_types.txt").read_text().splitlines()
    pairs = (line.partition(": ")[::2] for line in lines)
    return {PREFIX + name: dict(word.split("=") for word in words.split()) for name, words in pairs}


def _below(go_type: str, depth: int) -> str:
    """The type of what a list or a map of this type holds; "" where the name does not say."""
    for _ in range(depth):
        opened, _, inner = go_type.partition("]")
        go_type = inner if opened.startswith(("[", "map[")) else ""
    return go_type


def _embedded(message: str, field: str) -> tuple[str, ...]:
    """The structs that a field stands in without a field of their own: Go names them all the same."""
    for each in fields_of(message):
        if each.name == field:
            return ()
        if each.inlined and field in _names(each.inlined):
            return (each.inlined.rpartition(".")[2], *_embedded(each.inlined, field))
    return ()


def _names(message: str) -> set[str]:
    found: set[str] = set()
    for each in fields_of(message):
        found |= _names(each.inlined) if each.inlined else {each.name}
    return found


def _found(node: Node, value: Any) -> str:
    """What Go calls the value that it met."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {value}" if node.type in ("integer", "int-or-string") else "number"
    return next((name for type_, name in _JSON_TYPES if isinstance(value, type_)), "null")


def _go(node: Node) -> str:
    """What Go calls the type that it wanted, as far as the schema tells."""
    if node.type == "integer":
        return node.format or "int64"
    if node.type == "int-or-string":
        return "int32"
    if node.format == "byte":
        return "[]uint8"
    if node.format == "date-time":
        return "string"
    if node.type == "array":
        return f"[]{_go(node.items)}" if node.items else "[]interface {}"
    if node.type == "object" and node.values is not None:
        return f"map[string]{_go(node.values)}"
    package, _, name = node.name.rpartition(".")
    return f"{package.rpartition('.')[2]}.{name}" if name else _GO_SCALARS.get(node.type, "interface {}")
