"""POST of an object: decode, default, admit, validate, write.

A name made up from generateName that is taken already is made up again, a few times.
"""

from kubeade.api.errors import AlreadyExists
from kubeade.api.resource import Object
from kubeade.apiserver import metadata, rules
from kubeade.apiserver.call import Call
from kubeade.apiserver.encoding import encode_object
from kubeade.apiserver.responses import object_response
from kubeade.apiserver.seams import Operation
from kubeade.apiserver.versions import shown, to_stored
from kubeade.lib.http.message import Response
from kubeade.store.ledger import KeyExists

_NAME_ATTEMPTS = 8
_EVENT_SECONDS = 3600


async def create(call: Call) -> Response:
    obj = rules.read(call, call.resource)
    value = await create_object(call, obj)
    return object_response(call, await shown(call, value), 201)


async def create_object(call: Call, obj: Object, *, applied: bool = False) -> bytes:
    """Everything after decoding; also for a PUT or an apply that creates. Returns the stored bytes.

    The client owns what he has sent and its defaults, not what admission and strategy add.

    `applied`: managedFields are there already (server-side apply).
    """
    metadata.place(call, obj)
    metadata.stamp_new(call, obj)
    if not applied:
        obj = rules.own_fields(call, None, obj)
    prefix = "" if call.info.name else obj["metadata"].get("generateName") or ""
    attributes = call.admission_attributes(Operation.CREATE, obj, None, obj["metadata"].get("name") or "")
    await call.backend.admission.mutate(attributes)
    assert attributes.object is not None
    obj = attributes.object
    rules.prepare_create(call, obj)
    rules.validate_create(call, obj)
    attributes.name = obj["metadata"]["name"]
    await call.backend.admission.validate(attributes)
    return await _write(call, attributes.object, prefix)


async def _write(call: Call, obj: Object, prefix: str) -> bytes:
    for attempt in range(_NAME_ATTEMPTS):
        if attempt:
            obj["metadata"]["name"] = metadata.generated_name(call, prefix)
        try:
            return await _write_once(call, await to_stored(call, obj))
        except KeyExists:
            if not prefix:
                break
    raise AlreadyExists.of(call.type.plural, obj["metadata"]["name"], call.type.group)


async def _write_once(call: Call, obj: Object) -> bytes:
    storage, name = call.backend.storage, obj["metadata"]["name"]
    current = storage.find(call.stored, name, obj["metadata"].get("namespace", ""))
    if current is not None:
        raise KeyExists(current)
    if call.options.dry_run:
        # The storage, which refuses a revision in a new object, is not asked: it comes back as it came.
        revision = str(obj["metadata"].get("resourceVersion", ""))
        encoded = encode_object(obj)
        return encoded.stamped(int(revision)) if revision.isdecimal() else encoded.unwritten()
    lease = 0
    if call.stored.plural == "events":
        lease = await storage.ledger.grant_lease(_EVENT_SECONDS)
    record = await storage.create(call.stored, obj, call.user.name, lease=lease)
    return record.value
