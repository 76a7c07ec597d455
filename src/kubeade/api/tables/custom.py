"""How custom resources are printed: by the additionalPrinterColumns of their definition.

A definition without columns shows the age (upstream: apiextensions-apiserver tableconvertor).
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kubeade.api.jsonpath import JsonPath, JsonPathError
from kubeade.api.parts import number, text
from kubeade.api.resource import Object
from kubeade.api.tables.column import Cells, Printer, column
from kubeade.api.tables.formats import moment_of, name_of, since

_AGE: Object = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def custom_printer(definitions: Sequence[Object]) -> Printer:
    """A printer from a version's additionalPrinterColumns; made once a definition, used for every row."""
    shown = list(definitions) or [_AGE]
    paths = [(_path(definition), text(definition, "type")) for definition in shown]

    def cells(obj: Object, now: datetime) -> Cells:
        return [name_of(obj), *(_cell(path, kind, obj, now) for path, kind in paths)]

    return Printer((column("Name"), *(_column(definition) for definition in shown)), cells)


def _path(definition: Object) -> JsonPath | None:
    try:
        return JsonPath.compile(text(definition, "jsonPath"))
    except JsonPathError:
        return None


def _column(definition: Object) -> Object:
    path = text(definition, "jsonPath")
    default = f"Custom resource definition column (in JSONPath format): {path}"
    return {
        "name": text(definition, "name"),
        "type": text(definition, "type"),
        "format": text(definition, "format"),
        "description": text(definition, "description") or default,
        "priority": number(definition, "priority"),
    }


def _cell(path: JsonPath | None, kind: str, obj: Object, now: datetime) -> Any:
    found = path.find(obj) if path is not None else []
    if not found or found[0] is None:
        return None
    return _converted(found[0], kind, now)


def _converted(value: Any, kind: str, now: datetime) -> Any:
    if kind == "string":
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "date":
        return _date(value, now)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if kind == "integer" else float(value)


def _date(value: Any, now: datetime) -> str | None:
    if not isinstance(value, str):
        return None
    return since(value, now) if moment_of(value) is not None else "<invalid>"
