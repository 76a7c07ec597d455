"""Expressions that select devices (upstream: k8s.io/dynamic-resource-allocation/cel).

`device` is dynamic here, so its fields are looked at after compiling: an unknown one, or one that is no
condition, is told as upstream's type checker tells it.
"""

import re
from collections.abc import Iterator

from kubeade.api.cel.checked import Kind, Node
from kubeade.api.cel.costs import Path
from kubeade.api.cel.environment import Program, compile_expression
from kubeade.api.cel.errors import CompileError
from kubeade.api.cel.tokens import code_only

_DEVICE = "device"
_DOMAIN_LENGTH, _NAME_LENGTH, _VALUE_LENGTH, _MOST_ENTRIES = 63, 32, 64, 32
_QUANTITY = "kubernetes.Quantity"
_TYPES = {
    "driver": "string",
    "allowMultipleAllocations": "",
    "attributes": "map(string, map(string, any))",
    "capacity": f"map(string, map(string, {_QUANTITY}))",
}
"""How the fields are called where the whole expression is one of them; "" for one that is a condition."""


def compile_device_selector(text: str) -> Program:
    """Raises CompileError, as for a value that cannot be a condition."""
    program = compile_expression(text, {_DEVICE: "dyn"})
    root = program.checked.root
    for node in _walk(root):
        if _is_field(node) and node.name not in _TYPES:
            raise CompileError(f"compilation failed: {_undefined(text, node.name)}")
    kind = program.result_type.lower().replace("<", "(").replace(">", ")")
    if _is_field(root) and _TYPES[root.name]:
        kind = _TYPES[root.name]
    if kind not in ("bool", "dyn"):
        raise CompileError(f"must evaluate to bool or the unknown type, not {kind}")
    return program


class DeviceShapes:
    """The largest device that there can be, for estimates of costs."""

    unknown = _VALUE_LENGTH

    def size(self, path: Path) -> int | None:
        if path[:2] == (_DEVICE, "driver"):
            return _DOMAIN_LENGTH
        if path[:1] != (_DEVICE,) or len(path) < 2 or path[1] not in ("attributes", "capacity"):
            return None
        if path[-1] == "@keys":
            return _DOMAIN_LENGTH if len(path) == 3 else _NAME_LENGTH
        if len(path) <= 3:
            return _MOST_ENTRIES
        return _VALUE_LENGTH if path[1] == "attributes" else 1

    def kind(self, path: Path) -> Kind | None:
        if path == (_DEVICE,):
            return Kind.STRUCT
        if path[:2] == (_DEVICE, "driver"):
            return Kind.STRING
        return Kind.MAP if path[:1] == (_DEVICE,) and len(path) in (2, 3) else None


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for each in [node.target, *node.parts]:
        if each is not None:
            yield from _walk(each)


def _is_field(node: Node) -> bool:
    target = node.target
    return node.form == "select" and target is not None and (target.form, target.name) == ("ident", _DEVICE)


def _undefined(text: str, name: str) -> str:
    """With its place in the text, as Go's CEL points at it."""
    found = re.search(rf"(?<![\w.]){_DEVICE}\s*(\.)\s*{re.escape(name)}\b", code_only(text))
    at = found.start(1) if found else 0
    line = text[:at].count("\n")
    column = at - (text.rfind("\n", 0, at) + 1)
    pointer = f" | {text.splitlines()[line]}\n | {'.' * column}^"
    return f"ERROR: <input>:{line + 1}:{column + 1}: undefined field '{name}'\n{pointer}"
