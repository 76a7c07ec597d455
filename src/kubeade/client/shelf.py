"""Decoded objects that several readers of one process share.

Scheduler, controllers, proxy, DNS and courier each follow the pods. In one process they need not decode each
pod, nor keep it, once for each of them. An object is known by its version, identity and revision, of which a
server has but one content; it stays here as long as a reader keeps it. What lies here is read and never
changed.
"""

from weakref import WeakValueDictionary

import msgspec

from kubeade.api.resource import Object


class SharedObject(dict[str, object]):
    """An object that can be kept weakly, which a plain dict cannot."""

    __slots__ = ("__weakref__",)


class _Identity(msgspec.Struct):
    uid: str = ""
    resourceVersion: str = ""  # noqa: N815 - the name on the wire


class _Head(msgspec.Struct):
    metadata: _Identity
    apiVersion: str = ""  # noqa: N815 - the name on the wire


_decode = msgspec.json.Decoder().decode
_read_head = msgspec.json.Decoder(_Head).decode


class Shelf:
    """All have to be of the same API server, and asked for in the same form."""

    def __init__(self) -> None:
        self._objects: WeakValueDictionary[tuple[str, str, str], SharedObject] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._objects)

    def take(self, data: bytes | msgspec.Raw) -> Object:
        """The object of this JSON. Without `managedFields`: often half of it, and no reader's concern."""
        head = _read_head(data)
        key = (head.apiVersion, head.metadata.uid, head.metadata.resourceVersion)
        found = self._objects.get(key)
        if found is None:
            found = SharedObject(_decode(data))
            found["metadata"].pop("managedFields", None)  # type: ignore[attr-defined]
            if head.metadata.uid and head.metadata.resourceVersion:
                self._objects[key] = found
        return found
