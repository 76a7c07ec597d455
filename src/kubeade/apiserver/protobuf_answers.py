"""Stored JSON bytes in protobuf, for clients that prefer it: Go's.

Messages of listed objects are kept while there is room for them, so that the lists of many clients cost one
encoding per object; what is watched is encoded once for all watchers anyway (`change`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from kubeade.api.protobuf import ProtobufCodec
from kubeade.api.protobuf.envelope import enveloped
from kubeade.api.resource import Object, Resource
from kubeade.api.schema import Schema
from kubeade.apiserver.encoding import decode_object

_KEPT_BYTES = 64 * 1024 * 1024
_OBJECTS_AT_ONCE = 64


class ProtobufAnswers:
    """`codec` for whoever needs more than this."""

    def __init__(self, schema: Schema, kept_bytes: int = _KEPT_BYTES) -> None:
        self.codec = ProtobufCodec(schema)
        self._messages: OrderedDict[bytes, bytes] = OrderedDict()
        self._free_bytes = kept_bytes

    def body(self, value: bytes) -> bytes | None:
        """Any JSON object; None for one whose kind has no protobuf form."""
        obj = decode_object(value)
        kind, api_version = obj.get("kind", ""), obj.get("apiVersion", "")
        return self.codec.encode(obj) if self.codec.knows(api_version, kind) else None

    def object_body(self, resource: Resource, value: bytes) -> bytes:
        """A served object."""
        return enveloped(resource.api_version, resource.kind, self._encoded(resource, value))

    async def list_body(
        self, resource: Resource, list_kind: str, metadata: Object, values: Sequence[bytes]
    ) -> bytes:
        """A list of served objects. Others get their turn while it is made."""
        items = []
        for start in range(0, len(values), _OBJECTS_AT_ONCE):
            items += [self._kept(resource, value) for value in values[start : start + _OBJECTS_AT_ONCE]]
            await asyncio.sleep(0)
        return self.codec.list_body(resource.api_version, list_kind, metadata, items)

    def event(self, kind: str, obj: Object) -> bytes:
        """A watch's event of an object that is not stored: a bookmark, a Status."""
        return self.codec.watch_frame(kind, self.codec.encode(obj))

    def object_event(self, kind: str, resource: Resource, value: bytes) -> bytes:
        """A watch's event of a served object."""
        return self.codec.watch_frame(kind, self.object_body(resource, value))

    def _encoded(self, resource: Resource, value: bytes) -> bytes:
        return self.codec.message(resource.api_version, resource.kind, decode_object(value))

    def _kept(self, resource: Resource, value: bytes) -> bytes:
        """The bytes themselves are the key: they say kind, version and revision."""
        found = self._messages.get(value)
        if found is not None:
            self._messages.move_to_end(value)
            return found
        made = self._messages[value] = self._encoded(resource, value)
        self._free_bytes -= len(made)
        while self._free_bytes < 0:
            self._free_bytes += len(self._messages.popitem(last=False)[1])
        return made
