"""What a valid object is changed to: every field of it, and every field that the schema has beside them, to wrong
types, empty, out of range, malformed, missing or doubled."""

import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

from kubeade.api.schema_node import Node

Steps = tuple[str | int, ...]


class _Gone:
    """Stands for a field that is taken away."""


GONE, OUTSIDE = _Gone(), _Gone()


def walk(node: Node, value: Any, steps: Steps) -> Iterator[tuple[Steps, Node, Any]]:
    """Every field that is there, and those beside it that could be."""
    if isinstance(value, dict):
        for name, each in value.items():
            known = node.fields.get(name) or node.values or Node({})
            yield (*steps, name), known, each
            yield from walk(known, each, (*steps, name))
        for name, known in node.fields.items():
            if name not in value and (steps or name not in ("metadata", "kind", "apiVersion", "status")):
                yield (*steps, name), known, OUTSIDE
    elif isinstance(value, list):
        for index, each in enumerate(value):
            known = node.items or Node({})
            yield (*steps, index), known, each
            yield from walk(known, each, (*steps, index))


_WRONG = {
    "string": (1, True, [], {}),
    "integer": ("x", 1.5, True, [], 2**40, 2**70),
    "number": ("x", [], {}),
    "boolean": ("true", 1, {}),
    "array": ("x", {}, 1),
    "object": ("x", [], 1),
    "quantity": ({}, [], True),
    "int-or-string": (True, [], {}, 1.5),
}
_ODD = {
    "string": ("", "Not Valid!", "a" * 300, "UPPER", "-x-", "valid"),
    "integer": (0, -1, 1, 70000, 2**31 - 1),
    "number": (0, -1, 1.5),
    "boolean": (True, False),
    "quantity": ("", "abc", "-1", "0", "1.5", "1000m", "0.1m", 3, "1Ki"),
    "int-or-string": (0, -1, "10%", "101%", "abc", "", 70000, "-5%"),
    "any": ({}, "x", 1),
}


def variants(node: Node, value: Any, random: Random) -> Iterator[tuple[str, Any]]:
    """What to put in the place of a value (or where none is): one wrong type, and a few odd values."""
    kind = node.type
    wrong = random.choice(_WRONG.get(kind, ((),)))
    if kind in _WRONG:
        yield f"is {json.dumps(wrong)}", wrong
    odd = [*_ODD.get(kind, ())]
    if node.format == "date-time":
        odd = ["", "yesterday", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00.5+02:00"]
    elif node.format == "byte":
        odd = ["", "!", "YQ==", "YQ"]
    count = 2 if value is OUTSIDE else 3
    for each in random.sample(odd, min(count, len(odd))):
        yield f"is {json.dumps(each)[:40]}", each
    if kind == "array":
        yield "is []", []
        if isinstance(value, list) and value:
            yield "is doubled", [*value, value[0]]
            yield "has an empty item", [*value, {} if isinstance(value[0], dict) else ""]
        elif value is OUTSIDE:
            yield "is new", [_sample(node.items or Node({}), random, 0)]
    if kind == "object":
        yield "is {}", {}
        if value is OUTSIDE:
            yield "is new", _sample(node, random, 0)
    if value is not OUTSIDE:
        yield "is gone", GONE
        if random.random() < 0.3:
            yield "is null", None


def _sample(node: Node, random: Random, depth: int) -> Any:
    """Something of a node's type."""
    match node.type:
        case "object" if node.values is not None:
            return {"a": _sample(node.values, random, depth + 1)}
        case "object":
            if depth > 2:
                return {}
            names = [name for name in node.fields if name in node.required or random.random() < 0.5]
            return {name: _sample(node.fields[name], random, depth + 1) for name in names}
        case "array":
            return [_sample(node.items or Node({}), random, depth + 1)] if depth < 3 else []
        case "integer" | "number" | "int-or-string":
            return random.choice([0, 1, 5])
        case "boolean":
            return True
        case "quantity":
            return "1Gi"
        case "string" if node.format == "date-time":
            return "2026-01-01T00:00:00Z"
        case "string" if node.format == "byte":
            return "YQ=="
        case "string":
            return random.choice(["a", "a.example.com", "a.example.com/b", "None"])
    return {}


def changed(whole: dict[str, Any], steps: Steps, value: Any) -> dict[str, Any]:
    other: Any = deepcopy(whole)
    here = other
    for step in steps[:-1]:
        here = here[step]
    if value is GONE:
        del here[steps[-1]]
    else:
        here[steps[-1]] = value
    return other


def path_text(steps: Steps) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
