"""Between the version that objects are kept in and the one that a request speaks.

Most resources have one version, or versions that differ in nothing but their name: then only the head of the
stored bytes is exchanged. Where fields differ (`api.conversion`), the object is decoded and translated.
"""

from kubeade.api.conversion import convert
from kubeade.api.resource import Object, Resource
from kubeade.api.resource_type import ResourceType
from kubeade.apiserver.encoding import decode_object, encode_object


def served_bytes(resource_type: ResourceType, value: bytes) -> bytes:
    """A stored object as the type's own version says it."""
    stored, served = resource_type.storage, resource_type.resource
    if resource_type.custom:  # kept, perhaps, from when another version was the stored one
        head = _head(served)
        return value if value.startswith(head) else head + value[value.index(b'"metadata":') :]
    if stored is None or stored.api_version == served.api_version:
        return value
    obj = decode_object(value)
    revision = int(obj["metadata"]["resourceVersion"])
    return encode_object(convert(obj, stored, served)).stamped(revision)


def to_served(resource_type: ResourceType, obj: Object) -> Object:
    """A decoded stored object in the type's own version."""
    stored, served = resource_type.storage, resource_type.resource
    if resource_type.custom:
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
