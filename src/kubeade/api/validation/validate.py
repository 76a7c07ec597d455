"""The two questions that the API server asks of every object on its way in."""

from kubeade.api.errors import FieldError
from kubeade.api.parts import part
from kubeade.api.resource import Object, Resource
from kubeade.api.validation.metadata import metadata_create, metadata_update, standard_finalizers
from kubeade.api.validation.options import DEFAULT_OPTIONS, ValidationOptions
from kubeade.api.validation.rules import rules_of


def validate_create(
    resource: Resource, obj: Object, options: ValidationOptions = DEFAULT_OPTIONS
) -> list[FieldError]:
    """The rules that a new object breaks. It is complete: defaulted, named, its addresses allocated."""
    rules = rules_of(resource)
    metadata = part(obj, "metadata")
    found = list(metadata_create(metadata, resource.namespaced, rules.name))
    if not rules.plain_finalizers:
        found.extend(standard_finalizers(metadata))
    found.extend(rules.on_create(obj, options))
    return found


def validate_update(
    resource: Resource,
    new: Object,
    old: Object,
    subresource: str = "",
    options: ValidationOptions = DEFAULT_OPTIONS,
) -> list[FieldError]:
    """The rules that a change breaks. For a subresource, `new` is the whole object with that part written."""
    rules = rules_of(resource)
    metadata = part(new, "metadata")
    found = list(metadata_update(metadata, part(old, "metadata")))
    if metadata.get("finalizers") and not rules.plain_finalizers:
        found.extend(standard_finalizers(metadata))
    if not subresource:
        found.extend(rules.on_update(new, old, options))
    elif subresource in rules.subresources:
        found.extend(rules.subresources[subresource](new, old))
    return found
