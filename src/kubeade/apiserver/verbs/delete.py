"""DELETE of one object: admitted, decided (`deletion`), done."""

from dataclasses import dataclass

from kubeade.api.errors import Conflict, ServiceUnavailable
from kubeade.api.resource import Object
from kubeade.apiserver.call import Call
from kubeade.apiserver.delete_options import DeleteOptions, read_delete_options
from kubeade.apiserver.deletion import Step, plan_deletion
from kubeade.apiserver.encoding import decode_object, encode_object
from kubeade.apiserver.responses import object_response, success, value_response
from kubeade.apiserver.seams import Operation
from kubeade.apiserver.versions import shown, to_served
from kubeade.lib.http.message import Response
from kubeade.store.ledger import Record, RevisionMismatch

_ATTEMPTS = 64
_SHOWN = frozenset(
    {
        ("", "namespaces"),
        ("", "persistentvolumeclaims"),
        ("", "persistentvolumes"),
        ("", "pods"),
        ("", "podtemplates"),
        ("", "resourcequotas"),
        ("", "serviceaccounts"),
        ("", "services"),
        ("storage.k8s.io", "csidrivers"),
        ("storage.k8s.io", "csinodes"),
        ("storage.k8s.io", "storageclasses"),
        ("storage.k8s.io", "volumeattachments"),
        ("storage.k8s.io", "volumeattributesclasses"),
    }
)
"""Kinds whose last state is the answer to their deletion, and all of resource.k8s.io (upstream:
ReturnDeletedObject)."""

_CHECKED_IN_STORAGE = (("", "namespaces"), ("apiextensions.k8s.io", "customresourcedefinitions"))
"""Upstream deletes these in steps of their own, and says otherwise what it was told to find."""

_JOBS_KEPT = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
    "them or set propagationPolicy=Orphan to suppress this warning"
)


@dataclass(frozen=True, slots=True)
class Deleted:
    """The stored bytes after the deletion; `gone` when the object has been removed."""

    value: bytes
    gone: bool


async def delete(call: Call) -> Response:
    options = read_delete_options(call.request)
    call.options.dry_run |= options.dry_run
    if (call.type.group, call.type.plural) == ("batch", "jobs") and not options.propagation:
        call.warnings.append(_JOBS_KEPT)
    deleted = await delete_object(call, options)
    value = await shown(call, deleted.value)
    if not deleted.gone or _is_shown(call):
        return object_response(call, value)
    uid = decode_object(value)["metadata"].get("uid", "")
    return value_response(call, success(call.type.plural, call.info.name, call.type.group, uid))


async def delete_object(call: Call, options: DeleteOptions) -> Deleted:
    """Raises NotFound, Conflict for a precondition that does not hold, and what admission raises."""
    for _ in range(_ATTEMPTS):
        current = call.record()
        old = decode_object(current.value)
        check_preconditions(call, old, options)
        old = await to_served(call, old)
        attributes = call.admission_attributes(Operation.DELETE, None, old)
        attributes.options = {**(options.raw or {}), "kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"}
        await call.backend.admission.mutate(attributes)
        await call.backend.admission.validate(attributes)
        try:
            return await _carry_out(call, current, options)
        except RevisionMismatch as mismatch:
            if mismatch.current is None:
                raise call.not_found(call.info.name) from None
    raise ServiceUnavailable("the object is being changed too often to be deleted: try again")


def check_preconditions(call: Call, obj: Object, options: DeleteOptions) -> None:
    metadata = obj["metadata"]
    if (call.type.group, call.type.plural) in _CHECKED_IN_STORAGE:
        _check_in_storage(call, metadata, options)
    if options.uid and options.uid != metadata.get("uid"):
        raise _conflict(
            call,
            f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({metadata.get('uid')}). The object might have been deleted and then recreated",
        )
    if options.resource_version and options.resource_version != metadata["resourceVersion"]:
        raise _conflict(
            call,
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the "
            f"ResourceVersion in record ({metadata['resourceVersion']}). The object might have been modified",
        )


def _check_in_storage(call: Call, metadata: Object, options: DeleteOptions) -> None:
    for name, asked, found in (
        ("UID", options.uid, metadata.get("uid")),
        ("ResourceVersion", options.resource_version, metadata["resourceVersion"]),
    ):
        if asked and asked != found:
            why = f"Precondition failed: {name} in precondition: {asked}, {name} in object meta: {found}"
            raise Conflict.of(call.type.plural, call.info.name, why, call.type.group)


async def _carry_out(call: Call, current: Record, options: DeleteOptions) -> Deleted:
    storage, author = call.backend.storage, call.user.name
    plan = plan_deletion(call.stored, decode_object(current.value), options, call.backend.clock.now())
    if plan.step is Step.NOTHING:
        return Deleted(current.value, gone=False)
    if call.options.dry_run:
        shown = encode_object(plan.object).stamped(current.mod_revision)
        return Deleted(shown, plan.step is not Step.MARK)
    if plan.step is not Step.REMOVE:
        current = await storage.update(current, plan.object, author)
    if plan.step is Step.MARK:
        return Deleted(current.value, gone=False)
    record = await storage.delete(current, author)
    return Deleted(record.value, gone=True)


def _is_shown(call: Call) -> bool:
    return (call.type.group, call.type.plural) in _SHOWN or call.type.group == "resource.k8s.io"


def _conflict(call: Call, why: str) -> Conflict:
    return Conflict.of(call.type.kind, call.info.name, why, call.type.group)
