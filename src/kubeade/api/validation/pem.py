"""PEM and what is in it, as far as rules need it. The cryptography is loaded when somebody sends some."""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateSigningRequest

_BLOCK = re.compile(r"-----BEGIN ([^\n-]+)-----\r?\n(.*?)-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """`content` is DER; empty where it is not base64."""

    kind: str
    headers: bool
    content: bytes


def blocks(said: str) -> Iterator[Block]:
    for kind, body in _BLOCK.findall(said):
        headers, _, rest = body.partition("\n\n") if ":" in body.partition("\n")[0] else ("", "", body)
        yield Block(kind, bool(headers), decoded("".join(rest.split())))


def decoded(said: object) -> bytes:
    """Base64; nothing where it is none."""
    try:
        return b64decode(str(said or ""), validate=True)
    except (Base64Error, ValueError):
        return b""


def certificate(der: bytes) -> "Certificate | None":
    from cryptography.x509 import load_der_x509_certificate

    try:
        return load_der_x509_certificate(der)
    except ValueError:
        return None


def signing_request(der: bytes) -> "CertificateSigningRequest | None":
    from cryptography.x509 import load_der_x509_csr

    try:
        return load_der_x509_csr(der)
    except ValueError:
        return None


def is_authority(found: "Certificate") -> bool:
    """Whether it may sign others."""
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return bool(found.extensions.get_extension_for_class(BasicConstraints).value.ca)
    except (ExtensionNotFound, ValueError):
        return False


def is_signed(found: "CertificateSigningRequest") -> bool:
    """By the key that it is for."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return found.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        return False


def is_public_key(der: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True
