"""What a schema says about merging, made ready for walking over objects quickly.

There are three shapes. A LEAF is owned as a whole: scalars, and lists and maps that the schema calls atomic.
A MAP is owned member by member, a LIST item by item. A value that does not fit its shape (a null, a string
where a map should stand) is treated as a leaf. Where the schema does not know a field, maps are granular and
lists are atomic.
"""

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from kubeade.api.apply import field_set
from kubeade.api.apply.field_set import Fields
from kubeade.api.schema_node import Node
from kubeade.api.zeros import zeros_of


class Form(Enum):
    """Of what form a shape is."""

    LEAF = 0
    MAP = 1
    LIST = 2


_SCALARS = frozenset({"string", "integer", "number", "boolean", "int-or-string", "quantity"})
_RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension"

_KEPT_LENGTH = 256
"""Longer keys are made anew each time: what is kept must stay small."""
_KEPT_SETS = 64

Step = tuple[str, "Shape"]
"""A path element, and the shape below it."""


class Shape:
    """The shape of one place in an object. The shapes below are made when first asked for."""

    __slots__ = (
        "_declared",
        "_defaults",
        "_node",
        "_steps",
        "_unbranched",
        "absent",
        "element",
        "form",
        "items",
        "keys",
        "nulls",
    )

    def __init__(self, node: Node | None, form: Form) -> None:
        self._node = node
        self._steps: dict[str, Step] = {}
        self._declared: Mapping[str, Node] = node.fields if node is not None and form is Form.MAP else {}
        self._defaults: dict[str, Any] = {}
        self._unbranched: dict[tuple[str, ...], Fields] = {}
        self.form = form
        zeros = zeros_of(node) if node is not None and node.name and form is Form.MAP else None
        self.absent: Mapping[str, Any] = zeros.always if zeros else {}
        """What stands for members that are always there, where they are missing."""
        self.nulls: frozenset[str] = zeros.nulls if zeros else frozenset()
        self.element: Shape | None = None
        self.items: Shape | None = None
        self.keys: tuple[str, ...] = ()

    @property
    def scalar(self) -> str:
        """The type of a scalar, "" for what is none or may be anything."""
        return self._node.type if self._node is not None and self._node.type in _SCALARS else ""

    @property
    def format(self) -> str:
        return self._node.format if self._node is not None else ""

    @property
    def node(self) -> Node | None:
        return self._node

    def declares(self, name: str) -> bool:
        """Whether the schema names this member (an entry of a map it does not)."""
        return name in self._declared

    def step(self, name: str) -> Step:
        """Down to the member of this name; one that the schema knows nothing of may hold anything."""
        step = self._steps.get(name)
        if step is None:
            declared = self._declared.get(name)
            if declared is None:
                # Names of map entries come from users: they are not kept.
                return "f:" + name, self.element or ANYTHING
            step = self._steps[name] = ("f:" + name, shape_of(declared))
        return step

    def unbranched(self, names: tuple[str, ...]) -> Fields | None:
        """The set of a struct with these members, if it was kept: the same for all structs that have them."""
        return self._unbranched.get(names)

    def keep_unbranched(self, names: tuple[str, ...], fields: Fields) -> None:
        """Only for members that the schema names and that are leaves."""
        if len(self._unbranched) < _KEPT_SETS:
            self._unbranched[names] = fields

    def item_element(self, item: Any) -> str:
        """The path element of an item of this list. Raises ValueError for an item that has none."""
        if not self.keys:
            return _set_element(item)
        if len(self.keys) == 1 and type(item) is dict:
            text = item.get(self.keys[0])
            if type(text) is str and len(text) <= _KEPT_LENGTH:
                return field_set.text_key(self.keys[0], text)
        if type(item) is not dict:
            what = "null element" if item is None else "non-map elements"
            raise ValueError(f"associative list with keys may not have {'a ' * (item is None)}{what}")
        found: dict[str, Any] = {}
        for key in self.keys:
            value = item[key] if key in item else self._defaults.get(key)
            if value is not None:
                found[key] = value
        if not found:
            raise ValueError(self._without_keys())
        return field_set.key(found)

    def _without_keys(self) -> str:
        keys = "[" + " ".join(f'"{key}"' for key in self.keys) + "]"
        omits = f"associative list with keys has an element that omits all key fields {keys}"
        return f"{omits} (and doesn't have default values for any key fields)"


def _set_element(item: Any) -> str:
    if type(item) is dict:
        raise ValueError("associative list without keys has an element that's a map type")
    if type(item) is list:
        raise ValueError("not supported: associative list with lists as elements")
    if item is None:
        raise ValueError("associative list without keys has an element that's an explicit null")
    return field_set.value(item)


LEAF = Shape(None, Form.LEAF)
ANYTHING = Shape(None, Form.MAP)
ANYTHING.element = ANYTHING


@lru_cache(maxsize=8192)
def shape_of(node: Node) -> Shape:
    """The shape that a schema node stands for. Nodes are never changed, so neither are shapes."""
    if node.type == "array":
        return _list_shape(node)
    if node.type in _SCALARS:
        return Shape(node, Form.LEAF)
    if node.name == _RAW or node.map_type == "atomic":
        return Shape(node, Form.LEAF)
    if node.type == "any" and not node.fields:
        return ANYTHING
    return _map_shape(node)


def granular(node: Node) -> Shape:
    """The shape of a map that is owned as a whole, as if it were not."""
    return _map_shape(node)


def _map_shape(node: Node) -> Shape:
    shape = Shape(node, Form.MAP)
    values = node.values
    if values is not None:
        shape.element = shape_of(values)
    elif node.preserves_unknown_fields or not node.fields:
        shape.element = ANYTHING
    return shape


def _key_defaults(keys: tuple[str, ...], items: Node) -> dict[str, Any]:
    """What stands for a key that an item omits: what its schema says, or the zero that is always there."""
    always = zeros_of(items).always if items.name else {}
    declared = {key: items.fields[key].default for key in keys if key in items.fields}
    found = {key: always.get(key) if value is None else value for key, value in declared.items()}
    return {key: value for key, value in found.items() if value is not None}


def _list_shape(node: Node) -> Shape:
    if node.list_type == "atomic":
        return Shape(node, Form.LEAF)
    shape = Shape(node, Form.LIST)
    shape.items = shape_of(node.items) if node.items is not None else ANYTHING
    if node.list_type == "map":
        shape.keys = tuple(sorted(node.map_keys))
        if node.items is not None:
            shape._defaults.update(_key_defaults(shape.keys, node.items))
    return shape
