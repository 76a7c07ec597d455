"""Whole objects inside of custom objects (x-kubernetes-embedded-resource): their type and metadata."""

from typing import Any

from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, invalid, required
from kubeade.api.validation.metadata import metadata_create
from kubeade.api.validation.names import dns_1035_label, path_segment


def embedded_errors(value: Any, schema: Object, path: str = "") -> Errors:
    """Broken rules of embedded objects, at any depth."""
    if schema.get("x-kubernetes-embedded-resource") and isinstance(value, dict):
        yield from _object(value, path)
    if isinstance(value, dict):
        properties, values = part(schema, "properties"), schema.get("additionalProperties")
        for name, member in value.items():
            below = properties.get(name, values)
            if isinstance(below, dict):
                yield from embedded_errors(member, below, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from embedded_errors(item, part(schema, "items"), f"{path}[{index}]")


def _object(obj: Object, path: str) -> Errors:
    if not obj.get("apiVersion"):
        yield required(f"{path}.apiVersion", "must not be empty")
    elif str(obj["apiVersion"]).count("/") > 1:
        detail = f"unexpected GroupVersion string: {obj['apiVersion']}"
        yield invalid(f"{path}.apiVersion", obj["apiVersion"], detail)
    kind = obj.get("kind")
    if not kind:
        yield required(f"{path}.kind", "must not be empty")
    elif wrong := dns_1035_label(str(kind).lower()):
        detail = "may have mixed case, but should otherwise match: " + ",".join(wrong)
        yield invalid(f"{path}.kind", kind, detail)
    metadata = obj.get("metadata")
    if isinstance(metadata, dict) and metadata.get("name"):
        namespaced = bool(metadata.get("namespace"))
        yield from metadata_create(metadata, namespaced, path_segment, f"{path}.metadata")
