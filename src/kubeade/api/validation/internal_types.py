"""Values as upstream's messages show them: as the Go types that they are inside of it.

What is no text, number or boolean is shown as JSON of the internal type: every field by its Go name, in the
order of the type, with a zero or null for what is absent. Each file of rules describes the types that it
shows.
"""

import re
from dataclasses import dataclass
from typing import Any

from kubeade.api.parts import part

_INITIALS = re.compile(r"^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]")


@dataclass(frozen=True, slots=True)
class Plain:
    """Shown as it is; `zero` where it is absent."""

    zero: object = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    each: "Shape"


@dataclass(frozen=True, slots=True)
class Struct:
    """Fields by their Go names. `optional`: null where it is absent, instead of zeros."""

    fields: dict[str, "Shape"]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Metadata:
    """An embedded ObjectMeta, whose fields stand beside the others by their names on the wire."""


Shape = Plain | Items | Struct | Metadata
TEXT, NUMBER, FLAG, OPTIONAL = Plain(""), Plain(0), Plain(False), Plain()


def struct(**fields: Shape) -> Struct:
    return Struct(fields)


def pointer(**fields: Shape) -> Struct:
    return Struct(fields, optional=True)


def internal(value: Any, shape: Shape) -> Any:
    """The value (None for an absent one) as its internal type."""
    match shape:
        case Struct(fields, optional):
            return None if optional and value is None else _fields(part(value), fields)
        case Items(each):
            return value if not isinstance(value, list) else [internal(item, each) for item in value]
        case Plain(zero):
            return zero if value is None else value
        case Metadata():
            return part(value)


def _fields(value: dict[str, Any], fields: dict[str, Shape]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, shape in fields.items():
        if isinstance(shape, Metadata):
            found |= internal(value.get("metadata"), shape)
        else:
            found[name] = internal(value.get(_on_the_wire(name)), shape)
    return found


def _on_the_wire(name: str) -> str:
    """`MatchingPrecedence` -> `matchingPrecedence`, `APIGroup` -> `apiGroup`, `UID` -> `uid`."""
    return _INITIALS.sub(lambda initials: initials[0].lower(), name)
