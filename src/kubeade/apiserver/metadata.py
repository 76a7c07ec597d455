"""What the server itself says in an object's metadata (upstream: registry/rest BeforeCreate,
BeforeUpdate)."""

from kubeade.api.errors import BadRequest, Conflict, FieldError, Invalid
from kubeade.api.resource import Object
from kubeade.apiserver.call import Call
from kubeade.lib.timestamps import format_time

_SET_BY_SERVER = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_KEPT_ON_UPDATE = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_GENERATED_LENGTH = 58  # of a name of 63: five characters are appended


def place(call: Call, obj: Object) -> None:
    """The namespace of the request becomes the object's; they must not differ."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace") or ""
    if not call.resource.namespaced:
        if namespace:
            raise BadRequest(
                "namespace is not allowed on this type" if not call.info.namespace else _MISPLACED
            )
        metadata.pop("namespace", None)
        return
    if namespace and namespace != call.info.namespace:
        raise BadRequest(_MISPLACED)
    metadata["namespace"] = call.info.namespace


_MISPLACED = "the namespace of the provided object does not match the namespace sent on the request"


def stamp_new(call: Call, obj: Object) -> None:
    """A new object's identity: name (made up where only a prefix is given), uid, date of creation."""
    metadata = obj["metadata"]
    if metadata.get("resourceVersion"):
        raise BadRequest("resourceVersion should not be set on objects to be created")
    for name in _SET_BY_SERVER:
        metadata.pop(name, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated_name(call, metadata["generateName"])
    metadata["uid"] = call.backend.ids.uid()
    metadata["creationTimestamp"] = format_time(call.backend.clock.now())


def generated_name(call: Call, prefix: str) -> str:
    return str(prefix)[:_GENERATED_LENGTH] + call.backend.ids.suffix()


def keep_identity(call: Call, obj: Object, old: Object) -> None:
    """An update cannot change what the server has set; a uid that is given must be the object's."""
    metadata, before = obj["metadata"], old["metadata"]
    uid = metadata.get("uid")
    if uid and uid != before.get("uid"):
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before.get('uid')}"
        raise Conflict.of(call.type.plural, before["name"], why, call.type.group)
    metadata.pop("selfLink", None)
    for name in _KEPT_ON_UPDATE:
        if name in before:
            metadata[name] = before[name]
        else:
            metadata.pop(name, None)


def check_addressed(call: Call, obj: Object) -> None:
    """The object must be the one that the URL names (upstream: checkName)."""
    metadata = obj["metadata"]
    name, namespace = metadata.get("name") or "", metadata.get("namespace") or ""
    if not name:
        metadata["name"] = name = call.info.name
    if name != call.info.name:
        raise BadRequest(
            f"the name of the object ({name}) does not match the name on the URL ({call.info.name})"
        )
    if call.info.namespace and namespace and namespace != call.info.namespace and call.resource.namespaced:
        raise BadRequest(
            f"the namespace of the object ({namespace}) does not match the namespace on the request "
            f"({call.info.namespace})"
        )
    place(call, obj)


def require_name(call: Call, obj: Object) -> None:
    if not obj["metadata"].get("name"):
        error = FieldError(
            "metadata.name", "FieldValueRequired", "Required value: name or generateName is required"
        )
        raise Invalid.of(call.type.kind, "", [error], call.type.group)
