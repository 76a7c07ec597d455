"""What upstream's types make of nothing: which fields are always there, and which zeros are left out.

Upstream decodes a body into Go's structs and encodes those again, so that an object has some fields that
nobody has sent (`resources: {}`) and lacks some that somebody has (`hostNetwork: false`). Which, the table of
`api.protobuf` says, because zeros on the wire are told apart by the same rule. Of definitions that the table
lacks only empty lists and maps are left out.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from kubeade.api.patch.json_value import copied
from kubeade.api.protobuf.numbers import Field, fields_of
from kubeade.api.schema_node import Node

_SCALARS: Mapping[str, Any] = {
    "string": "",
    "boolean": False,
    "integer": 0,
    "number": 0,
    "quantity": "0",
    "int-or-string": 0,
}


class Zeros:
    """The fields of one struct. `always`: what those are that are always there. `nulls`: those that are there
    as a null, which we leave out. `omitted`: the fields whose zero is left out."""

    def __init__(self, node: Node) -> None:
        known = _fields(node.name)
        self.omitted = frozenset(name for name in node.fields if _is_omitted(node, name, known.get(name)))
        self.always: dict[str, Any] = {}
        for name, field in known.items():
            if field.always_there and name in node.fields:
                self.always[name] = zero(node.fields[name])
        self.nulls = frozenset(name for name, value in self.always.items() if value is None)
        self._filled = frozenset(self.always) - self.nulls

    def fill(self, obj: dict[str, Any]) -> None:
        """Put in what is always there, in place."""
        if obj.keys() >= self._filled:
            return
        for name, value in self.always.items():
            if name not in obj and value is not None:
                obj[name] = copied(value)

    def leaves_out(self, name: str, value: Any) -> bool:
        """Whether a field of this value is not written."""
        return not value and name in self.omitted


@lru_cache(maxsize=2048)  # of nodes that are in use, which last as long as their schema
def zeros_of(node: Node) -> Zeros:
    """Of a struct of the schema."""
    return Zeros(node)


def zero(node: Node) -> Any:
    """What a struct or a scalar is where nothing was said; None for what is null then."""
    if node.type == "object" and node.values is None and not node.preserves_unknown_fields:
        found: dict[str, Any] = {}
        zeros_of(node).fill(found)
        return found
    return None if node.format in ("byte", "date-time") else _SCALARS.get(node.type)


def _is_omitted(node: Node, name: str, known: Field | None) -> bool:
    if known is not None:
        return not known.keeps_zero
    field = node.fields[name]
    empty = field.type == "array" or (field.type == "object" and field.values is not None)
    return empty and name not in node.required


@cache
def _fields(message: str) -> Mapping[str, Field]:
    """By name, with those of inlined messages."""
    found: dict[str, Field] = {}
    for field in fields_of(message):
        found.update(_fields(field.inlined) if field.inlined else {field.name: field})
    return found
