"""Definitions as OpenAPI writes them, with their descriptions, in the dialect of v2 or v3."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubeade.api.openapi.custom import is_open, simplified, with_object_fields
from kubeade.api.openapi.protobuf import SCHEMA_WORDS
from kubeade.api.resource import Resource
from kubeade.api.schema import META, Descriptions, Schema, definition_name

Json = dict[str, Any]

# Of oneOf, nullable and the like v2 knows nothing; built-in defaults are not published, as upstream.
_V2_WORDS = SCHEMA_WORDS - {"allOf", "default"}
_ANY_KIND = "io.k8s.api.core.v1.ConfigMap"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The version of OpenAPI that is written, and where its references point."""

    v3: bool
    reference: str


V2 = Dialect(v3=False, reference="#/definitions/")
V3 = Dialect(v3=True, reference="#/components/schemas/")


class Components:
    """Writes definitions by name; custom kinds have names too (`example.stand.v1.Lemonade`)."""

    def __init__(self, schema: Schema, descriptions: Descriptions, dialect: Dialect) -> None:
        self._schema = schema
        self._descriptions = descriptions
        self.dialect = dialect

    def reference(self, name: str) -> Json:
        return {"$ref": self.dialect.reference + name}

    def name_of(self, group: str, version: str, kind: str) -> str:
        """The component's name of a kind."""
        name = definition_name(group, version, kind)
        return name if name in self._schema else f"{'.'.join(reversed(group.split('.')))}.{version}.{kind}"

    def built_in(self, name: str) -> Json:
        """A built-in definition, described."""
        written = self.write(self._schema.definition(name).schema)
        texts = self._descriptions.of(name)
        if texts.get(""):
            written["description"] = texts[""]
        for field, node in written.get("properties", {}).items():
            if texts.get(field):
                written["properties"][field] = self._described(node, texts[field])
        return written

    def custom(self, resource: Resource) -> Json:
        """A custom kind's schema, with the fields of every object."""
        node = self._schema.find(resource.group, resource.version, resource.kind)
        schema: Mapping[str, Any] = node.schema if node else {"type": "object"}
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        if is_open(schema) and not self.dialect.v3:
            written: Json = {"type": "object"}
        else:
            written = self.write(schema if self.dialect.v3 else simplified(schema))
            written = with_object_fields(written, self._object_fields(), v3=self.dialect.v3)
        return {**written, "x-kubernetes-group-version-kind": [kind]}

    def _object_fields(self) -> dict[str, Json]:
        """apiVersion, kind and metadata, described as every kind's are."""
        texts = self._descriptions.of(_ANY_KIND)
        string: Json = {"type": "string"}
        metadata = self.reference(f"{META}.ObjectMeta")
        fields = {"apiVersion": string, "kind": string, "metadata": metadata}
        return {name: self._described(node, texts.get(name, "")) for name, node in fields.items()}

    def custom_list(self, resource: Resource, list_kind: str) -> Json:
        """The list of a custom kind."""
        item = self.reference(self.name_of(resource.group, resource.version, resource.kind))
        properties = {
            **self._object_fields(),
            "metadata": self.reference(f"{META}.ListMeta"),
            "items": {"type": "array", "items": item},
        }
        return {
            "description": f"{list_kind} is a list of {resource.kind}",
            "type": "object",
            "required": ["items"],
            "properties": properties,
            "x-kubernetes-group-version-kind": [
                {"group": resource.group, "version": resource.version, "kind": list_kind}
            ],
        }

    def write(self, node: Mapping[str, Any]) -> Json:
        """A schema in this dialect; references by name become references by path."""
        if "oneOf" in node and "type" not in node and len(node) == 1:
            return self._choice(node["oneOf"])
        written: Json = {}
        for key, value in node.items():
            if self.dialect.v3 or key in _V2_WORDS or key.startswith("x-"):
                written[key] = self._part(key, value)
        if "$ref" in node:
            written.pop("x-kubernetes-preserve-unknown-fields", None)
        return written

    def _part(self, key: str, value: Any) -> Any:
        if key == "$ref":
            return self.dialect.reference + value
        if key == "properties":
            return {name: self.write(field) for name, field in value.items()}
        if key in ("items", "additionalProperties", "not") and isinstance(value, Mapping):
            return self.write(value)
        if key in ("allOf", "anyOf", "oneOf"):
            return [self.write(each) for each in value]
        return value

    def _choice(self, choices: list[Json]) -> Json:
        types = {choice.get("type") for choice in choices}
        if types == {"string", "integer"}:
            form = {"format": "int-or-string"}
            one_of = [{"type": "integer"}, {"type": "string"}]
            return {**form, "oneOf": one_of} if self.dialect.v3 else {**form, "type": "string"}
        if not self.dialect.v3:
            return {"type": "string"}
        return {"oneOf": [dict(choice) for choice in choices]}

    def _described(self, node: Json, text: str) -> Json:
        """v3 allows nothing beside a reference, so it is wrapped."""
        if self.dialect.v3 and "$ref" in node:
            reference = {"$ref": node["$ref"]}
            rest = {key: value for key, value in node.items() if key != "$ref"}
            return {"allOf": [reference], "description": text, **rest}
        return {**node, "description": text}


def references(node: object, prefix: str) -> Iterator[str]:
    """The names of all components that a written schema refers to."""
    if isinstance(node, dict):
        target = node.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix(prefix)
        for value in node.values():
            yield from references(value, prefix)
    elif isinstance(node, list):
        for value in node:
            yield from references(value, prefix)
