"""The table of field numbers, parsed a line at a time when a message is first met."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PREFIX = "io.k8s."


@dataclass(frozen=True, slots=True)
class Field:
    """`inlined` names the message whose fields stand here; then `name` is empty. `keeps_zero`: JSON shows a
    zero that was meant; `always_there`: it shows one where nothing was said, too."""

    name: str
    number: int
    keeps_zero: bool
    always_there: bool = False
    inlined: str = ""


@cache
def _lines() -> Mapping[str, str]:
    text = Path(__file__).with_name("numbers.txt").read_text()
    pairs = (line.partition(":")[::2] for line in text.splitlines())
    return {PREFIX + name: words for name, words in pairs}


def has_message(message: str) -> bool:
    """Whether the table knows the message (`io.k8s.api.core.v1.Pod`)."""
    return message in _lines()


def fields_of(message: str) -> list[Field]:
    """The fields of a message by number; none for one that the table does not have."""
    fields: list[Field] = []
    number = 0
    for word in _lines().get(message, "").split():
        name, _, explicit = word.partition("=")
        number = int(explicit) if explicit else number + 1
        always = name.endswith("!")
        keeps_zero = always or name.endswith("?")
        name = name.rstrip("?!")
        inlined = PREFIX + name[1:] if name.startswith("&") else ""
        fields.append(Field("" if inlined else name, number, keeps_zero, always, inlined))
    return fields
