"""What stands around every message on the wire: `k8s`, a zero byte, and which kind it is
(upstream: apimachinery runtime.Unknown)."""

from dataclasses import dataclass

from kubeade.lib.protobuf.wire import DELIMITED, WireError, delimited, read_fields, tag

MAGIC = b"k8s\0"
_FIRST, _SECOND = tag(1, DELIMITED), tag(2, DELIMITED)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The object's message is data[start:stop]."""

    api_version: str
    kind: str
    start: int
    stop: int


def open_envelope(data: bytes) -> Envelope:
    """Raises WireError."""
    if not data:
        raise WireError("empty data")
    if not data.startswith(MAGIC):
        expected = " ".join(str(byte) for byte in MAGIC)
        raise WireError(
            f"provided data does not appear to be a protobuf message, expected prefix [{expected}]"
        )
    if len(data) == len(MAGIC):
        raise WireError("empty body")
    api_version = kind = ""
    start = stop = len(data)
    for number, wire_type, begin, end in read_fields(data, len(MAGIC), len(data)):
        if number == 1 and wire_type == DELIMITED:
            api_version, kind = _type_meta(data, begin, end)
        elif number == 2 and wire_type == DELIMITED:
            start, stop = begin, end
    return Envelope(api_version, kind, start, stop)


def _type_meta(data: bytes, start: int, stop: int) -> tuple[str, str]:
    """apiVersion = 1, kind = 2."""
    found = {1: "", 2: ""}
    for number, wire_type, begin, end in read_fields(data, start, stop):
        if number in found and wire_type == DELIMITED:
            found[number] = data[begin:end].decode("utf-8", "replace")
    return found[1], found[2]


def enveloped(api_version: str, kind: str, message: bytes) -> bytes:
    """typeMeta = 1, raw = 2."""
    type_meta = delimited(_FIRST, api_version.encode()) + delimited(_SECOND, kind.encode())
    return b"".join((MAGIC, delimited(_FIRST, type_meta), delimited(_SECOND, message)))
