"""Walks an object that is not clean: drops unknown fields and nulls, makes values canonical, names errors.

Type errors are worded like Go's JSON decoder, which clients and people know from upstream:
`json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
"""

from collections.abc import Callable
from typing import Any

from kubeade.api.decoding.go_words import Step, WrongType
from kubeade.api.decoding.values import (
    INT32,
    canonical_amount,
    canonical_base64,
    canonical_quantity,
    canonical_time,
    integers,
)
from kubeade.api.resource import Object
from kubeade.api.schema_node import Node
from kubeade.api.zeros import zero, zeros_of

MOST_UNKNOWN_FIELDS = 100
_OMITTED = object()


class Cleaner:
    """One walk. `unknown` collects the paths of unknown fields, in the order they are met."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        # Where the walk is: structs and their fields, and how many lists and maps below the last one.
        self._steps: list[Step] = []
        self._depth = 0

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
            if values.type == "quantity":
                return {key: canonical_amount("0" if each is None else each) for key, each in value.items()}
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
        outer, self._depth = self._depth, 0
        self._steps.append((parent.name, name))
        cleaned = self.clean(node, value, path)
        self._steps.pop()
        self._depth = outer
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
        self._depth += 1
        cleaned = self.clean(node, value, path)
        self._depth -= 1
        return cleaned

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
        raise WrongType(self._steps, self._depth, node, value)


def _text_form(node: Node) -> Callable[[str], str]:
    if node.format == "byte":
        return canonical_base64
    if node.format == "date-time":
        micro = node.name.endswith(".MicroTime")
        return lambda value: canonical_time(value, micro)
    return str


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
