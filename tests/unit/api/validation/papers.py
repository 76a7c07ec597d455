"""Certificates and requests for them, made anew for each run."""

from base64 import b64encode
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEY = ec.generate_private_key(ec.SECP256R1())
_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lemonade")])
_PEM = serialization.Encoding.PEM


def request(*, pem: bool = True) -> str:
    """A signing request in PEM, or in DER, as base64."""
    found = x509.CertificateSigningRequestBuilder().subject_name(_NAME).sign(KEY, hashes.SHA256())
    return b64encode(found.public_bytes(_PEM if pem else serialization.Encoding.DER)).decode()


def certificate(*, authority: bool) -> str:
    """A certificate in PEM."""
    builder = x509.CertificateBuilder().subject_name(_NAME).issuer_name(_NAME).public_key(KEY.public_key())
    builder = builder.serial_number(7).not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    builder = builder.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    constraints = x509.BasicConstraints(ca=authority, path_length=None)
    found = builder.add_extension(constraints, critical=True).sign(KEY, hashes.SHA256())
    return found.public_bytes(_PEM).decode()
