"""The documents themselves, as bytes, made once and kept until the catalogue changes.

A document's hash is known without making it, so that the v3 index is cheap and clients can cache: it
covers the Kubernetes version and everything that the catalogue and custom schemas say of a group version.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha512
from typing import Any

import msgspec

from kubeade.api.catalogue import Catalogue
from kubeade.api.openapi.merging import merged
from kubeade.api.openapi.paths import Paths
from kubeade.api.openapi.protobuf import encode_document
from kubeade.api.openapi.schemas import V2, V3, Components, Json, references
from kubeade.api.resource_type import ResourceType
from kubeade.api.schema import META, Descriptions, Schema

V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The media type of `v2_protobuf`: what the answer's Content-Type must say."""

V2_PROTOBUF_ASKED = frozenset({V2_PROTOBUF, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"})
"""What clients ask for in Accept; kubectl uses the one with an @, which is no legal media type."""

_META_KINDS = ("Status", "DeleteOptions", "Patch", "ObjectMeta", "ListMeta", "WatchEvent", "APIResourceList")
_SECURITY: Json = {
    "BearerToken": {
        "description": "Bearer Token authentication",
        "in": "header",
        "name": "authorization",
        "type": "apiKey",
    }
}


class OpenApi:
    """Documents of a schema and a catalogue. Made lazily; a change of the catalogue makes them anew."""

    def __init__(self, schema: Schema, catalogue: Catalogue) -> None:
        self._schema = schema
        self._catalogue = catalogue
        self._descriptions: Descriptions | None = None
        self._made: dict[tuple[str, str], bytes] = {}
        self._foreign: dict[tuple[str, str], bytes] = {}
        self._generation = -1

    def v3_index(self, foreign: Mapping[str, str] | None = None) -> bytes:
        """`/openapi/v3`: where each group version's document is, by hash; `foreign` ones by their places."""
        hashes = {
            f"apis/{group}/{version}" if group else f"api/{version}": self.v3_hash(group, version)
            for group, version in self._group_versions()
        }
        paths = {}
        for place, digest in {**hashes, **(foreign or {})}.items():
            paths[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={digest}"}
        return msgspec.json.encode({"paths": paths})

    def v3_hash(self, group: str, version: str) -> str:
        """Identifies the content of a group version's document; also its ETag."""
        types = self._catalogue.types(group, version)
        custom = [self._custom_schema(each) for each in types if each.custom]
        told = msgspec.json.encode([self._schema.version, [repr(each) for each in types], custom])
        return sha512(told).hexdigest().upper()

    def v3(self, group: str, version: str) -> bytes | None:
        """`/openapi/v3/apis/<group>/<version>`, as JSON; None where nothing is served there."""
        if version not in self._catalogue.versions(group):
            return None
        return self._once((group, version), lambda: self._make_v3(group, version))

    def v2(self, foreign: Sequence[Json] = ()) -> bytes:
        """`/openapi/v2` as JSON, with what other servers' documents add."""
        return self._once(("v2", "json"), lambda: msgspec.json.encode(self._make_v2(foreign)), foreign)

    def v2_protobuf(self, foreign: Sequence[Json] = ()) -> bytes:
        """`/openapi/v2` in protobuf (gnostic's OpenAPIv2.Document)."""
        return self._once(("v2", "protobuf"), lambda: encode_document(self._make_v2(foreign)), foreign)

    def _once(self, key: tuple[str, str], make: Any, foreign: Sequence[Json] = ()) -> bytes:
        if self._generation != self._catalogue.generation:
            self._made.clear()
            self._generation = self._catalogue.generation
        told = sha512(msgspec.json.encode(foreign)).digest() if foreign else b""
        if key[0] == "v2" and self._foreign.get(key) != told:
            self._made.pop(key, None)
            self._foreign[key] = told
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _make_v3(self, group: str, version: str) -> bytes:
        components = Components(self._schema, self._read_descriptions(), V3)
        types = self._catalogue.types(group, version)
        paths = _paths(components, types)
        schemas = _closure(components, paths, self._custom_definitions(components, types))
        document = {
            "openapi": "3.0.0",
            "info": self._info(),
            "paths": paths,
            "components": {"schemas": schemas, "securitySchemes": _SECURITY},
        }
        return msgspec.json.encode(document)

    def _make_v2(self, foreign: Sequence[Json]) -> Json:
        components = Components(self._schema, self._read_descriptions(), V2)
        types = list(self._catalogue)
        paths = _paths(components, types)
        definitions = _closure(components, paths, self._custom_definitions(components, types))
        document = {
            "swagger": "2.0",
            "info": self._info(),
            "paths": paths,
            "definitions": definitions,
            "securityDefinitions": _SECURITY,
            "security": [{"BearerToken": []}],
        }
        return merged(document, foreign) if foreign else document

    def _custom_definitions(self, components: Components, types: Iterable[ResourceType]) -> Json:
        definitions: Json = {}
        for each in types:
            if each.custom:
                resource = each.resource
                name = components.name_of(resource.group, resource.version, resource.kind)
                list_name = components.name_of(resource.group, resource.version, each.list_kind)
                definitions[name] = components.custom(resource)
                definitions[list_name] = components.custom_list(resource, each.list_kind)
        return definitions

    def _custom_schema(self, resource_type: ResourceType) -> Json:
        node = self._schema.find(resource_type.group, resource_type.version, resource_type.kind)
        return dict(node.schema) if node else {}

    def _read_descriptions(self) -> Descriptions:
        if self._descriptions is None:
            self._descriptions = Descriptions.load(self._schema.version)
        return self._descriptions

    def _info(self) -> Json:
        return {"title": "Kubernetes", "version": f"v{self._schema.version}.0"}

    def _group_versions(self) -> list[tuple[str, str]]:
        groups = ["", *self._catalogue.groups()]
        return [(group, version) for group in groups for version in self._catalogue.versions(group)]


def _paths(components: Components, types: Iterable[ResourceType]) -> Json:
    paths: Json = {}
    for each in types:
        paths.update(Paths(components, each).write())
    return dict(sorted(paths.items()))


def _closure(components: Components, paths: Json, custom: Json) -> Json:
    """Every definition that the paths lead to."""
    prefix = components.dialect.reference
    found = dict(custom)
    wanted = [f"{META}.{kind}" for kind in _META_KINDS]
    wanted += [*references(paths, prefix), *references(custom, prefix)]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = components.built_in(name)
            wanted += references(found[name], prefix)
    return dict(sorted(found.items()))
