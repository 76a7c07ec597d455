"""Walks an object that is not clean: drops unknown fields and nulls, makes values canonical, names errors.

Type errors are worded like Go's JSON decoder, which clients and people know from upstream:
`json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
"""

from collections.abc import Callable
from typing import Any

from kubeade.api.decoding.values import (
    INT32,
    canonical_base64,
    canonical_quantity,
    canonical_time,
    integers,
)
from kubeade.api.resource import Object
from kubeade.api.schema_node import Node
from kubeade.api.zeros import zero, zeros_of

MOST_UNKNOWN_FIELDS = 100
_GO_SCALARS = {"string": "string", "boolean": "bool", "number": "float64", "quantity": "resource.Quantity"}
_JSON_TYPES: list[tuple[type, str]] = [(str, "string"), (list, "array"), (dict, "object")]
_OMITTED = object()


class Cleaner:
    """One walk. `unknown` collects the paths of unknown fields, in the order they are met."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        # Where the walk is: the structs' names and fields, as Go tells of them.
        self._struct = ""
        self._fields: list[str] = []

    def clean(self, node: Node, value: Any, path: str = "") -> Any:
        """The value as it is to be kept. Raises ValueError for a wrong type."""
        if node.type == "object":
            return self._object(node, value, path)
        if node.type == "array":
            return self._array(node, value, path)
        if node.type == "any":
            inside = node.inside if isinstance(value, dict) else None
            return value if inside is None else self.clean(inside, value, path)
        return self._scalar(node, value)

    def _object(self, node: Node, value: Any, path: str) -> Any:
        self._expect(isinstance(value, dict), node, value)
        if node.values is not None:
            values = node.values
            return {key: self._element(values, each, _join(path, key)) for key, each in value.items()}
        if node.preserves_unknown_fields:
            return value
        kept: Object = {}
        zeros = zeros_of(node)
        for name, field in value.items():
            known = node.fields.get(name)
            if known is None:
                self._add_unknown(_join(path, name))
                continue
            cleaned = self._field(node, name, known, field, _join(path, name))
            if cleaned is not _OMITTED and not zeros.leaves_out(name, cleaned):
                kept[name] = cleaned
        zeros.fill(kept)
        return kept

    def _field(self, parent: Node, name: str, node: Node, value: Any, path: str) -> Any:
        if value is None and node.type != "any":
            return _OMITTED
        outer, self._struct = self._struct, parent.name.rpartition(".")[2]
        self._fields.append(name)
        cleaned = self.clean(node, value, path)
        self._fields.pop()
        self._struct = outer
        return cleaned

    def _array(self, node: Node, value: Any, path: str) -> list[Any]:
        self._expect(isinstance(value, list), node, value)
        if node.items is None:
            return list(value)
        items = node.items
        return [self._element(items, each, f"{path}[{index}]") for index, each in enumerate(value)]

    def _element(self, node: Node, value: Any, path: str) -> Any:
        """An item of a list or a map; a null there stands for the type's empty value."""
        if value is None:
            return [] if node.type == "array" else {} if node.values is not None else zero(node)
        return self.clean(node, value, path)

    def _scalar(self, node: Node, value: Any) -> Any:
        if node.type == "integer":
            fits = type(value) is int and value in integers(node.format)
            self._expect(fits, node, value)
        elif node.type == "boolean":
            self._expect(isinstance(value, bool), node, value)
        elif node.type == "number":
            self._expect(type(value) in (int, float), node, value)
        elif node.type == "int-or-string":
            self._expect(isinstance(value, str) or (type(value) is int and value in INT32), node, value)
        elif node.type == "quantity":
            return canonical_quantity(value)
        elif node.type == "string":
            self._expect(isinstance(value, str), node, value)
            return _text_form(node)(value)
        return value

    def _add_unknown(self, path: str) -> None:
        if len(self.unknown) < MOST_UNKNOWN_FIELDS:
            self.unknown.append(path)

    def _expect(self, fits: bool, node: Node, value: Any) -> None:
        if fits:
            return
        where = f"struct field {self._struct}.{'.'.join(self._fields)}" if self._fields else "value"
        raise ValueError(f"json: cannot unmarshal {_found(node, value)} into Go {where} of type {_go(node)}")


def _text_form(node: Node) -> Callable[[str], str]:
    if node.format == "byte":
        return canonical_base64
    if node.format == "date-time":
        micro = node.name.endswith(".MicroTime")
        return lambda value: canonical_time(value, micro)
    return str


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _found(node: Node, value: Any) -> str:
    """What Go calls the value that it met."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {value}" if node.type in ("integer", "int-or-string") else "number"
    return next((name for type_, name in _JSON_TYPES if isinstance(value, type_)), "null")


def _go(node: Node) -> str:
    """What Go calls the type that it wanted."""
    if node.type == "integer":
        return node.format or "int64"
    if node.type == "int-or-string":
        return "intstr.IntOrString"
    if node.format == "byte":
        return "[]uint8"
    if node.type == "array":
        return f"[]{_go(node.items)}" if node.items else "[]interface {}"
    if node.type == "object" and node.values is not None:
        return f"map[string]{_go(node.values)}"
    package, _, name = node.name.rpartition(".")
    return f"{package.rpartition('.')[2]}.{name}" if name else _GO_SCALARS.get(node.type, "interface {}")
