"""Signs what was approved, with the cluster's authority (upstream: --cluster-signing-cert-file and
-key-file).

A certificate starts a little before now, so that machines whose clocks differ accept it, lives a year or as
long as was asked for, and never longer than the authority.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

LIFETIME = timedelta(days=365)
BACKDATE = timedelta(minutes=5)
SHORTEST = timedelta(minutes=10)

_PURPOSES = {
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
}
_KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An authority: its certificate and private key, PEM."""

    certificate_pem: bytes
    key_pem: bytes

    def sign(
        self,
        request: x509.CertificateSigningRequest,
        usages: list[str],
        seconds: int | None,
        now: datetime,
    ) -> bytes:
        """A certificate for `request`, PEM. `seconds` is how long it was asked for."""
        authority = x509.load_pem_x509_certificate(self.certificate_pem)
        lifetime = max(SHORTEST, min(timedelta(seconds=seconds), LIFETIME)) if seconds else LIFETIME
        builder = x509.CertificateBuilder().subject_name(request.subject).public_key(request.public_key())
        builder = builder.issuer_name(authority.subject).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - BACKDATE)
        builder = builder.not_valid_after(min(now + lifetime - BACKDATE, authority.not_valid_after_utc))
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(_public(authority))
        builder = builder.add_extension(issuer, critical=False)
        for extension, critical in _extensions(request, usages):
            builder = builder.add_extension(extension, critical=critical)
        key = serialization.load_pem_private_key(self.key_pem, password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _public(authority: x509.Certificate) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    key = authority.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
    return key


def _extensions(
    request: x509.CertificateSigningRequest, usages: list[str]
) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=False, path_length=None), True)]
    named: dict[str, Any] = dict.fromkeys(_KEY_USAGES.values(), False)
    named |= {_KEY_USAGES[usage]: True for usage in usages if usage in _KEY_USAGES}
    if not named["key_agreement"]:
        named |= {"encipher_only": False, "decipher_only": False}
    if any(named.values()):
        found.append((x509.KeyUsage(**named), True))
    purposes = [_PURPOSES[usage] for usage in usages if usage in _PURPOSES]
    if purposes:
        found.append((x509.ExtendedKeyUsage(purposes), False))
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        found.append((names.value, names.critical))
    except x509.ExtensionNotFound:
        pass
    return found
