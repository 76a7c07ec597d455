"""What the server itself says in an object's metadata (upstream: registry/rest BeforeCreate,
BeforeUpdate)."""

from kubeade.api.errors import BadRequest, Conflict
from kubeade.api.resource import Object
from kubeade.apiserver.call import Call
from kubeade.lib.timestamps import format_time

_SET_BY_SERVER = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_KEPT_ON_UPDATE = ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_GENERATED_LENGTH = 58  # of a name of 63: five characters are appended


def place(call: Call, obj: Object) -> None:
    """The namespace of the request becomes the object's; they must not differ."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace") or ""
    if not call.resource.namespaced:
        # Upstream passes over a namespace that makes no sense.
        metadata.pop("namespace", None)
        return
    if namespace and namespace != call.info.namespace:
        raise BadRequest(_MISPLACED)
    metadata["namespace"] = call.info.namespace


_MISPLACED = "the namespace of the provided object does not match the namespace sent on the request"


def stamp_new(call: Call, obj: Object) -> None:
    """A new object's identity: name (made up where only a prefix is given), uid, date of creation."""
    metadata = obj["metadata"]
    # Upstream's storage says so, which is not asked in a dry run.
    if metadata.get("resourceVersion") and not call.options.dry_run:
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
    metadata.pop("selfLink", None)
    if not metadata.get("uid"):
        metadata["uid"] = before["uid"]
    for name in _KEPT_ON_UPDATE:
        if name in before:
            metadata[name] = before[name]


def require_uid(call: Call, obj: Object, old: Object) -> None:
    """The uid in an object that is to replace another must be that one's. Raises Conflict."""
    uid, found = obj["metadata"].get("uid"), old["metadata"].get("uid")
    if uid and uid != found:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {found}"
        raise Conflict.of(call.type.plural, call.info.name, why, call.type.group)


def check_addressed(call: Call, obj: Object) -> None:
    """The object must be the one that the URL names (upstream: checkName)."""
    metadata = obj["metadata"]
    name = metadata.get("name") or ""
    if not name:
        metadata["name"] = name = call.info.name
    if name != call.info.name:
        raise BadRequest(
            f"the name of the object ({name}) does not match the name on the URL ({call.info.name})"
        )
    place(call, obj)
