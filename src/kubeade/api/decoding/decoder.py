"""Turns a request's JSON into an object of a built-in kind, as strictly as the client asked.

Of custom resources only the metadata is decoded here: the rest is pruned and validated by `api.crd`.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Any

from kubeade.api.decoding.check import Check, compile_check
from kubeade.api.decoding.clean import Cleaner
from kubeade.api.errors import BadRequest
from kubeade.api.resource import Object, Resource
from kubeade.api.schema import META, Schema
from kubeade.api.schema_node import Node


class FieldValidation(Enum):
    """What becomes of unknown and duplicate fields; the values of the `fieldValidation` parameter."""

    STRICT = "Strict"
    WARN = "Warn"
    IGNORE = "Ignore"


class Decoder:
    """Decodes objects by one schema. Checks are compiled when first needed and kept."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._checks: dict[Node, Check] = {}

    def decode(
        self,
        resource: Resource,
        obj: Object,
        mode: FieldValidation = FieldValidation.WARN,
        duplicates: Iterable[str] = (),
    ) -> tuple[Object, list[str]]:
        """The object, without unknown fields and nulls, and warnings. Raises BadRequest.

        `obj` is handed back unchanged where nothing needs to change. `duplicates` are the paths that
        `duplicate_fields` found in the body.
        """
        try:
            cleaned, problems = self.inspect(resource, obj)
        except ValueError as error:
            raise BadRequest(_cannot_handle(resource, str(error))) from None
        problems = [f'duplicate field "{path}"' for path in duplicates] + problems
        if problems and mode is FieldValidation.STRICT:
            raise BadRequest(_cannot_handle(resource, f"strict decoding error: {', '.join(problems)}"))
        return cleaned, problems if mode is FieldValidation.WARN else []

    def inspect(self, resource: Resource, obj: Object) -> tuple[Object, list[str]]:
        """The object and what strict decoding has against it. Raises ValueError for wrong types."""
        if not self._schema.is_custom(resource):
            return self._inspect(self._schema.node(resource), obj, "")
        metadata = obj.get("metadata")
        found, problems = self._inspect(self._schema.definition(f"{META}.ObjectMeta"), metadata, "metadata")
        return (obj if found is metadata else {**obj, "metadata": found}), problems

    def _inspect(self, node: Node, value: Any, path: str) -> tuple[Any, list[str]]:
        check = self._checks.get(node)
        if check is None:
            check = self._checks[node] = compile_check(node)
        if check(value):
            return value, []
        cleaner = Cleaner()
        cleaned = cleaner.clean(node, value, path)
        return cleaned, [f'unknown field "{unknown}"' for unknown in cleaner.unknown]


def _cannot_handle(resource: Resource, why: str) -> str:
    return f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'
