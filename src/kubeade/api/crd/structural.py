"""Whether a schema is structural: every field is specified, and value rules only narrow what is specified.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

import re
from dataclasses import dataclass
from typing import Any

from kubeade.api.linear_patterns import searcher
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, forbidden, invalid, required

_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_KEEPS = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"
_EITHER = "x-kubernetes-int-or-string"


@dataclass(frozen=True, slots=True)
class Level:
    """Where in a schema one stands, as messages call it."""

    name: str
    untyped: str


ROOT = Level("root", "must not be empty at the root")
ITEM = Level("item", "must not be empty for specified array items")
FIELD = Level("field", "must not be empty for specified object fields")


def structural_errors(schema: Object, path: str) -> Errors:
    """What keeps a schema from being structural, sorted as upstream sorts it."""
    yield from sorted(
        [*_invariants(schema, ROOT, path), *_complete(schema, path)], key=lambda error: error.text()
    )


def _invariants(schema: Object, level: Level, path: str) -> Errors:
    if schema.get("type") == "array" and not isinstance(schema.get("items"), dict):
        yield required(f"{path}.items", "must be specified")
    if isinstance(schema.get("items"), dict):
        yield from _invariants(schema["items"], ITEM, f"{path}.items")
    for name, below in part(schema, "properties").items():
        yield from _invariants(below, FIELD, f"{path}.properties[{name}]")
    yield from _additional(schema, level, path)
    yield from _extensions(schema, path)
    yield from _value_rules(schema, schema, path)
    yield from _type(schema, level, path)
    yield from _metadata(schema, level, path)


def _additional(schema: Object, level: Level, path: str) -> Errors:
    values = schema.get("additionalProperties")
    if values is None:
        return
    if level is ROOT:
        yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if isinstance(values, dict):
        yield from _invariants(values, FIELD, f"{path}.additionalProperties")


def _extensions(schema: Object, path: str) -> Errors:
    if not schema.get(_EITHER):
        return
    for extension in (_KEEPS, _EMBEDDED):
        if schema.get(extension):
            yield invalid(f"{path}.{extension}", True, f"must be false if {_EITHER} is true")


def _type(schema: Object, level: Level, path: str) -> Errors:
    kind, embedded = schema.get("type") or "", bool(schema.get(_EMBEDDED))
    if embedded and kind != "object":
        detail = f"must be object if {_EMBEDDED} is true"
        yield invalid(f"{path}.type", kind, detail) if kind else required(f"{path}.type", detail)
    elif not kind and not schema.get(_EITHER) and not schema.get(_KEEPS):
        yield required(f"{path}.type", level.untyped)
    if embedded and schema.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", f"must not be used if {_EMBEDDED} is set")
    if level is ROOT and kind and kind != "object":
        yield invalid(f"{path}.type", kind, "must be object at the root")
    if embedded and not schema.get(_KEEPS) and not schema.get("properties"):
        detail = f"must not be empty if {_EMBEDDED} is true without {_KEEPS}"
        yield required(f"{path}.properties", detail)


def _metadata(schema: Object, level: Level, path: str) -> Errors:
    if level is not ROOT and not schema.get(_EMBEDDED):
        return
    properties = part(schema, "properties")
    for name in ("kind", "apiVersion"):
        if name in properties and properties[name].get("type") != "string":
            kind = properties[name].get("type") or ""
            yield invalid(f"{path}.properties[{name}].type", kind, "must be string")
    if "metadata" not in properties:
        return
    metadata = properties["metadata"]
    if metadata.get("type") != "object":
        yield invalid(f"{path}.properties[metadata].type", metadata.get("type") or "", "must be object")
    if level is ROOT and not _only_names(metadata):
        detail = (
            "must not specify anything other than name and generateName, but metadata is implicitly specified"
        )
        yield forbidden(f"{path}.properties[metadata]", detail)


def _only_names(metadata: Object) -> bool:
    said = set(metadata) - {"type", "default", "properties", "description"}
    return not said and set(part(metadata, "properties")) <= {"name", "generateName"}


def _value_rules(rules: Object, schema: Object | None, path: str) -> Errors:
    """The junctors and the pattern of a schema, or of a rule below a junctor (then `schema` is None)."""
    for index, each in enumerate(rules.get("anyOf") or ()):
        if not _is_int_or_string(rules, schema):
            yield from _nested(each, f"{path}.anyOf[{index}]")
    for index, each in enumerate(rules.get("allOf") or ()):
        exempt = schema is not None and index == 0
        yield from _nested(each, f"{path}.allOf[{index}]", either=exempt)
    for index, each in enumerate(rules.get("oneOf") or ()):
        yield from _nested(each, f"{path}.oneOf[{index}]")
    if isinstance(rules.get("not"), dict):
        yield from _nested(rules["not"], f"{path}.not")
    if rules.get("pattern"):
        yield from _pattern(rules["pattern"], f"{path}.pattern")


def _is_int_or_string(rules: Object, schema: Object | None) -> bool:
    """Types below a junctor are allowed in one pattern only: the one that spells int-or-string out."""
    return schema is not None and rules.get("anyOf") == _INT_OR_STRING


def _pattern(pattern: str, path: str) -> Errors:
    try:
        searcher(pattern)
    except re.error as error:
        yield invalid(path, pattern, f"must be a valid regular expression, but isn't: {error}")


_FORBIDDEN_BELOW: tuple[tuple[str, str], ...] = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    (_KEEPS, "must be false to be structural"),
    (_EMBEDDED, "must be false to be structural"),
    (_EITHER, "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def _nested(rules: Object, path: str, *, either: bool = False) -> Errors:
    """A schema below a junctor: it may only narrow. `either` lets `anyOf` spell int-or-string out."""
    spelled = either and rules.get("anyOf") == _INT_OR_STRING
    yield from _value_rules({k: v for k, v in rules.items() if not spelled or k != "anyOf"}, None, path)
    if isinstance(rules.get("items"), dict):
        yield from _nested(rules["items"], f"{path}.items")
    for name, below in part(rules, "properties").items():
        yield from _nested(below, f"{path}.properties[{name}]")
    for name, detail in _FORBIDDEN_BELOW:
        if rules.get(name):
            yield forbidden(f"{path}.{name}", detail)
    if "metadata" in part(rules, "properties"):
        yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _complete(schema: Object, path: str) -> Errors:
    """Every field that a junctor speaks of is specified outside of it too."""
    for junctor in ("allOf", "anyOf", "oneOf"):
        for index, each in enumerate(schema.get(junctor) or ()):
            yield from _specified(each, schema, f"{path}.{junctor}[{index}]", path)
    if isinstance(schema.get("not"), dict):
        yield from _specified(schema["not"], schema, f"{path}.not", path)
    if isinstance(schema.get("items"), dict):
        yield from _complete(schema["items"], f"{path}.items")
    for name, below in part(schema, "properties").items():
        yield from _complete(below, f"{path}.properties[{name}]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _complete(schema["additionalProperties"], f"{path}.additionalProperties")


def _specified(rules: Object, schema: Object, path: str, outside: str) -> Errors:
    for name, below in part(rules, "properties").items():
        if name not in part(schema, "properties"):
            where = f"{path}.properties[{name}]"
            yield required(f"{outside}.properties[{name}]", f"because it is defined in {where}")
        else:
            inner = part(schema, "properties", name)
            yield from _specified(below, inner, f"{path}.properties[{name}]", f"{outside}.properties[{name}]")
    if isinstance(rules.get("items"), dict):
        if not isinstance(schema.get("items"), dict):
            yield required(f"{outside}.items", f"because it is defined in {path}.items")
        else:
            yield from _specified(rules["items"], schema["items"], f"{path}.items", f"{outside}.items")
    yield from _specified_junctors(rules, schema, path, outside)


def _specified_junctors(rules: Object, schema: Object, path: str, outside: str) -> Errors:
    for junctor in ("allOf", "anyOf", "oneOf"):
        nested: list[Any] = rules.get(junctor) or []
        for index, each in enumerate(nested):
            yield from _specified(each, schema, f"{path}.{junctor}[{index}]", outside)
    if isinstance(rules.get("not"), dict):
        yield from _specified(rules["not"], schema, f"{path}.not", outside)
