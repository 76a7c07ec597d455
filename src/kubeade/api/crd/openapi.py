"""What is published of a custom kind: its schema as OpenAPI v3 has it, and as v2 can express it.

`kubectl explain` and client-side validation read these. Paths and operations are made by whoever publishes.
"""

from typing import Any

from kubeade.api.crd.custom_resource import CustomResource
from kubeade.api.resource import Object, Resource

META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_KEEPS = "x-kubernetes-preserve-unknown-fields"
_EITHER = "x-kubernetes-int-or-string"
_API_VERSION = "APIVersion defines the versioned schema of this representation of an object."
_KIND = "Kind is a string value representing the REST resource this object represents."


def definition_name(resource: Resource) -> str:
    """`com.example.stable.v1.CronTab`: the group's labels reversed, the version, the kind."""
    return ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])


def definitions_v3(custom: CustomResource) -> dict[str, Object]:
    """The kind's and its list's definitions, by name, with references as `#/components/schemas/...`."""
    return _definitions(custom, _v3(custom.schema), "#/components/schemas/")


def definitions_v2(custom: CustomResource) -> dict[str, Object]:
    """The same for OpenAPI v2, which knows no junctors, no nullable and no type but one."""
    return _definitions(custom, _v2(custom.schema), "#/definitions/")


def _definitions(custom: CustomResource, schema: Object, references: str) -> dict[str, Object]:
    resource = custom.resource
    name = definition_name(resource)
    return {
        name: _with_object_fields(schema, f"{references}{META}.ObjectMeta", resource, resource.kind),
        f"{name}List": _list(custom, references, name),
    }


def _kinds(resource: Resource, kind: str) -> list[Object]:
    return [{"group": resource.group, "kind": kind, "version": resource.version}]


def _with_object_fields(schema: Object, metadata: str, resource: Resource, kind: str) -> Object:
    own = {
        "apiVersion": {"type": "string", "description": _API_VERSION},
        "kind": {"type": "string", "description": _KIND},
        "metadata": {"$ref": metadata} if "definitions" in metadata else {"allOf": [{"$ref": metadata}]},
    }
    properties = {**(schema.get("properties") or {}), **own}
    found = {**schema, "type": "object", "x-kubernetes-group-version-kind": _kinds(resource, kind)}
    return {**found, "properties": properties}


def _list(custom: CustomResource, references: str, name: str) -> Object:
    items = {"type": "array", "items": {"$ref": f"{references}{name}"}, "description": "The objects."}
    schema = {
        "description": f"{custom.type.list_kind} is a list of {custom.resource.kind}",
        "properties": {"items": items},
        "required": ["items"],
    }
    return _with_object_fields(schema, f"{references}{META}.ListMeta", custom.resource, custom.type.list_kind)


def _below(schema: Object, convert: Any) -> Object:
    """A schema with every schema right below it converted."""
    result = dict(schema)
    if isinstance(schema.get("properties"), dict):
        result["properties"] = {name: convert(each) for name, each in schema["properties"].items()}
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            result[keyword] = convert(schema[keyword])
    return result


def _v3(schema: Object) -> Object:
    return _below(schema, _v3)


def _v2(schema: Object) -> Object:
    result = _below(schema, _v2)
    for keyword in ("oneOf", "anyOf", "allOf", "not", "default"):
        result.pop(keyword, None)
    if result.pop("nullable", False) or result.get(_EITHER) or result.get(_KEEPS):
        # Clients take these words more strictly than the server does: rather say nothing.
        for keyword in ("type", "items", "properties", "format"):
            result.pop(keyword, None)
    return result
