"""Reads from a client certificate (DER) whose it is and until when it is good.

TLS has verified it already; nothing is verified here. A reader of its own, because `cryptography` would
bring 18 MB into every server for the sake of two names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_SEQUENCE, _SET, _VERSION_TAG = 0x30, 0x31, 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_COMMON_NAME, _ORGANIZATION = bytes.fromhex("550403"), bytes.fromhex("55040a")
_TEXT_ENCODINGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """`common_name` is the user, `organizations` are his groups."""

    common_name: str
    organizations: tuple[str, ...]
    not_after: datetime


def read_certificate(der: bytes) -> Certificate:
    """Raises ValueError for anything that is not an X.509 certificate."""
    outer = _only(der, _SEQUENCE)
    fields = list(_elements(_first(outer, _SEQUENCE)))
    if fields and fields[0][0] == _VERSION_TAG:
        del fields[0]
    # serial number, signature algorithm, issuer, validity, subject, ...
    if len(fields) < 5:
        raise ValueError("certificate ends early")
    validity, subject = list(_elements(fields[3][1])), fields[4][1]
    if len(validity) != 2:
        raise ValueError("certificate without validity")
    names = list(_names(subject))
    common_names = [text for kind, text in names if kind == _COMMON_NAME]
    organizations = tuple(text for kind, text in names if kind == _ORGANIZATION)
    return Certificate(common_names[-1] if common_names else "", organizations, _time(*validity[1]))


def _names(subject: bytes) -> Iterator[tuple[bytes, str]]:
    for tag, relative_name in _elements(subject):
        if tag != _SET:
            raise ValueError("malformed subject")
        for _, attribute in _elements(relative_name):
            parts = list(_elements(attribute))
            if len(parts) != 2:
                raise ValueError("malformed subject attribute")
            (_, kind), (text_tag, text) = parts
            encoding = _TEXT_ENCODINGS.get(text_tag)
            if encoding is not None:
                yield kind, text.decode(encoding)


def _time(tag: int, text: bytes) -> datetime:
    digits = text.decode("ascii")
    if tag == _UTC_TIME:
        # Two-digit years: 50 to 99 are 1950 to 1999 (RFC 5280).
        digits = ("19" if digits[:2] >= "50" else "20") + digits
    elif tag != _GENERALIZED_TIME:
        raise ValueError("malformed time")
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _only(data: bytes, tag: int) -> bytes:
    found = list(_elements(data))
    if len(found) != 1 or found[0][0] != tag:
        raise ValueError("not a certificate")
    return found[0][1]


def _first(data: bytes, tag: int) -> bytes:
    found = next(_elements(data), None)
    if found is None or found[0] != tag:
        raise ValueError("not a certificate")
    return found[1]


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tag-length-value elements that `data` consists of, one level deep."""
    offset = 0
    while offset < len(data):
        if offset + 2 > len(data):
            raise ValueError("truncated element")
        tag, length = data[offset], data[offset + 1]
        offset += 2
        if length & 0x80:
            size = length & 0x7F
            if size == 0 or size > 4 or offset + size > len(data):
                raise ValueError("malformed length")
            length = int.from_bytes(data[offset : offset + size], "big")
            offset += size
        if offset + length > len(data):
            raise ValueError("truncated element")
        yield tag, data[offset : offset + length]
        offset += length
