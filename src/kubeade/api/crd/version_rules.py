"""Rules of one version in a definition: its schema, subresources, printer columns and selectable fields."""

from collections.abc import Iterator, Mapping
from typing import Any

from kubeade.api.crd.defaulting import prune
from kubeade.api.crd.rule_errors import rule_errors
from kubeade.api.crd.schema_rules import schema_errors
from kubeade.api.crd.structural import structural_errors
from kubeade.api.crd.values import compile_schema
from kubeade.api.errors import FieldError
from kubeade.api.parts import part, parts, text
from kubeade.api.patch.json_value import copied
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, duplicate, forbidden, invalid, required, too_many
from kubeade.api.validation.names import dns_1035_label

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("binary", "byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_MAX_SELECTABLE_FIELDS = 8
_MAX_WARNING_LENGTH = 256


SHARED = {
    "schema": "spec.validation",
    "subresources": "spec.subresources",
    "additionalPrinterColumns": "spec.additionalPrinterColumns",
    "selectableFields": "spec.selectableFields",
}
"""Where upstream sees what is the same in all versions."""


def version_errors(
    version: Object, path: str, places: Mapping[str, str], lenient: bool, known: bool
) -> Errors:
    """Broken rules of one entry of spec.versions; `places` are the paths of its parts, "" for one
    that was looked at with another version. `lenient`: it may do without a schema; `known`: the schema is
    stored already."""
    if wrong := dns_1035_label(text(version, "name")):
        yield invalid(f"{path}.name", text(version, "name"), ",".join(wrong))
    yield from _deprecation(version, path)
    schema = version.get("schema")
    root = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
    if not isinstance(root, dict):
        if not lenient:
            yield required(f"{path}.schema.openAPIV3Schema")
    elif place := places["schema"]:
        yield from _schema(root, f"{place}.openAPIV3Schema", version, known)
    if place := places["subresources"]:
        yield from _subresources(part(version, "subresources"), place)
    if place := places["additionalPrinterColumns"]:
        for index, column in enumerate(parts(version, "additionalPrinterColumns")):
            yield from _column(column, f"{place}[{index}]")
    if place := places["selectableFields"]:
        yield from _selectable_fields(parts(version, "selectableFields"), root or {}, place)


def _deprecation(version: Object, path: str) -> Errors:
    warning = version.get("deprecationWarning")
    if warning is None:
        return
    where = f"{path}.deprecationWarning"
    if not version.get("deprecated"):
        yield invalid(where, warning, "can only be set for deprecated versions")
    elif len(warning) > _MAX_WARNING_LENGTH:
        yield invalid(where, warning, f"must be <= {_MAX_WARNING_LENGTH} characters long")
    elif not warning:
        yield invalid(where, warning, "must not be an empty string")


def _schema(schema: Object, path: str, version: Object, known: bool) -> Errors:
    """First the structure; defaults and rules in CEL are looked at only where all else is right."""
    found = list(_root(schema, path, version))
    found += structural_errors(schema, path)
    found += schema_errors(schema, path)
    if not found:
        found = [*_defaults(schema, path), *rule_errors(schema, path, known=known)]
    yield from found


# fmt: off
_AT_ROOT = (
    "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum",
    "MaxLength", "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required",
    "Items", "Properties", "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
)
# fmt: on


_WITH_STATUS = "at the root of the schema if the status subresource is enabled"


def _root(schema: Object, path: str, version: Object) -> Errors:
    if schema.get("nullable"):
        yield forbidden(f"{path}.nullable", "nullable cannot be true at the root")
    if "status" not in part(version, "subresources"):
        return
    if schema.get("type") not in (None, "object"):
        yield invalid(f"{path}.type", schema["type"], f'only "object" is allowed as the type {_WITH_STATUS}')
    if any(schema.get(keyword) and not _is_allowed_at_root(keyword) for keyword in schema):
        allowed = f"[{' '.join(_AT_ROOT)}]"
        yield invalid(path, schema, f"only {allowed} fields are allowed {_WITH_STATUS}")


def _is_allowed_at_root(keyword: str) -> bool:
    words = keyword.removeprefix("x-kubernetes-").split("-")
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return (f"X{name}" if keyword.startswith("x-kubernetes-") else name) in _AT_ROOT


def _defaults(schema: Object, path: str) -> Errors:
    """A default is a value that its own schema accepts, and says nothing that would be pruned."""
    for where, below in _with_paths(schema, path):
        if below.get("default") is None:
            continue
        default = copied(below["default"])
        if prune({"default": default}, {"properties": {"default": below}}):
            yield invalid(f"{where}.default", below["default"], "must not have unknown fields")
        for error in compile_schema(below)(below["default"], ""):
            place = f"{where}.default" if error.path == "<nil>" else f"{where}.default.{error.path}"
            yield FieldError(place, error.reason, error.message)


def _with_paths(schema: Object, path: str) -> Iterator[tuple[str, Object]]:
    yield path, schema
    for name, below in part(schema, "properties").items():
        yield from _with_paths(below, f"{path}.properties[{name}]")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _with_paths(schema[name], f"{path}.{name}")


def _subresources(subresources: Object, path: str) -> Errors:
    scale = subresources.get("scale")
    if not isinstance(scale, dict):
        return
    for name, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        where = f"{path}.scale.{name}"
        if not text(scale, name):
            yield required(where)
            continue
        yield from _json_path(text(scale, name), where)
        if text(scale, name).startswith(".") and not text(scale, name).startswith(root):
            yield invalid(where, text(scale, name), f"should be a json path under {root[:-1]}")
    selector = text(scale, "labelSelectorPath")
    if selector and not selector.startswith((".spec.", ".status.")):
        yield from _json_path(selector, f"{path}.scale.labelSelectorPath")
        if selector.startswith("."):
            detail = "should be a json path under either .spec or .status"
            yield invalid(f"{path}.scale.labelSelectorPath", selector, detail)


def _json_path(found: str, path: str) -> Errors:
    if not found.startswith("."):
        yield invalid(path, found, "must be a simple json path starting with .")


def _column(column: Object, path: str) -> Errors:
    if not text(column, "name"):
        yield required(f"{path}.name")
    kind, detail = text(column, "type"), "must be one of " + ",".join(_COLUMN_TYPES)
    if not kind:
        yield required(f"{path}.type", detail)
    elif kind not in _COLUMN_TYPES:
        yield invalid(f"{path}.type", kind, detail)
    if text(column, "format") not in ("", *_COLUMN_FORMATS):
        allowed = ",".join(_COLUMN_FORMATS)
        yield invalid(f"{path}.format", column["format"], f"must be one of {allowed}")
    if not text(column, "jsonPath"):
        yield required(f"{path}.JSONPath")
    else:
        yield from _json_path(text(column, "jsonPath"), f"{path}.JSONPath")


def _selectable_fields(fields: list[Object], schema: Object, path: str) -> Errors:
    seen: set[str] = set()
    for index, field in enumerate(fields):
        where, found = f"{path}[{index}].jsonPath", text(field, "jsonPath")
        if not found:
            yield required(where)
            continue
        yield from _selectable(found, schema, where)
        if found in seen:
            yield duplicate(where, found)
        seen.add(found)
    if len(seen) > _MAX_SELECTABLE_FIELDS:
        yield too_many(path, len(seen), _MAX_SELECTABLE_FIELDS)


def _selectable(found: str, schema: Object, path: str) -> Errors:
    names = found.removeprefix(".").split(".")
    if names[0] == "metadata":
        yield invalid(path, found, "must not point to fields in metadata")
        return
    below: Any = schema
    for name in names:
        below = part(below, "properties").get(name)
        if not isinstance(below, dict):
            yield invalid(path, found, f"is an invalid path: does not refer to a valid field: {name}")
            return
    if below.get("type") not in ("string", "boolean", "integer"):
        detail = "must point to a field of type string, boolean or integer."
        yield invalid(path, found, f"{detail} Enum string fields and strings with formats are allowed.")
