"""The cluster's own certificate authority and what it signs: EC keys, made in milliseconds.

One authority signs the API server's serving certificate and the client certificates; a separate key signs
service account tokens (upstream keeps the same roles apart:
kubernetes.io/docs/setup/best-practices/certificates). Certificates live a year and are renewed once a third
of that is left (`renewal`). Private keys are 0600 and are written whole or not at all.
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubeade.lib.clock import Clock

AUTHORITY_LIFETIME = timedelta(days=3650)
CERTIFICATE_LIFETIME = timedelta(days=365)
RENEW_BEFORE = CERTIFICATE_LIFETIME / 3
CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate speaks for: a user with groups, or a server with its names and addresses."""

    common_name: str
    organizations: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def is_server(self) -> bool:
        return bool(self.names)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate_pem: bytes
    key_pem: bytes


class Authority:
    """Signs certificates. Kept in `directory` as ca.crt and ca.key; made there on first use."""

    def __init__(self, directory: Path, clock: Clock, common_name: str = "kubernetes") -> None:
        self._directory = directory
        self._clock = clock
        self._common_name = common_name
        if not (directory / "ca.key").exists():
            self._create()
        self.certificate_pem = (directory / "ca.crt").read_bytes()
        self._certificate = x509.load_pem_x509_certificate(self.certificate_pem)
        self._key = _load_key((directory / "ca.key").read_bytes())

    @property
    def key_pem(self) -> bytes:
        return key_pem(self._key)

    def issue(self, name: str, subject: Subject) -> KeyPair:
        """The pair kept as NAME.crt and NAME.key; made anew when missing, expiring, or another subject's."""
        certificate_path, key_path = self._directory / f"{name}.crt", self._directory / f"{name}.key"
        if certificate_path.exists() and key_path.exists():
            kept = KeyPair(certificate_path.read_bytes(), key_path.read_bytes())
            if self._still_good(kept, subject):
                return kept
        made = self.sign(subject)
        write_private(key_path, made.key_pem)
        write_private(certificate_path, made.certificate_pem)
        return made

    def issued(self, name: str) -> bytes:
        """The certificate that is kept as NAME.crt. Raises OSError."""
        return (self._directory / f"{name}.crt").read_bytes()

    def sign(self, subject: Subject) -> KeyPair:
        """A new key and certificate for `subject`, kept nowhere."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.SERVER_AUTH if subject.is_server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = self._builder(subject_name(subject), key.public_key(), CERTIFICATE_LIFETIME)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if subject.is_server:
            builder = builder.add_extension(_alternative_names(subject.names), critical=False)
        builder = builder.add_extension(authority_identifier(self._certificate), critical=False)
        signed = builder.issuer_name(self._certificate.subject).sign(self._key, hashes.SHA256())
        return KeyPair(signed.public_bytes(serialization.Encoding.PEM), key_pem(key))

    def _create(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = subject_name(Subject(self._common_name))
        builder = self._builder(name, key.public_key(), AUTHORITY_LIFETIME).issuer_name(name)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_authority_usage(), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
        write_private(self._directory / "ca.crt", certificate.public_bytes(serialization.Encoding.PEM))
        write_private(self._directory / "ca.key", key_pem(key))

    def _builder(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, lifetime: timedelta
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        builder = x509.CertificateBuilder().subject_name(name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - CLOCK_SKEW).not_valid_after(now + lifetime)

    def _still_good(self, pair: KeyPair, subject: Subject) -> bool:
        certificate = x509.load_pem_x509_certificate(pair.certificate_pem)
        fresh = certificate.not_valid_after_utc - self._clock.now() > RENEW_BEFORE
        same_issuer = certificate.issuer == self._certificate.subject
        same = same_issuer and _subject_of(certificate) == _comparable(subject)
        return fresh and same and _names_its_issuer(certificate)


def is_due(certificate_pem: bytes, now: datetime) -> bool:
    """Whether less than a third of its life is left."""
    found = x509.load_pem_x509_certificate(certificate_pem)
    life = found.not_valid_after_utc - found.not_valid_before_utc
    return found.not_valid_after_utc - now < life / 3


def authority_identifier(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """By which a certificate names its issuer's key: strict clients (Python's since 3.13) insist on it."""
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _names_its_issuer(certificate: x509.Certificate) -> bool:
    return any(isinstance(each.value, x509.AuthorityKeyIdentifier) for each in certificate.extensions)


def signing_key(path: Path) -> bytes:
    """The service account tokens' signing key (EC P-256, PEM), made on first use."""
    if not path.exists():
        write_private(path, key_pem(ec.generate_private_key(ec.SECP256R1())))
    return path.read_bytes()


def write_private(path: Path, data: bytes) -> None:
    """Replace `path` by a file of mode 0600 that holds `data`: whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def subject_name(subject: Subject) -> x509.Name:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, o) for o in subject.organizations]
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, subject.common_name)])


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    entries: list[x509.GeneralName] = []
    for name in names:
        try:
            entries.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            entries.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(entries)


def _authority_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _comparable(subject: Subject) -> tuple[x509.Name, frozenset[str]]:
    return subject_name(subject), frozenset(subject.names)


def _subject_of(certificate: x509.Certificate) -> tuple[x509.Name, frozenset[str]]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return certificate.subject, frozenset()
    return certificate.subject, frozenset(str(entry.value) for entry in extension.value)
