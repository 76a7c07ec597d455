"""Objects as canonical bytes: kind and apiVersion first, then metadata beginning with resourceVersion.

    {"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"42","name":...},"spec":...}

The place of the revision is known without parsing, so the ledger stamps it in, a watch can stamp it anew, and
what is stored is what is sent. Metadata is in alphabetical order at every depth: so managedFields read alike
whoever wrote last, as upstream's do.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from kubeade.api.resource import Object

_MARK = b'"metadata":{"resourceVersion":"'
_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Unstamped:
    """An encoded object that lacks its revision: it belongs at `stamp_at`."""

    data: bytes
    stamp_at: int

    def stamped(self, revision: int) -> bytes:
        return b"%b%d%b" % (self.data[: self.stamp_at], revision, self.data[self.stamp_at :])

    def unwritten(self) -> bytes:
        """What a dry run answers: the object without a revision."""
        return self.data.replace(b'"resourceVersion":"",', b"", 1).replace(b'"resourceVersion":""', b"", 1)


def encode_object(obj: Object) -> Unstamped:
    """Any resourceVersion in `obj` is left out. Raises msgspec.ValidationError for what JSON cannot say."""
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    rest = {key: value for key, value in obj.items() if key not in _HEAD_KEYS}
    head = b'{"kind":%b,"apiVersion":%b,' % (_encode(obj["kind"]), _encode(obj["apiVersion"]))
    head += _MARK
    tail = [b'"', _members(_encode_sorted(metadata)), b"}", _members(_encode(rest)), b"}"]
    return Unstamped(head + b"".join(tail), len(head))


_HEAD_KEYS = frozenset({"kind", "apiVersion", "metadata"})


def _members(encoded: bytes) -> bytes:
    """Of an encoded object `,"a":1,"b":2`: members to go on with, or nothing."""
    return b"," + encoded[1:-1] if len(encoded) > len(b"{}") else b""


def encode(value: Any) -> bytes:
    """Any JSON value, compact."""
    return _encode(value)


def decode_object(data: bytes) -> Object:
    """Stored bytes to an object of the caller's own."""
    obj: Object = _decode(data)
    return obj


def revision_of(data: bytes) -> int:
    """The revision that stored bytes say; 0 for an object that was not written (a dry run)."""
    if _MARK not in data:
        return 0
    start = data.index(_MARK) + len(_MARK)
    return int(data[start : data.index(b'"', start)])


def restamp(data: bytes, revision: int) -> bytes:
    """The same object, saying another revision."""
    start = data.index(_MARK) + len(_MARK)
    end = data.index(b'"', start)
    return b"%b%d%b" % (data[:start], revision, data[end:])
