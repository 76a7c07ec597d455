"""The table of field numbers, parsed a line at a time when a message is first met."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PREFIX = "io.k8s."


@dataclass(frozen=True, slots=True)
class Field:
    """`inlined` names the message whose fields stand here; then `name` is empty."""

    name: str
    optional: bool
    inlined: str = ""


@cache
def _lines() -> Mapping[str, str]:
    text = Path(__file__).with_name("numbers.txt").read_text()
    pairs = (line.partition(": ") for line in text.splitlines())
    return {PREFIX + name: words for name, _, words in pairs}


@cache
def fields_of(message: str) -> Mapping[int, Field]:
    """The fields of a message by number; empty for one that the table does not have."""
    fields: dict[int, Field] = {}
    number = 0
    for word in _lines().get(message, "").split():
        name, _, explicit = word.partition("=")
        number = int(explicit) if explicit else number + 1
        if name.startswith("&"):
            fields[number] = Field("", optional=False, inlined=PREFIX + name[1:])
        else:
            fields[number] = Field(name.rstrip("?"), optional=name.endswith("?"))
    return fields
