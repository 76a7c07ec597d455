"""What a schema in a definition may say, keyword by keyword (structure apart, which is `structural`'s)."""

from dataclasses import dataclass, replace
from typing import Any

from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, forbidden, invalid, not_supported, required

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_META_FIELDS = ("metadata", "kind", "apiVersion")
_LIST_TYPE = "x-kubernetes-list-type"
_MAP_TYPE = "x-kubernetes-map-type"
_MAP_KEYS = "x-kubernetes-list-map-keys"
_VALIDATIONS = "x-kubernetes-validations"
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a schema stands, as far as rules depend on it."""

    path: str
    root: bool = False
    in_metadata: bool = False
    no_defaults: str = ""

    def at(self, path: str, **changes: Any) -> "_Place":
        return replace(self, path=f"{self.path}.{path}", root=False, **changes)


def schema_errors(schema: Object, path: str) -> Errors:
    """Broken rules at any depth."""
    yield from _errors(schema, _Place(path, root=True))


def _errors(schema: Any, place: _Place) -> Errors:
    if not isinstance(schema, dict):
        return
    yield from _keywords(schema, place)
    yield from _maps(schema, place.path)
    yield from _lists(schema, place.path)
    yield from _rules(schema, place.path)
    yield from _below(schema, place)


def _below(schema: Object, place: _Place) -> Errors:
    values = schema.get("additionalProperties")
    if values is not None:
        if schema.get("properties"):
            detail = "additionalProperties and properties are mutual exclusive"
            yield forbidden(f"{place.path}.additionalProperties", detail)
        reason = "inside additionalProperties applying to object metadata"
        no_defaults = reason if place.in_metadata else place.no_defaults
        yield from _errors(values, place.at("additionalProperties", no_defaults=no_defaults))
    for name, each in part(schema, "properties").items():
        yield from _errors(each, _property(schema, name, place))
    yield from _errors(schema.get("items"), place.at("items"))
    yield from _errors(schema.get("not"), place.at("not"))
    for junctor in ("allOf", "oneOf", "anyOf"):
        for index, each in enumerate(schema.get(junctor) or ()):
            yield from _errors(each, place.at(f"{junctor}[{index}]"))


def _property(schema: Object, name: str, place: _Place) -> _Place:
    meta = name in _META_FIELDS and (place.root or bool(schema.get("x-kubernetes-embedded-resource")))
    no_defaults = f"in top-level {name}" if meta and place.root else place.no_defaults
    return place.at(f"properties[{name}]", in_metadata=place.in_metadata or meta, no_defaults=no_defaults)


def _keywords(schema: Object, place: _Place) -> Errors:
    path, kind = place.path, schema.get("type") or ""
    if kind == "null":
        yield forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    elif kind and kind not in _TYPES:
        yield not_supported(f"{path}.type", kind, _TYPES)
    if "default" in schema and place.no_defaults:
        yield forbidden(f"{path}.default", f"must not be set {place.no_defaults}")
    for keyword in _UNSUPPORTED:
        if schema.get(keyword):
            yield forbidden(f"{path}.{keyword}", f"{keyword} is not supported")
    if isinstance(schema.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", detail)
    if place.in_metadata and schema.get("x-kubernetes-embedded-resource"):
        yield forbidden(f"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta")
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        yield invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")


def _typed(schema: Object, path: str, extension: str, kind: str) -> Errors:
    """An extension that goes with one type only."""
    found = schema.get("type") or ""
    if extension in schema and found != kind:
        detail = f"must be {kind} if {extension} is specified"
        yield invalid(f"{path}.type", found, detail) if found else required(f"{path}.type", detail)


def _maps(schema: Object, path: str) -> Errors:
    yield from _typed(schema, path, _MAP_TYPE, "object")
    kinds = ("atomic", "granular")
    if _MAP_TYPE in schema and schema[_MAP_TYPE] not in kinds:
        yield not_supported(f"{path}.{_MAP_TYPE}", schema[_MAP_TYPE], kinds)


def _lists(schema: Object, path: str) -> Errors:
    yield from _typed(schema, path, _LIST_TYPE, "array")
    kinds = ("atomic", "set", "map")
    kind, keys = schema.get(_LIST_TYPE), schema.get(_MAP_KEYS) or []
    if kind is not None and kind not in kinds:
        yield not_supported(f"{path}.{_LIST_TYPE}", kind, kinds)
    if keys and kind != "map":
        detail = f"must be map if {_MAP_KEYS} is non-empty"
        where = f"{path}.{_LIST_TYPE}"
        yield required(where, detail) if kind is None else invalid(where, kind, detail)
    items = schema.get("items")
    if kind in ("set", "map") and isinstance(items, dict) and items.get("nullable"):
        yield forbidden(f"{path}.items.nullable", f"cannot be nullable when {_LIST_TYPE} is {kind}")
    if kind == "set" and isinstance(items, dict):
        yield from _set_items(items, f"{path}.items")
    if kind == "map":
        yield from _map_items(schema, keys, path)


def _set_items(items: Object, path: str) -> Errors:
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if items.get("type") == "array" and items.get(_LIST_TYPE) not in (None, "atomic"):
        yield invalid(f"{path}.{_LIST_TYPE}", items[_LIST_TYPE], detail)
    if items.get("type") == "object" and items.get(_MAP_TYPE) != "atomic":
        yield invalid(f"{path}.{_MAP_TYPE}", items.get(_MAP_TYPE), detail)


def _map_items(schema: Object, keys: list[str], path: str) -> Errors:
    items = schema.get("items")
    if not keys:
        yield required(f"{path}.{_MAP_KEYS}", f"must not be empty if {_LIST_TYPE} is map")
    if not isinstance(items, dict):
        yield required(f"{path}.items", f"must have a schema if {_LIST_TYPE} is map")
        return
    if items.get("type") != "object":
        detail = f"must be object if parent array's {_LIST_TYPE} is map"
        yield invalid(f"{path}.items.type", items.get("type") or "", detail)
        return
    if len(set(keys)) < len(keys):
        yield invalid(f"{path}.{_MAP_KEYS}", keys, "must not contain duplicate entries")
    for key in keys:
        yield from _map_key(items, key, keys, path)


def _map_key(items: Object, key: str, keys: list[str], path: str) -> Errors:
    field = part(items, "properties").get(key)
    if field is None:
        yield invalid(f"{path}.{_MAP_KEYS}", keys, "entries must all be names of item properties")
        return
    where = f"{path}.items.properties[{key}]"
    if field.get("type") in ("array", "object"):
        detail = f"must be a scalar type if parent array's {_LIST_TYPE} is map"
        yield invalid(f"{where}.type", field["type"], detail)
    because = f"this property is in {_MAP_KEYS}, so it"
    if key not in (items.get("required") or ()) and "default" not in field:
        yield required(f"{where}.default", f"{because} must have a default or be a required property")
    if field.get("nullable"):
        yield forbidden(f"{where}.nullable", f"{because} cannot be nullable")


def _rules(schema: Object, path: str) -> Errors:
    for index, rule in enumerate(schema.get(_VALIDATIONS) or ()):
        yield from _rule(rule, f"{path}.{_VALIDATIONS}[{index}]")


def _rule(rule: Object, path: str) -> Errors:
    text, message = rule.get("rule") or "", rule.get("message") or ""
    if not text.strip():
        yield required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid(f"{path}.message", message, "must be non-empty if specified")
    elif "\n" in message.strip():
        yield invalid(f"{path}.message", message, "must not contain line breaks")
    elif "\n" in text.strip() and not message.strip():
        yield required(f"{path}.message", "message must be specified if rule contains line breaks")
    expression = rule.get("messageExpression") or ""
    if expression and not expression.strip():
        yield required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")
    if rule.get("reason") and rule["reason"] not in _REASONS:
        yield not_supported(f"{path}.reason", rule["reason"], _REASONS)
    field = rule.get("fieldPath") or ""
    if field and not field.startswith("."):
        yield invalid(f"{path}.fieldPath", field, "must be a valid path")
