"""Turns a request's JSON into an object of a built-in kind, as strictly as the client asked.

Of custom resources only the metadata is decoded here: the rest is pruned and validated by `api.crd`.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from kubeade.api.decoding.check import Check, compile_check
from kubeade.api.decoding.clean import Cleaner
from kubeade.api.decoding.duplicates import NONE, Duplicates
from kubeade.api.decoding.go_words import WrongType
from kubeade.api.errors import BadRequest
from kubeade.api.resource import Object, Resource
from kubeade.api.schema import META, Schema
from kubeade.api.schema_node import Node


class FieldValidation(Enum):
    """What becomes of unknown and duplicate fields; the values of the `fieldValidation` parameter."""

    STRICT = "Strict"
    WARN = "Warn"
    IGNORE = "Ignore"


class Undecodable(BadRequest):
    """An object that cannot be one of its kind; `why` is the message without the kind's name, `converted`
    the same of what was merged rather than decoded."""

    def __init__(self, resource: Resource, why: str, converted: str = "") -> None:
        self.why = why
        self.converted = converted or why
        kind = resource.kind
        super().__init__(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}')


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
        duplicates: Duplicates = NONE,
    ) -> tuple[Object, list[str]]:
        """The object, without unknown fields and nulls, and warnings. Raises Undecodable.

        `obj` is handed back unchanged where nothing needs to change. `duplicates` is what was found to stand
        twice in the body.
        """
        try:
            cleaned, unknown = self.inspect(resource, obj)
        except ValueError as error:
            converted = error.converted() if isinstance(error, WrongType) else ""
            raise Undecodable(resource, str(error), converted) from None
        if mode is FieldValidation.STRICT:
            refuse(resource, duplicates.strict(unknown))
        return cleaned, duplicates.warnings(unknown) if mode is FieldValidation.WARN else []

    def inspect(self, resource: Resource, obj: Object) -> tuple[Object, list[str]]:
        """The object and the paths of unknown fields. Raises ValueError for wrong types."""
        if not self._schema.is_custom(resource):
            return self._inspect(self._schema.node(resource), obj, "")
        metadata = obj.get("metadata")
        found, unknown = self._inspect(self._schema.definition(f"{META}.ObjectMeta"), metadata, "metadata")
        return (obj if found is metadata else {**obj, "metadata": found}), unknown

    def _inspect(self, node: Node, value: Any, path: str) -> tuple[Any, list[str]]:
        check = self._checks.get(node)
        if check is None:
            check = self._checks[node] = compile_check(node)
        if check(value):
            return value, []
        cleaner = Cleaner()
        cleaned = cleaner.clean(node, value, path)
        return cleaned, cleaner.unknown


def refuse(resource: Resource, problems: Sequence[str]) -> None:
    """Strict decoding lets none pass. Raises Undecodable."""
    if problems:
        raise Undecodable(resource, f"strict decoding error: {', '.join(problems)}")
