"""A schema as the estimate of a rule's cost sees it: kinds of values, and how long they can get.

Where the schema sets no limit, the limit is what fits into the largest request (upstream: cel/common
schemas.go).
"""

from dataclasses import dataclass
from typing import Any

from kubeade.api.cel.checked import Kind
from kubeade.api.cel.costs import Path
from kubeade.api.cel.estimates import MOST
from kubeade.api.crd.cel_values import escaped
from kubeade.api.parts import part
from kubeade.api.resource import Object

LARGEST_REQUEST_BYTES = 3 * 1024 * 1024
_TEXT = {"type": "string"}
_METADATA: Object = {"type": "object", "properties": {"name": _TEXT, "generateName": _TEXT}}
_OBJECT = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": _METADATA}
_TIMES_MOST = {"duration": 32, "date": 12, "date-time": 32}
_TIMES_LEAST = {"duration": 3, "date": 12, "date-time": 21}
_SCALARS_LEAST = {"boolean": 4, "number": 1, "integer": 1, "string": 2}


@dataclass(frozen=True, slots=True)
class SchemaShapes:
    """`self` and `oldSelf` of a schema."""

    root: Object
    unknown: int = MOST

    def size(self, path: Path) -> int | None:
        schema = self._at(path)
        return None if schema is None else largest(schema)

    def kind(self, path: Path) -> Kind | None:
        schema = self._at(path) if path[0] in ("self", "oldSelf") else None
        return None if schema is None else _kind(schema)

    def _at(self, path: Path) -> Object | None:
        """The first step is the variable; upstream does not look at it either."""
        schema: Any = self.root
        for step in path[1:]:
            schema = _below(schema, step)
            if schema is None:
                return None
        return schema if _kind(schema) else None


def root_of(schema: Object) -> Object:
    """With what rules see of each object, and nothing else of its metadata."""
    known = part(schema, "properties")
    named = part(known, "metadata", "properties").keys() >= _METADATA["properties"].keys()
    return (
        schema if named and _OBJECT.keys() <= known.keys() else {**schema, "properties": {**known, **_OBJECT}}
    )


def _below(schema: Object, step: str) -> Object | None:
    found: Any = None
    if step == "@keys":
        found = _TEXT if _is_map(schema) else None
    elif step in ("@items", "@values"):
        found = schema.get("additionalProperties") if _is_map(schema) else schema.get("items")
    elif not _is_map(schema):
        known = {escaped(name): below for name, below in part(schema, "properties").items()}
        found = known.get(step)
    if not isinstance(found, dict):
        return None
    return root_of(found) if found.get("x-kubernetes-embedded-resource") else found


def _is_map(schema: Object) -> bool:
    return schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict)


def _kind(schema: Object) -> Kind | None:
    """None for what expressions cannot see."""
    if schema.get("x-kubernetes-int-or-string"):
        return Kind.DYN
    match schema.get("type"):
        case "array":
            return Kind.LIST if isinstance(schema.get("items"), dict) else None
        case "object":
            return Kind.MAP if _is_map(schema) else Kind.STRUCT
        case "string":
            return Kind.SCALAR if schema.get("format") in _TIMES_MOST else Kind.STRING
        case "boolean" | "number" | "integer":
            return Kind.SCALAR
    return None


def largest(schema: Object) -> int:
    """The most elements or characters that a value can have; 0 for what has neither."""
    match _kind(schema):
        case Kind.DYN:
            return _longest_text(schema, 4)
        case Kind.LIST:
            at_most = (LARGEST_REQUEST_BYTES - 2) // (smallest_bytes(schema["items"]) + 1)
            return _limit(schema, "maxItems", at_most)
        case Kind.MAP:
            pair_bytes = smallest_bytes(schema["additionalProperties"]) + 6
            return _limit(schema, "maxProperties", (LARGEST_REQUEST_BYTES - 2) // pair_bytes)
        case Kind.STRING:
            return _longest_text(schema, 1 if schema.get("format") == "byte" else 4)
        case Kind.SCALAR if schema.get("type") == "string":
            return _TIMES_MOST[schema["format"]]
    return 0


def _longest_text(schema: Object, bytes_per_character: int) -> int:
    if schema.get("maxLength") is not None:
        return _limit(schema, "maxLength", 0) * bytes_per_character
    allowed = [each for each in schema.get("enum") or () if isinstance(each, str)]
    if schema.get("enum") and _kind(schema) is Kind.STRING and bytes_per_character > 1:
        return max((len(each.encode("utf-8", "replace")) for each in allowed), default=0)
    return LARGEST_REQUEST_BYTES - 2


def _limit(schema: Object, keyword: str, otherwise: int) -> int:
    limit = schema.get(keyword)
    return otherwise if limit is None else max(int(limit), 0)


def smallest_bytes(schema: Object) -> int:
    """The shortest JSON of a value."""
    match _kind(schema):
        case Kind.DYN | None:
            return 1
        case Kind.LIST | Kind.MAP:
            return 2
        case Kind.STRUCT:
            return 2 + sum(
                len(name) + smallest_bytes(below) + 4
                for name, below in part(schema, "properties").items()
                if name in (schema.get("required") or ()) and "default" not in below
            )
    kind = schema.get("format", "")
    return _TIMES_LEAST.get(kind) or _SCALARS_LEAST[schema["type"]]


def cardinality(schema: Object) -> int:
    """How often a value of the schema can be in one request, where nothing around it sets a limit."""
    return LARGEST_REQUEST_BYTES // (smallest_bytes(schema) + 1)
