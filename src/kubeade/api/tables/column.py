"""What a printer is: the columns of a kind and the function that fills them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubeade.api.resource import Object

Cells = list[Any]
"""One row's values, one per column: strings, integers, booleans or null."""

PrintCells = Callable[[Object, datetime], Cells]

_DESCRIPTIONS = {
    "Name": "The object's name, unique among its kind in its namespace.",
    "Age": "How long ago the object was created.",
    "Created At": "When the object was created.",
}


@dataclass(frozen=True, slots=True)
class Printer:
    """How one kind is printed. `columns` are TableColumnDefinition objects."""

    columns: tuple[Object, ...]
    cells: PrintCells


def column(name: str, type: str = "string", *, wide: bool = False) -> Object:
    """One TableColumnDefinition; wide columns are shown on request only."""
    return {
        "name": name,
        "type": type,
        "format": "name" if name == "Name" else "",
        "description": _DESCRIPTIONS.get(name, f"{name} of the object."),
        "priority": 1 if wide else 0,
    }


def printer(cells: PrintCells, *lists: str) -> Printer:
    """A printer from its column names, separated by `|`.

    `+Node` is shown in wide output only; `Desired:integer` has a type other than string.
    """
    return Printer(tuple(_parse(text) for names in lists for text in names.split("|")), cells)


def _parse(text: str) -> Object:
    name, _, kind = text.removeprefix("+").partition(":")
    return column(name, kind or "string", wide=text.startswith("+"))
