"""The rules of custom kinds, in the places where `rules` asks for those of built-in ones, and where stored
objects are read (`versions`)."""

from typing import TYPE_CHECKING, Any

from kubeade.api.decoding import Duplicates, FieldValidation, Undecodable, refuse
from kubeade.api.errors import FieldError
from kubeade.api.resource import Object
from kubeade.api.schema import META, Schema
from kubeade.apiserver.encoding import decode_object, encode_object, revision_of

if TYPE_CHECKING:
    from kubeade.api.crd.custom_resource import CustomResource


def decode_custom(
    custom: "CustomResource", schema: Schema, obj: Object, mode: FieldValidation, duplicates: Duplicates
) -> tuple[Object, list[str]]:
    """The object pruned and defaulted, and warnings. Raises Undecodable."""
    pruned, unknown = custom.pruned(obj)
    pruned["metadata"] = _metadata(custom, schema, pruned.get("metadata"))
    if mode is FieldValidation.STRICT:
        refuse(custom.resource, duplicates.strict(unknown))
    found = custom.defaulted(pruned)
    return found, duplicates.warnings(unknown) if mode is FieldValidation.WARN else []


def refreshed(custom: "CustomResource", obj: Object) -> Object:
    """A stored object as if it had been written under today's schema (upstream prunes and defaults whatever
    it reads)."""
    return custom.defaulted(custom.pruned(obj)[0])


def held_to(custom: "CustomResource", value: bytes) -> bytes:
    """The same for an object's stored bytes."""
    obj = decode_object(value)
    found = refreshed(custom, obj)
    return value if found == obj else encode_object(found).stamped(revision_of(value))


def custom_errors(
    custom: "CustomResource", obj: Object, old: Object | None, subresource: str
) -> list[FieldError]:
    """Broken rules of a new (`old` None) or changed object."""
    if old is None:
        return list(custom.create_errors(obj))
    if subresource == "status":
        return list(custom.status_update_errors(obj, old))
    return list(custom.update_errors(obj, old))


def _metadata(custom: "CustomResource", schema: Schema, metadata: Any) -> Any:
    """Metadata has the types of every object's, whatever the definition says."""
    from kubeade.api.decoding.clean import Cleaner

    try:
        return Cleaner().clean(schema.definition(f"{META}.ObjectMeta"), metadata or {}, "metadata")
    except ValueError as error:
        raise Undecodable(custom.resource, str(error)) from None
