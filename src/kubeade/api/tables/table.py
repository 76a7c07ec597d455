"""Putting rows into a Table (meta.k8s.io/v1)."""

from collections.abc import Sequence
from typing import Any

from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.tables.column import Cells

_META = "meta.k8s.io/v1"


def table(columns: Sequence[Object], rows: list[Object], list_metadata: Object | None = None) -> Object:
    """The Table. `list_metadata` is the list's own (resourceVersion, continue, remainingItemCount).

    Watch events after the first carry no columns: pass none.
    """
    metadata = list_metadata or {}
    found = {"kind": "Table", "apiVersion": _META, "metadata": metadata}
    return {**found, "columnDefinitions": list(columns), "rows": rows}


def row(cells: Cells, obj: Any, conditions: list[Object] | None = None) -> Object:
    """One TableRow; `obj` is what `object_part` gave."""
    found: Object = {"cells": cells}
    if conditions:
        found["conditions"] = conditions
    return {**found, "object": obj}


def object_part(obj: Object, include_object: str) -> Object | None:
    """What of an object goes with its row: `None`, `Metadata` (also for the empty string) or `Object`."""
    if include_object == "None":
        return None
    if include_object == "Object":
        return obj
    metadata = part(obj, "metadata")
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": metadata}
