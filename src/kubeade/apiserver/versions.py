"""Between the version that objects are kept in and the one that a request speaks.

Most resources have one version, or versions that differ in nothing but their name: then only the head of the
stored bytes is exchanged. Where fields differ (`api.conversion`), the object is decoded and translated.
"""

from kubeade.api.conversion import convert
from kubeade.api.resource import Object, Resource
from kubeade.api.resource_type import ResourceType
from kubeade.apiserver.call import Call
from kubeade.apiserver.custom_resources.objects import held_to, refreshed
from kubeade.apiserver.encoding import decode_object, encode_object, revision_of


def served_bytes(call: Call, value: bytes) -> bytes:
    """A stored object as the version of the request says it."""
    stored, served = call.type.storage, call.resource
    if call.type.custom:  # kept, perhaps, from when another version or schema was the stored one
        custom = call.backend.customs.outdated(served, revision_of(value))
        value = value if custom is None else held_to(custom, value)
        head = _head(served)
        return value if value.startswith(head) else head + value[value.index(b'"metadata":') :]
    if stored is None or stored.api_version == served.api_version:
        return value
    obj = decode_object(value)
    revision = int(obj["metadata"]["resourceVersion"])
    return encode_object(convert(obj, stored, served)).stamped(revision)


def to_served(call: Call, obj: Object) -> Object:
    """A decoded stored object in the version of the request."""
    stored, served = call.type.storage, call.resource
    if call.type.custom:
        custom = call.backend.customs.outdated(served, int(obj["metadata"]["resourceVersion"]))
        obj = obj if custom is None else refreshed(custom, obj)
        return {**obj, "apiVersion": served.api_version}
    if stored is None or stored.api_version == served.api_version:
        return obj
    return convert(obj, stored, served)


def to_stored(resource_type: ResourceType, obj: Object) -> Object:
    """The way back."""
    stored, served = resource_type.storage, resource_type.resource
    if stored is None or stored.api_version == served.api_version:
        return obj
    return convert(obj, served, stored)


def _head(resource: Resource) -> bytes:
    return f'{{"kind":"{resource.kind}","apiVersion":"{resource.api_version}",'.encode()
