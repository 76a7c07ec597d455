"""One place in an object's schema: what may stand there, and how lists and maps there are merged.

Built-in kinds and custom resources share this form: both are OpenAPI schemas with Kubernetes' extensions
(x-kubernetes-list-type, -patch-merge-key, ...). Children are made when first asked for and kept, so a
schema that refers to itself is no trouble and an unused kind costs nothing. Nodes are never changed.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
_OPEN_SCHEMAS = frozenset(_SCHEMA + other for other in ("OrArray", "OrBool", "OrStringArray"))

Definition = Mapping[str, Any]
Lookup = Callable[[str], "Node"]
"""The node of a definition by its name (`io.k8s.api.core.v1.PodSpec`)."""


def no_definitions(name: str) -> "Node":
    """The lookup of schemas that stand on their own: structural schemas hold no references."""
    raise LookupError(f"no definition named {name}")


class Node:
    """A node of the schema. `name` is the definition's name, "" inside of one."""

    def __init__(self, schema: Definition, lookup: Lookup = no_definitions, name: str = "") -> None:
        self.schema = schema
        self.name = name
        self._lookup = lookup

    def __repr__(self) -> str:
        return f"Node({self.name or self.type})"

    @cached_property
    def type(self) -> str:
        """object, array, string, integer, number, boolean, int-or-string, quantity, or any."""
        if self.schema.get("x-kubernetes-int-or-string"):
            return "int-or-string"
        if "oneOf" in self.schema and "type" not in self.schema:
            return _choice(self.schema["oneOf"])
        return self.schema.get("type", "") or ("object" if self.fields else "any")

    @property
    def format(self) -> str:
        """int32, int64, byte, date-time, ... or ""."""
        return str(self.schema.get("format", ""))

    @cached_property
    def fields(self) -> Mapping[str, "Node"]:
        """The known fields of an object."""
        return {name: self._child(field) for name, field in self.schema.get("properties", {}).items()}

    @cached_property
    def items(self) -> "Node | None":
        """What a list holds."""
        items = self.schema.get("items")
        return self._child(items) if isinstance(items, Mapping) else None

    @cached_property
    def values(self) -> "Node | None":
        """What the values of a map (an object with free keys) are."""
        values = self.schema.get("additionalProperties")
        if values is True:
            return Node({}, self._lookup)
        return self._child(values) if isinstance(values, Mapping) else None

    @property
    def list_type(self) -> str:
        """atomic, set or map; atomic where the schema says nothing, as upstream."""
        return str(self.schema.get("x-kubernetes-list-type", "atomic"))

    @property
    def map_keys(self) -> tuple[str, ...]:
        """The fields that tell the items of a list of type map apart."""
        return tuple(self.schema.get("x-kubernetes-list-map-keys", ()))

    @property
    def map_type(self) -> str:
        """granular or atomic."""
        return str(self.schema.get("x-kubernetes-map-type", "granular"))

    @property
    def patch_merge_key(self) -> str:
        """The field by which a strategic merge patch finds a list's items; "" for none."""
        return str(self.schema.get("x-kubernetes-patch-merge-key", ""))

    @property
    def patch_strategies(self) -> tuple[str, ...]:
        """Of merge, replace, retainKeys: what a strategic merge patch does here."""
        strategies = self.schema.get("x-kubernetes-patch-strategy", "")
        return tuple(strategies.split(",")) if strategies else ()

    @property
    def default(self) -> Any:
        """The value that stands for a missing one; None for none. Do not change it in place."""
        return self.schema.get("default")

    @property
    def nullable(self) -> bool:
        """Whether an explicit null is kept (custom resources only)."""
        return bool(self.schema.get("nullable", False))

    @property
    def preserves_unknown_fields(self) -> bool:
        """Whether fields that the schema does not name are kept."""
        return bool(self.schema.get("x-kubernetes-preserve-unknown-fields", False)) or self.type == "any"

    @cached_property
    def inside(self) -> "Node | None":
        """By what an object is read where the type is left open: a schema beside a flag or a list."""
        return self._lookup(_SCHEMA) if self.name in _OPEN_SCHEMAS else None

    @property
    def embedded_resource(self) -> bool:
        """Whether a whole object, with apiVersion, kind and metadata, stands here."""
        return bool(self.schema.get("x-kubernetes-embedded-resource", False))

    @property
    def required(self) -> tuple[str, ...]:
        """The fields that must be there. Built-in kinds' rules are in `api.validation` instead."""
        return tuple(self.schema.get("required", ()))

    def _child(self, schema: Definition) -> "Node":
        reference = schema.get("$ref")
        if reference is None:
            return Node(schema, self._lookup)
        referred = self._lookup(reference)
        own = {key: value for key, value in schema.items() if key != "$ref"}
        if not own:
            return referred
        # What the field says of itself (a patch strategy, a map type) goes before what its type says.
        return Node({**referred.schema, **own}, self._lookup, referred.name)


def _choice(choices: list[Definition]) -> str:
    types = {choice.get("type") for choice in choices}
    if types == {"string", "integer"}:
        return "int-or-string"
    if types == {"string", "number"}:
        return "quantity"
    return "any"
