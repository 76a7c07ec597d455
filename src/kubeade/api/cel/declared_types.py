"""The types that variables and functions are declared with, and the engine's own for them.

A type is a text - `int`, `list<string>`, `map<string,dyn>`, `kubernetes.Quantity` - or, for values whose
schema is known, a `Struct`, or a list or map of such.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

SIMPLE = frozenset(
    {
        "bool",
        "bytes",
        "double",
        "duration",
        "dyn",
        "int",
        "list",
        "map",
        "null",
        "string",
        "timestamp",
        "uint",
    }
)
_RESULT = re.compile(r"(LIST|MAP)<(.*)>")


@dataclass(frozen=True, slots=True)
class Listed:
    items: "Declared"


@dataclass(frozen=True, slots=True)
class Mapped:
    """Its keys are strings."""

    values: "Declared"


@dataclass(frozen=True, slots=True)
class Struct:
    """An object with these fields and no others."""

    fields: tuple[tuple[str, "Declared"], ...]


Declared = str | Listed | Mapped | Struct


def structs_in(declared: Declared) -> list[Struct]:
    """Those at any depth, the innermost first."""
    match declared:
        case Listed(below) | Mapped(below):
            return structs_in(below)
        case Struct(fields):
            return [*(each for _, below in fields for each in structs_in(below)), declared]
    return []


def engine_type(declared: Declared, types: Any, messages: dict[Struct, str]) -> Any:
    """`types` is the engine's class for them."""
    match declared:
        case Listed(below):
            return types.List(engine_type(below, types, messages))
        case Mapped(below):
            return types.Map(types.STRING, engine_type(below, types, messages))
        case Struct():
            return types(messages[declared])
    return _named_type(declared, types)


@cache
def _named_type(name: str, types: Any) -> Any:
    if name in SIMPLE:
        return getattr(types, name.upper())
    if name.startswith("list<"):
        return types.List(_named_type(name[5:-1], types))
    if name.startswith("map<"):
        key, _, value = name[4:-1].partition(",")
        return types.Map(_named_type(key.strip(), types), _named_type(value.strip(), types))
    return types.AbstractType(name)


def type_of_result(shown: str) -> str:
    """From the engine's name of it (`LIST<INT>`); optional values and the like are dynamic."""
    found = _RESULT.fullmatch(shown)
    if found is None:
        name = shown.lower()
        return name if name in SIMPLE else shown if "." in shown and "<" not in shown else "dyn"
    parts = [type_of_result(each) for each in (found[2].split(", ", 1) if found[1] == "MAP" else [found[2]])]
    return f"{found[1].lower()}<{','.join(parts)}>"
