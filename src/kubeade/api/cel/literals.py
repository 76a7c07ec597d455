"""What Go's CEL finds wrong with literals when it compiles, and the engine does not: lists and maps of
several types, patterns that are none, and unknown clauses of formats (cel-go: checker, cel/validator.go)."""

import re
from collections.abc import Iterator, Sequence

from kubeade.api.cel.checked import Checked, Node
from kubeade.api.cel.errors import CompileError
from kubeade.api.linear_patterns import searcher

_CLAUSE = re.compile(r"%(?:\.\d+)?(.)?", re.DOTALL)
_CLAUSES = frozenset("sdfebxXo%")
_ANY_TYPE = "dyn"


def check_literals(checked: Checked, *, structs: bool = False) -> None:
    """Raises CompileError for the first that is wrong. Maps that stand for `structs` may hold anything."""
    _check(checked, checked.root, formatted=False, structs=structs)


def _check(checked: Checked, node: Node, *, formatted: bool, structs: bool) -> None:
    """What is `formatted` may be of several types."""
    if node.form == "list" and not formatted:
        _check_one_type(checked, node.parts, node.optional)
    elif node.form == "map" and not structs:
        _check_one_type(checked, node.parts[::2], frozenset())
        _check_one_type(checked, node.parts[1::2], node.optional)
    elif node.form == "call":
        _check_call(node)
    for below in _below(node):
        inside = node.form == "call" and node.name == "format"
        _check(checked, below, formatted=inside, structs=structs)


def _below(node: Node) -> Iterator[Node]:
    if node.target is not None:
        yield node.target
    yield from node.parts


def _check_one_type(checked: Checked, parts: Sequence[Node], optional: frozenset[int]) -> None:
    wanted = ""
    for number, each in enumerate(parts):
        found = checked.types.get(each.id, _ANY_TYPE)
        if number in optional and found.startswith("optional_type("):
            found = found[len("optional_type(") : -1]
        wanted = wanted or found
        if found != wanted and _ANY_TYPE not in f"{wanted} {found}" and "null" not in (wanted, found):
            raise CompileError(f"expected type '{wanted}' but found '{found}'", each.id)


def _check_call(node: Node) -> None:
    if node.name == "matches" and isinstance(node.parts[-1].value, str):
        try:
            searcher(node.parts[-1].value)
        except (ValueError, re.error):
            raise CompileError("invalid matches argument", node.parts[-1].id) from None
    if node.name == "format" and node.target is not None and isinstance(node.target.value, str):
        for clause in _CLAUSE.findall(node.target.value):
            if clause not in _CLAUSES:
                told = f'unrecognized formatting clause "{clause}"' if clause else "unexpected end of string"
                raise CompileError(f"could not parse formatting clause: {told}", node.id)
