"""Between the version that objects are kept in and the one that a request speaks.

Most resources have one version, or versions that differ in nothing but their name: then only the head of the
stored bytes is exchanged. Where fields differ (`api.conversion`), the object is decoded and translated. Where
only a webhook can do that, it is asked first (`prepare`), once for all objects of an answer.
"""

from collections.abc import Iterable

from kubeade.api.conversion import convert
from kubeade.api.decoding import FieldValidation
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.call import Call
from kubeade.apiserver.custom_resources.objects import held_to, refreshed
from kubeade.apiserver.encoding import decode_object, encode_object, revision_of


async def prepare(call: Call, values: Iterable[bytes]) -> None:
    """Have a webhook convert what only it can, so that `served_bytes` need not wait. What it converted for
    an earlier answer is forgotten. Raises ConversionFailed."""
    webhook = call.backend.customs.conversion(call.resource) if call.type.custom else None
    if webhook is None:
        return
    head = _head(call.resource)
    pending = [value for value in dict.fromkeys(values) if not value.startswith(head)]
    call.converted = {}
    if pending:
        objects = [decode_object(value) for value in pending]
        made = await call.backend.customs.convert(webhook, objects, call.resource)
        pairs = zip(pending, made, strict=True)
        call.converted = {old: encode_object(new).stamped(revision_of(old)) for old, new in pairs}


async def shown(call: Call, value: bytes) -> bytes:
    """`served_bytes` of one object, prepared."""
    if call.type.custom:
        await prepare(call, (value,))
    return served_bytes(call, value)


def served_bytes(call: Call, value: bytes) -> bytes:
    """A stored object as the version of the request says it."""
    stored, served = call.type.storage, call.resource
    if call.type.custom:  # kept, perhaps, from when another version or schema was the stored one
        if value in call.converted:
            return call.converted[value]
        revision = revision_of(value)
        custom = call.backend.customs.outdated(served, revision) if revision else None
        value = value if custom is None else held_to(custom, value)
        head = _head(served)
        return value if value.startswith(head) else head + value[value.index(b'"metadata":') :]
    if stored is None or stored.api_version == served.api_version:
        return value
    obj = decode_object(value)
    encoded, revision = encode_object(_converted(call, obj, stored, served)), revision_of(value)
    return encoded.stamped(revision) if revision else encoded.unwritten()


async def to_served(call: Call, obj: Object) -> Object:
    """A decoded stored object in the version of the request. Raises ConversionFailed."""
    stored, served = call.type.storage, call.resource
    if call.type.custom:
        obj = await call.backend.customs.in_version(obj, served)
        custom = call.backend.customs.outdated(served, int(obj["metadata"]["resourceVersion"]))
        return obj if custom is None else refreshed(custom, obj)
    if stored is None or stored.api_version == served.api_version:
        return obj
    return _converted(call, obj, stored, served)


async def to_stored(call: Call, obj: Object) -> Object:
    """The way back."""
    stored, served = call.type.storage, call.resource
    if stored is None or stored.api_version == served.api_version:
        return obj
    if call.type.custom:
        return await call.backend.customs.in_version(obj, stored)
    return _converted(call, obj, served, stored)


def _converted(call: Call, obj: Object, source: Resource, target: Resource) -> Object:
    """Each version leaves out, and always has, other fields."""
    return call.backend.decoder.decode(target, convert(obj, source, target), FieldValidation.IGNORE)[0]


def _head(resource: Resource) -> bytes:
    return f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'.encode()
