"""Read, change, compare and swap: what PUT, PATCH and every subresource that changes an object share.

`make` gets the current object (its own copy, in the request's version) and returns the new one. Where the
client named a revision the swap is tried once; otherwise it is made again on what was written in between. An
update that takes the last finalizer of an object under deletion away deletes it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kubeade.api.errors import Conflict, ServiceUnavailable
from kubeade.api.patch.json_value import copied
from kubeade.api.resource import Object
from kubeade.apiserver import metadata, rules
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import decode_object, encode_object
from kubeade.apiserver.seams import Operation
from kubeade.apiserver.versions import to_served, to_stored
from kubeade.store.ledger import Record, RevisionMismatch

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
_ATTEMPTS = 64
Make = Callable[[Object], Object]
Stage = Callable[[Call, Object, Object], Awaitable[Object]]


@dataclass(frozen=True, slots=True)
class Changed:
    """The stored bytes after the change; `deleted` when it was the end of the object."""

    value: bytes
    deleted: bool = False


async def change(call: Call, make: Make, stage: Stage | None = None) -> Changed:
    """`stage` is what the new object passes before it is written: `admitted`, unless said otherwise.

    Raises NotFound, Conflict, Invalid, and whatever `make` and admission raise."""
    for _ in range(_ATTEMPTS):
        current = call.record()
        old, own = await _twice(call, current.value)
        obj = make(own)
        conditional = _check_revision(call, obj, current)
        obj = await (stage or admitted)(call, obj, old)
        try:
            return await _write(call, current, await to_stored(call, obj))
        except RevisionMismatch as mismatch:
            if mismatch.current is None:
                raise call.not_found(call.info.name) from None
            if conditional:
                raise conflict(call) from None
    raise ServiceUnavailable("the object is being changed too often to be changed: try again")


async def _twice(call: Call, value: bytes) -> tuple[Object, Object]:
    """The object as it is, and a copy to change. (Reading anew is faster than copying; converting is not.)"""
    old = await to_served(call, decode_object(value))
    return old, copied(old) if call.type.custom else await to_served(call, decode_object(value))


async def admitted(call: Call, obj: Object, old: Object) -> Object:
    """Through admission and the rules, with managedFields brought up to date."""
    metadata.check_addressed(call, obj)
    return await applied(call, rules.own_fields(call, old, obj), old)


async def unchecked(call: Call, obj: Object, old: Object) -> Object:
    """As it is: for what the server itself does to an object (bind it, charge a budget)."""
    return obj


async def applied(call: Call, obj: Object, old: Object) -> Object:
    """Through admission and the rules; managedFields are right already (server-side apply)."""
    metadata.check_addressed(call, obj)
    metadata.keep_identity(call, obj, old)
    attributes = call.admission_attributes(Operation.UPDATE, obj, old)
    await call.backend.admission.mutate(attributes)
    assert attributes.object is not None
    metadata.keep_identity(call, attributes.object, old)
    ruled(call, attributes.object, old)
    await call.backend.admission.validate(attributes)
    return attributes.object


def ruled(call: Call, obj: Object, old: Object) -> None:
    """What only the server sets is put back, and the rest held to the rules. Raises Invalid."""
    rules.prepare_update(call, obj, old)
    rules.validate_update(call, obj, old)


def conflict(call: Call, why: str = MODIFIED) -> Conflict:
    return Conflict.of(call.type.plural, call.info.name, why, call.type.group)


def _check_revision(call: Call, obj: Object, current: Record) -> bool:
    """Whether the client named the revision it wants to replace. Raises Conflict when it is another."""
    revision = obj["metadata"].get("resourceVersion")
    if not revision or revision == "0":
        return False
    if str(revision) != str(current.mod_revision):
        raise conflict(call)
    return True


async def _write(call: Call, current: Record, obj: Object) -> Changed:
    storage = call.backend.storage
    ended = _is_over(obj)
    if call.options.dry_run:
        return Changed(encode_object(obj).stamped(current.mod_revision), ended)
    if ended:
        record = await storage.delete(current, call.user.name)
        return Changed(encode_object(obj).stamped(record.mod_revision), deleted=True)
    record = await storage.update(current, obj, call.user.name)
    return Changed(record.value)


def _is_over(obj: Object) -> bool:
    """Under deletion, with nobody left to wait for (upstream: ShouldDeleteDuringUpdate)."""
    found = obj["metadata"]
    if not found.get("deletionTimestamp") or found.get("finalizers"):
        return False
    if obj["kind"] == "Namespace" and (obj.get("spec") or {}).get("finalizers"):
        return False
    return not found.get("deletionGracePeriodSeconds")
