"""What an object passes on its way in, besides admission: the rules of `api`, in upstream's order.

unknown fields -> defaults -> (admission may change it) -> what only the server sets (strategy) -> validation
-> (admission may refuse it) -> owners of fields. The rules are pure and live in `api`; verbs call these.
"""

from kubeade.api.apply.field_manager import FieldManager
from kubeade.api.apply.manager_name import manager_name
from kubeade.api.decoding import NONE, PATCHED, Duplicates, FieldValidation, LineDuplicates, field_duplicates
from kubeade.api.defaults import apply_defaults
from kubeade.api.errors import Invalid
from kubeade.api.resource import Object, Resource
from kubeade.api.strategy import prepare_for_create, prepare_for_update
from kubeade.api.strategy.gates import drop_gated
from kubeade.api.strategy.kinds import reset_fields
from kubeade.api.validation import validate_create as creation_errors
from kubeade.api.validation import validate_update as update_errors
from kubeade.api.validation import warnings
from kubeade.apiserver.body import JSON_TYPES, content_type, read_object, repeated_keys
from kubeade.apiserver.call import Call
from kubeade.apiserver.custom_resources.objects import custom_errors, decode_custom
from kubeade.lib.timestamps import format_time


def read(call: Call, resource: Resource) -> Object:
    """The body as an object of this kind, decoded."""
    return decoded(call, resource, read_object(call.request, resource))


def decoded(call: Call, resource: Resource, obj: Object) -> Object:
    """An object that was sent: fields that the schema does not know, or that stand twice, are refused,
    warned about or passed over, as the client asked; then defaults."""
    if content_type(call.request) in JSON_TYPES:
        duplicates = field_duplicates(call.request.body, obj)
        if duplicates is not None and not call.type.custom:
            obj = {**duplicates.merged(), "kind": obj["kind"], "apiVersion": obj["apiVersion"]}
            obj["metadata"] = obj.get("metadata") or {}
        return _decode(call, resource, obj, duplicates or NONE)
    return _decode(call, resource, obj, repeated_lines(call))


def repeated_lines(call: Call) -> Duplicates:
    """What stands twice in a YAML body, unless nobody wants to know."""
    if call.options.field_validation == FieldValidation.IGNORE.value or b":" not in call.request.body:
        return NONE
    return LineDuplicates(repeated_keys(call.request.body))


def patched(call: Call, resource: Resource, obj: Object, duplicates: Duplicates = PATCHED) -> Object:
    """The result of a patch: judged like an object that was sent."""
    return _decode(call, resource, obj, duplicates)


def _decode(call: Call, resource: Resource, obj: Object, duplicates: Duplicates) -> Object:
    mode = FieldValidation(call.options.field_validation)
    custom = call.backend.customs.find(resource)
    if custom is not None:
        found, warned = decode_custom(custom, call.backend.schema, obj, mode, duplicates)
    else:
        found, warned = call.backend.decoder.decode(resource, obj, mode, duplicates)
        apply_defaults(resource, found)
    call.warnings.extend(warned)
    return found


def prepare_create(call: Call, obj: Object) -> None:
    """What only the server sets in a new object. Raises Forbidden for a kind that is being removed."""
    call.backend.customs.check_creation(call.resource, obj["metadata"].get("name") or "")
    drop_gated(call.type, obj, None, _minor(call))
    prepare_for_create(call.type, obj, _now(call))


def prepare_update(call: Call, obj: Object, old: Object) -> None:
    """Put back what this verb, on this subresource, may not change."""
    if not call.info.subresource:
        drop_gated(call.type, obj, old, _minor(call))
    prepare_for_update(call.type, obj, old, call.info.subresource, _now(call))


def validate_create(call: Call, obj: Object) -> None:
    """Raises Invalid."""
    errors = creation_errors(call.resource, obj, call.backend.validation)
    custom = call.backend.customs.find(call.resource)
    if custom is not None:
        errors += custom_errors(custom, obj, None, "")
    if errors:
        raise Invalid.of(call.type.kind, obj["metadata"].get("name") or "", errors, call.type.group)
    call.warnings.extend(warnings(call.resource, obj, None, _minor(call)))


def validate_update(call: Call, obj: Object, old: Object) -> None:
    """Raises Invalid."""
    errors = update_errors(call.resource, obj, old, call.info.subresource, call.backend.validation)
    custom = call.backend.customs.find(call.resource)
    if custom is not None:
        errors += custom_errors(custom, obj, old, call.info.subresource)
    if errors:
        raise Invalid.of(call.type.kind, call.info.name, errors, call.type.group)
    if not call.info.subresource:
        call.warnings.extend(warnings(call.resource, obj, old, _minor(call)))


def own_fields(call: Call, old: Object | None, obj: Object, resource: Resource | None = None) -> Object:
    """The object with managedFields brought up to date for a create, an update or a patch. `resource` where
    what is sent is of another kind than the address says."""
    name = manager_name(call.options.field_manager, call.request.headers.get("user-agent", ""))
    return field_manager(call, resource or call.resource).update(old, obj, name, _now(call))


def field_manager(call: Call, resource: Resource) -> FieldManager:
    subresource = call.info.subresource
    node = call.backend.schema.node(resource)
    reset = reset_fields(call.type, subresource)
    return FieldManager(node, resource.api_version, resource.kind, subresource, reset)


def _now(call: Call) -> str:
    return format_time(call.backend.clock.now())


def _minor(call: Call) -> int:
    """Of the version of Kubernetes that is imitated."""
    return int(call.backend.schema.version.partition(".")[2])
