"""Sets of fields, in the very form in which they are stored (`fieldsV1`).

A set is a tree of dicts. A key is a path element: `f:name` for a member of an object, `k:{"name":"x"}` for an
item of a list with keys, `v:"x"` for an item of a set, `i:0` for a place in a list. A node is a member of the
set when it is empty or holds the key `.`; the empty dict at the root is the empty set. So reading and
writing managedFields costs nothing, and Python compares sets by itself. Sets are never changed once made.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

Fields = dict[str, Any]
"""A set, or the node of one: path element -> node below it."""

Path = tuple[str, ...]
SELF = "."
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def field(name: str) -> str:
    """The path element of a member of an object."""
    return "f:" + name


def key(values: dict[str, Any]) -> str:
    """The path element of a list item with these key fields, which must be sorted by name."""
    return "k:" + _json(values)


@lru_cache(maxsize=4096)
def text_key(name: str, text: str) -> str:
    """`key` for one key field that holds a text: nearly all items have that, and the same over and over."""
    return key({name: text})


def value(scalar: Any) -> str:
    """The path element of an item of a set."""
    return "v:" + _json(scalar)


def _json(scalar: Any) -> str:
    return msgspec.json.encode(scalar).decode().translate(_HTML)


def is_member(node: Fields) -> bool:
    """Whether a node that stands in a set is itself a member of it."""
    return not node or SELF in node


def union(left: Fields, right: Fields) -> Fields:
    """The fields of either set."""
    if not left or not right:
        return left or right
    result = dict(left)
    for element, node in right.items():
        mine = result.get(element)
        result[element] = node if mine is None else _united(mine, node)
    return result


def _united(left: Fields, right: Fields) -> Fields:
    if left and right:
        return union(left, right)
    below = left or right
    return below if not below or SELF in below else {SELF: {}, **below}


def difference(left: Fields, right: Fields) -> Fields:
    """The fields of `left` that are no fields of `right`. Owning a field is not owning what is below it."""
    if not right:
        return left
    result: Fields = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None:
            result[element] = node
            continue
        rest = difference({k: v for k, v in node.items() if k != SELF}, other)
        if is_member(node) and not is_member(other):
            result[element] = {SELF: {}, **rest} if rest else {}
        elif rest:
            result[element] = rest
    return result


def without(left: Fields, right: Fields) -> Fields:
    """`left` less the fields of `right` and everything below them."""
    if not right:
        return left
    result: Fields = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None:
            result[element] = node
        elif not is_member(other):
            rest = without(node, other)
            if rest or not node:
                result[element] = rest
    return result


def intersection(left: Fields, right: Fields) -> Fields:
    """The fields of both sets."""
    result: Fields = {}
    for element, node in left.items():
        other = right.get(element)
        if other is None or element == SELF:
            continue
        shared = intersection(node, other) if node and other else {}
        if is_member(node) and is_member(other):
            result[element] = {SELF: {}, **shared} if shared else {}
        elif shared:
            result[element] = shared
    return result


def has(fields: Fields, path: Path) -> bool:
    """Whether the field at a path is a member."""
    node: Fields | None = fields
    for element in path:
        node = node.get(element) if node is not None else None
    return node is not None and is_member(node)


def paths(fields: Fields, prefix: Path = ()) -> Iterator[Path]:
    """Every member's path; parents before children, in the order of upstream's messages."""
    elements = sorted((element for element in fields if element != SELF), key=_rank)
    yield from ((*prefix, element) for element in elements if is_member(fields[element]))
    for element in elements:
        yield from paths(fields[element], (*prefix, element))


def _rank(element: str) -> tuple[int, str]:
    return "fkvi".find(element[0]), element


def of_paths(*members: Path) -> Fields:
    """The set with these members, each given as a path of field names."""
    result: Fields = {}
    for names in members:
        node: Fields = {}
        for name in reversed(names):
            node = {field(name): node}
        result = union(result, node)
    return result


def printed(path: Path) -> str:
    """`.spec.containers[name="x"].image`: a path as messages show it."""
    return "".join(map(printed_element, path))


def printed_element(element: str) -> str:
    """One element of a path as messages show it."""
    kind, _, content = element.partition(":")
    if kind == "f":
        return "." + content
    if kind == "i":
        return f"[{content}]"
    decoded = msgspec.json.decode(content)
    if kind == "v":
        return f"[={_printed_scalar(decoded)}]"
    return "[" + ",".join(f"{name}={_printed_scalar(scalar)}" for name, scalar in decoded.items()) + "]"


def _printed_scalar(scalar: Any) -> str:
    return msgspec.json.encode(scalar).decode()


def checked(fields: Any) -> Fields:
    """A client's fieldsV1 as a set: keys in canonical form, unknown kinds of elements left out.

    Raises ValueError or TypeError where it is no set of fields.
    """
    if not isinstance(fields, dict):
        raise TypeError("fieldsV1 is not an object")
    result: Fields = {}
    for element, node in fields.items():
        canonical = element if element == SELF or element.startswith("f:") else _canonical(element)
        if canonical:
            result[canonical] = checked(node)
    return result


def _canonical(element: str) -> str:
    kind, separator, content = element[:1], element[1:2], element[2:]
    if separator != ":":
        raise ValueError(f"missing colon: {element}")
    if kind == "i":
        return f"i:{int(content)}"
    if kind not in "kv":
        return ""
    decoded = msgspec.json.decode(content)
    if kind == "v":
        return value(decoded)
    if not isinstance(decoded, dict):
        raise TypeError(f"not a key: {element}")
    return key(dict(sorted(decoded.items())))
