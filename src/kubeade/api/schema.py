"""The schema of one Kubernetes version: every definition by name and by group, version and kind.

The data is compiled from upstream's definitions when the package is built (tools/build_schema.py).
Loading keeps definitions as unparsed JSON; each is parsed when first asked for. Custom resources'
schemas come and go at run time (`add`, `remove`).
"""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from kubeade.api.resource import Resource
from kubeade.api.schema_node import Node

VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
DEFAULT_VERSION = "1.37"
META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_DATA = Path(__file__).parent / "data"
_ANY = Node({})

# Where upstream's definitions of a group live, other than io.k8s.api.<first label of the group>.
_PACKAGES = {
    "": "io.k8s.api.core",
    "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
    "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
    "flowcontrol.apiserver.k8s.io": "io.k8s.api.flowcontrol",
    "internal.apiserver.k8s.io": "io.k8s.api.apiserverinternal",
    "rbac.authorization.k8s.io": "io.k8s.api.rbac",
}
_RESOURCE_KEY = tuple[str, str, str]


def definition_name(group: str, version: str, kind: str) -> str:
    """`io.k8s.api.apps.v1.Deployment`: how OpenAPI calls a built-in kind."""
    package = _PACKAGES.get(group) or f"io.k8s.api.{group.split('.')[0]}"
    return f"{package}.{version}.{kind}"


class Schema:
    """All definitions of one version, and the custom resources' schemas added to it."""

    def __init__(self, version: str, definitions: Mapping[str, msgspec.Raw]) -> None:
        self.version = version
        self._definitions = definitions
        self._nodes: dict[str, Node] = {}
        self._custom: dict[_RESOURCE_KEY, Node] = {}

    @classmethod
    def load(cls, version: str = DEFAULT_VERSION) -> Self:
        """Read the data of `1.37`. Raises LookupError for a version that is not in the package."""
        if version not in VERSIONS:
            raise LookupError(f"no schema for Kubernetes {version}: it must be one of {', '.join(VERSIONS)}")
        return cls(version, msgspec.json.decode(_read(f"v{version}.schema.bin"), type=dict[str, msgspec.Raw]))

    def __iter__(self) -> Iterator[str]:
        """The names of all built-in definitions, sorted."""
        return iter(self._definitions)

    def __contains__(self, name: str) -> bool:
        return name in self._definitions

    def definition(self, name: str) -> Node:
        """The built-in definition of this name. Raises LookupError."""
        node = self._nodes.get(name)
        if node is None:
            raw = self._definitions.get(name)
            if raw is None:
                raise LookupError(f"no definition named {name}")
            node = self._nodes[name] = Node(msgspec.json.decode(raw), self.definition, name)
        return node

    def find(self, group: str, version: str, kind: str) -> Node | None:
        """The schema of a kind, built-in or custom; None where there is none."""
        custom = self._custom.get((group, version, kind))
        if custom is not None:
            return custom
        name = definition_name(group, version, kind)
        return self.definition(name) if name in self._definitions else None

    def node(self, resource: Resource) -> Node:
        """The schema of a resource's kind. A kind without a schema may hold anything."""
        return self.find(resource.group, resource.version, resource.kind) or _ANY

    def add(self, resource: Resource, openapi_v3_schema: Mapping[str, Any]) -> Node:
        """Take in a custom resource's structural schema, with the fields that every object has."""
        node = Node(self._with_object_fields(openapi_v3_schema), self.definition)
        self._custom[resource.group, resource.version, resource.kind] = node
        return node

    def remove(self, resource: Resource) -> None:
        """Forget a custom resource's schema."""
        self._custom.pop((resource.group, resource.version, resource.kind), None)

    def is_custom(self, resource: Resource) -> bool:
        """Whether the kind's schema was added at run time."""
        return (resource.group, resource.version, resource.kind) in self._custom

    def _with_object_fields(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        string = {"type": "string"}
        own = {"apiVersion": string, "kind": string, "metadata": {"$ref": f"{META}.ObjectMeta"}}
        return {**schema, "type": "object", "properties": {**schema.get("properties", {}), **own}}


class Descriptions:
    """What fields mean, in upstream's words; read only where somebody asks (OpenAPI, explain)."""

    def __init__(self, texts: list[str], index: Mapping[str, Mapping[str, int]]) -> None:
        self._texts = texts
        self._index = index

    @classmethod
    def load(cls, version: str = DEFAULT_VERSION) -> Self:
        texts = msgspec.json.decode(_read("texts.bin"), type=list[str])
        index = msgspec.json.decode(_read(f"v{version}.descriptions.bin"), type=dict[str, dict[str, int]])
        return cls(texts, index)

    def of(self, name: str) -> dict[str, str]:
        """The texts of a definition: its own under "", its fields' under their names."""
        return {field: self._texts[position] for field, position in self._index.get(name, {}).items()}


def _read(name: str) -> bytes:
    return zlib.decompress((_DATA / name).read_bytes())
