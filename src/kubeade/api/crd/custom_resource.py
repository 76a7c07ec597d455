"""One served version of a definition, ready for use: what the API server asks of a custom kind.

Made once when a definition is established or changes, kept until then. Objects are passed through in this
order: `pruned`, `defaulted`, then `create_errors` or `update_errors` (metadata's own rules are
`api.validation.metadata`'s).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kubeade.api.catalogue import version_priority
from kubeade.api.crd import definition as definitions
from kubeade.api.crd.defaulting import apply_defaults, prune
from kubeade.api.crd.definition import Scale, Version
from kubeade.api.crd.embedded import embedded_errors
from kubeade.api.crd.expressions import Rules
from kubeade.api.crd.lists import duplicates
from kubeade.api.crd.schema_shapes import root_of
from kubeade.api.crd.values import Check, compile_schema
from kubeade.api.errors import FieldError
from kubeade.api.parts import part
from kubeade.api.patch.json_value import copied
from kubeade.api.resource import Object, Resource
from kubeade.api.resource_type import ResourceType, custom_resource_type
from kubeade.api.validation.fields import Errors, invalid

_MAX_INT32 = (1 << 31) - 1
_META_FIELDS = ("apiVersion", "kind", "metadata")


@dataclass(frozen=True)
class CustomResource:
    """A version of a custom kind. `type` goes into the catalogue, `schema` into `Schema.add`."""

    type: ResourceType
    version: Version
    keeps_unknown_fields: bool = False
    successor: str = ""
    """The apiVersion to use instead of a deprecated one, if there is a better one."""
    conversion: Object = field(default_factory=dict)
    """The webhook that converts between the versions (`spec.conversion.webhook`); empty for none."""

    @property
    def resource(self) -> Resource:
        return self.type.resource

    @property
    def schema(self) -> Object:
        """The OpenAPI v3 schema as the definition has it; {} where it has none."""
        return self.version.schema

    @property
    def scale(self) -> Scale | None:
        return self.version.scale

    @property
    def columns(self) -> tuple[Object, ...]:
        """The definition's additionalPrinterColumns, in its own form (name, type, jsonPath, priority)."""
        return self.version.columns

    @property
    def selectable_fields(self) -> tuple[str, ...]:
        """Field selectors beside metadata's: `spec.color`."""
        return tuple(path.removeprefix(".") for path in self.version.selectable_fields)

    @property
    def deprecation_warning(self) -> str:
        """What each answer of a deprecated version warns of; "" for one that is not deprecated."""
        if not self.version.deprecated:
            return ""
        resource = self.resource
        instead = f"; use {self.successor} {resource.kind}" if self.successor else ""
        default = f"{resource.api_version} {resource.kind} is deprecated{instead}"
        return self.version.deprecation_warning or default

    def pruned(self, obj: Object) -> tuple[Object, list[str]]:
        """The object without fields that its schema does not know, and those fields' paths."""
        result = copied(obj)
        if self.keeps_unknown_fields:
            return result, []
        return result, prune(result, self.schema)

    def defaulted(self, obj: Object) -> Object:
        """The object with the schema's defaults."""
        result: Object = copied(obj)
        apply_defaults(result, self.schema)
        return result

    def create_errors(self, obj: Object) -> Errors:
        """Broken rules of a new object."""
        yield from self._errors(obj, None)

    def update_errors(self, new: Object, old: Object) -> Errors:
        """Broken rules of a changed object; what was wrong before and stayed so is let be (ratcheting)."""
        yield from self._errors(new, old)

    def status_update_errors(self, new: Object, old: Object) -> Errors:
        """Broken rules of what the status subresource changed."""
        for error in self.update_errors(new, old):
            if error.path in ("<nil>", "status") or error.path.startswith(("status.", "status[", ".status")):
                yield error

    @cached_property
    def _check(self) -> Check:
        return compile_schema(self.schema)

    @cached_property
    def _rules(self) -> Rules:
        return Rules(root_of(self.schema))

    def _value_errors(self, obj: Object) -> Iterator[FieldError]:
        yield from self._check(obj, "")
        yield from embedded_errors(obj, self.schema)
        yield from duplicates(obj, self.schema)
        yield from self._scale_errors(obj)

    def _errors(self, obj: Object, old: Object | None) -> Errors:
        identity = list(self._identity_errors(obj))
        known = set(self._value_errors(old)) if old is not None and not identity else set()
        found = identity or [error for error in self._value_errors(obj) if error not in known]
        yield from found
        blocked = any(error.reason in _BLOCKING for error in found)
        if not blocked and self._rules:
            yield from self._rules.broken(obj, old)
        elif not identity and self._rules:
            detail = "some validation rules were not checked because the object was invalid; correct the"
            yield FieldError("<nil>", "FieldValueInvalid", f"Invalid value: null: {detail} {_REST}")

    def _identity_errors(self, obj: Object) -> Errors:
        resource = self.resource
        if obj.get("kind") != resource.kind:
            yield invalid("kind", obj.get("kind"), f"must be {resource.kind}")
        if obj.get("apiVersion") != resource.api_version:
            yield invalid("apiVersion", obj.get("apiVersion"), f"must be {resource.api_version}")

    def _scale_errors(self, obj: Object) -> Errors:
        if self.scale is None:
            return
        for path in (self.scale.spec_replicas_path, self.scale.status_replicas_path):
            replicas = at_path(obj, path)
            if type(replicas) is int and replicas < 0:
                yield invalid(path, replicas, "should be a non-negative integer")
            elif type(replicas) is int and replicas > _MAX_INT32:
                yield invalid(path, replicas, f"should be less than or equal to {_MAX_INT32}")


_REST = "existing errors to complete validation"
_BLOCKING = frozenset(
    {"FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany"}
    | {"FieldValueTypeInvalid"}
)


def at_path(obj: Object, path: str) -> Any:
    """The value at `.spec.replicas`; None where there is none."""
    value: Any = obj
    for name in path.removeprefix(".").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def custom_resources(definition: Object) -> list[CustomResource]:
    """Every served version of a definition, under its accepted names."""
    storage = definitions.storage_version(definition)
    keeps = definitions.keeps_unknown_fields(definition)
    webhook = definitions.conversion_webhook(definition)
    return [
        CustomResource(
            _type(definition, version, storage), version, keeps, _successor(definition, version), webhook
        )
        for version in definitions.versions(definition)
        if version.served
    ]


def _successor(definition: Object, version: Version) -> str:
    """The best served version that is not deprecated, where it is better than this one."""
    kept = [each.name for each in definitions.versions(definition) if each.served and not each.deprecated]
    best = min(kept, key=version_priority, default=version.name)
    better = version_priority(best) < version_priority(version.name)
    return f"{definitions.group(definition)}/{best}" if better else ""


def _type(definition: Object, version: Version, storage: str) -> ResourceType:
    subresources = {"status": version.has_status, "scale": version.scale is not None}
    resource = definitions.resource(definition, version.name)
    names = part(definition, "status", "acceptedNames")
    names = names if names.get("plural") else part(definition, "spec", "names")
    return custom_resource_type(resource, names, [name for name, has in subresources.items() if has], storage)
