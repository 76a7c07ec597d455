"""Objects of built-in kinds to and from whole protobuf bodies, by one schema."""

from collections.abc import Iterable
from typing import Any

from kubeade.api.errors import BadRequest
from kubeade.api.protobuf.decoding import MessageDecoder
from kubeade.api.protobuf.encoding import MessageEncoder
from kubeade.api.protobuf.envelope import Envelope, enveloped, open_envelope
from kubeade.api.protobuf.numbers import has_message
from kubeade.api.resource import Object, split_api_version
from kubeade.api.schema import META, Schema
from kubeade.api.schema_node import Node
from kubeade.lib.protobuf.wire import DELIMITED, WireError, delimited, tag

_FIRST, _SECOND = tag(1, DELIMITED), tag(2, DELIMITED)
_SHOWN_BYTES = 30
_PARTIAL = f"{META}.PartialObjectMetadata"
_PARTIAL_DEFINITIONS: dict[str, dict[str, Any]] = {
    "PartialObjectMetadata": {"metadata": {"$ref": f"{META}.ObjectMeta"}},
    "PartialObjectMetadataList": {
        "metadata": {"$ref": f"{META}.ListMeta"},
        "items": {"type": "array", "items": {"$ref": _PARTIAL}},
    },
}
"""Kinds of answers that upstream's definitions lack."""


class ProtobufCodec:
    """What is wrong with a body is a BadRequest, whatever it is."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._decoder = MessageDecoder(schema)
        self._encoder = MessageEncoder(schema)
        self._nodes: dict[tuple[str, str], Node | None] = {}
        lookup = self._definition
        self._partial = {
            f"{META}.{kind}": Node({"type": "object", "properties": fields}, lookup, f"{META}.{kind}")
            for kind, fields in _PARTIAL_DEFINITIONS.items()
        }

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether the kind has a protobuf form."""
        return self._node(api_version, kind) is not None

    def decode(self, body: bytes, expected: str) -> tuple[Object, list[str]]:
        """The object as its JSON form would be decoded, and what the schema does not know of the body.

        `expected` is the kind that an error names. Raises BadRequest.
        """
        try:
            envelope = open_envelope(body)
        except WireError as error:
            raise BadRequest(
                f"the object provided is unrecognized (must be of type {expected}): "
                f"{error} ({_summary(body)})"
            ) from None
        try:
            found = self._decode(envelope, body)
        except IndexError:
            raise BadRequest(_cannot_handle(envelope, expected, "unexpected EOF")) from None
        except RecursionError:
            raise BadRequest(_cannot_handle(envelope, expected, "exceeded max depth")) from None
        except (ValueError, OverflowError) as error:
            raise BadRequest(_cannot_handle(envelope, expected, str(error))) from None
        return found, self._decoder.unknown

    def _decode(self, envelope: Envelope, body: bytes) -> Object:
        node = self._node(envelope.api_version, envelope.kind)
        if node is None:
            raise ValueError(f'no kind "{envelope.kind}" is registered for version "{envelope.api_version}"')
        found: Object = {"kind": envelope.kind, "apiVersion": envelope.api_version}
        found.update(self._decoder.decode(node, body, envelope.start, envelope.stop))
        return found

    def encode(self, obj: Object) -> bytes:
        """A whole body. Raises LookupError for a kind that is not known."""
        return enveloped(obj["apiVersion"], obj["kind"], self.message(obj["apiVersion"], obj["kind"], obj))

    def message(self, api_version: str, kind: str, obj: Object) -> bytes:
        """An object's message alone: what stands in an envelope or in a list. Raises LookupError."""
        node = self._node(api_version, kind)
        if node is None:
            raise LookupError(f"{kind} in version {api_version} has no protobuf form")
        return self._encoder.encode(node, obj)

    def list_body(self, api_version: str, kind: str, metadata: Object, items: Iterable[bytes]) -> bytes:
        """A whole list: metadata = 1, items = 2 in every one. `items` are messages."""
        head = self._encoder.encode(self._schema.definition(f"{META}.ListMeta"), metadata)
        parts = [delimited(_FIRST, head)]
        parts.extend(delimited(_SECOND, item) for item in items)
        return enveloped(api_version, kind, b"".join(parts))

    def watch_frame(self, kind: str, body: bytes) -> bytes:
        """An event of a watch, `body` being the whole object's: type = 1, object = 2 with its bytes = 1,
        behind its length in four bytes."""
        event = delimited(_FIRST, kind.encode()) + delimited(_SECOND, delimited(_FIRST, body))
        return len(event).to_bytes(4, "big") + event

    def _node(self, api_version: str, kind: str) -> Node | None:
        key = (api_version, kind)
        if key not in self._nodes:
            found = self._find(api_version, kind)
            if found is None:
                return None  # not remembered: clients may ask for any number of kinds
            self._nodes[key] = found
        return self._nodes[key]

    def _find(self, api_version: str, kind: str) -> Node | None:
        """Kinds of all groups (Status, DeleteOptions, ...) go by any version."""
        for node in (self._schema.find(*split_api_version(api_version), kind), self._of_meta(kind)):
            if node is not None and has_message(node.name):
                return node
        return None

    def _of_meta(self, kind: str) -> Node | None:
        name = f"{META}.{kind}"
        return self._definition(name) if name in self._schema or name in self._partial else None

    def _definition(self, name: str) -> Node:
        return self._partial.get(name) or self._schema.definition(name)


def _cannot_handle(envelope: Envelope, expected: str, why: str) -> str:
    version = envelope.api_version.rpartition("/")[2]
    return f'{envelope.kind} in version "{version}" cannot be handled as a {expected}: {why}'


def _summary(data: bytes) -> str:
    """What upstream shows of a body that it cannot read."""
    if not data:
        return "<empty>"
    more = " ..." if len(data) > _SHOWN_BYTES else ""
    shown = data[:_SHOWN_BYTES]
    return (shown.decode("utf-8", "replace") if data.startswith(b"{") else shown.hex()) + more
