"""What an object passes on its way in, besides admission: the rules of `api`, in upstream's order.

unknown fields -> defaults -> (admission may change it) -> what only the server sets (strategy) -> validation ->
(admission may refuse it) -> owners of fields. The rules are pure and live in `api`; verbs call these steps.
"""

from kubeade.api.apply.field_manager import FieldManager
from kubeade.api.apply.manager_name import manager_name
from kubeade.api.defaults import apply_defaults
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.call import Call
from kubeade.lib.timestamps import format_time


def read_in(call: Call, resource: Resource, obj: Object) -> None:
    """Fields that the schema does not know are refused, warned about or dropped; then defaults."""
    apply_defaults(resource, obj)


def checked_fields(call: Call, resource: Resource, obj: Object) -> Object:
    return obj


def prepare_create(call: Call, obj: Object) -> None:
    obj["metadata"]["generation"] = 1
    if call.type.has_status:
        obj.pop("status", None)


def prepare_update(call: Call, obj: Object, old: Object) -> Object:
    if call.info.subresource == "status":
        new = {**old, "status": obj.get("status")}
        return new
    if call.type.has_status:
        obj.pop("status", None)
        if "status" in old:
            obj["status"] = old["status"]
    g = old["metadata"].get("generation")
    if g:
        obj["metadata"]["generation"] = g + (obj.get("spec") != old.get("spec"))
    return obj


def validate_create(call: Call, obj: Object) -> None:
    pass


def validate_update(call: Call, obj: Object, old: Object) -> None:
    pass


def own_fields(call: Call, old: Object | None, obj: Object) -> Object:
    """The object with managedFields brought up to date for a create, an update or a patch."""
    name = manager_name(call.options.field_manager, call.request.headers.get("user-agent", ""))
    return field_manager(call).update(old, obj, name, format_time(call.backend.clock.now()))


def field_manager(call: Call) -> FieldManager:
    resource = call.resource
    node = call.backend.schema.node(resource)
    return FieldManager(node, resource.api_version, resource.kind, call.info.subresource)
