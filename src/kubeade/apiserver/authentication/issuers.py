"""Which authority signed a client certificate, directly or by intermediates that the client shows.

TLS accepts whatever clients show (`lib.http.client_certificates`); here it is verified, as Go's x509 does it:
signatures up to an authority of the bundle, dates, the right to sign, how far that right goes, and what
the certificate is for. An authority for front proxies must not be able to make users (a certificate with
`O=system:masters` would be one), nor the other way round: so each has a bundle of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MOST_INTERMEDIATES = 8
_MOST_SIGNATURES = 100
_WEAK = ("md5", "sha1")
_UNDERSTOOD = ("2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37")
"""Extensions that may be critical: key usage, alternative names, basic constraints, extended key usage."""


class Issuers:
    """The authorities of a PEM bundle."""

    def __init__(self, bundle_pem: bytes) -> None:
        self._bundle_pem = bundle_pem

    def check(self) -> None:
        """Raises ValueError for what is no bundle of certificates."""
        if not self._authorities:
            raise ValueError("there is no certificate in it")

    def good_until(self, der: bytes, intermediates: Sequence[bytes], now: datetime) -> datetime | None:
        """When the first certificate of the chain expires; None where there is no chain at `now`."""
        from cryptography.x509 import load_der_x509_certificate

        try:
            leaf = load_der_x509_certificate(der)
            others = [load_der_x509_certificate(each) for each in intermediates[:_MOST_INTERMEDIATES]]
            if not _understood(leaf) or not _is_for_clients(leaf):
                return None
            return _Search(self._authorities, others, now).good_until([leaf])
        except (ValueError, TypeError):  # what is broken is nobody's
            return None

    @cached_property
    def _authorities(self) -> "list[Certificate]":
        from cryptography.x509 import load_pem_x509_certificates

        return load_pem_x509_certificates(self._bundle_pem)


@dataclass(slots=True)
class _Search:
    """A way from one certificate up to an authority."""

    authorities: "list[Certificate]"
    others: "list[Certificate]"
    now: datetime
    signatures: int = 0

    def good_until(self, chain: "list[Certificate]") -> datetime | None:
        if not chain[-1].not_valid_before_utc <= self.now <= chain[-1].not_valid_after_utc:
            return None
        for authority in self.authorities:
            in_time = authority.not_valid_before_utc <= self.now <= authority.not_valid_after_utc
            if in_time and self._signed(chain, authority):
                return min(each.not_valid_after_utc for each in (*chain, authority))
        for found in self._intermediates(chain):
            until = self.good_until([*chain, found])
            if until is not None:
                return until
        return None

    def _intermediates(self, chain: "list[Certificate]") -> "Iterator[Certificate]":
        for other in self.others:
            fit = other not in chain and _understood(other) and _is_for_clients(other)
            if fit and self._signed(chain, other):
                yield other

    def _signed(self, chain: "list[Certificate]", authority: "Certificate") -> bool:
        from cryptography.exceptions import InvalidSignature

        below = chain[-1]
        if below.issuer != authority.subject or self.signatures >= _MOST_SIGNATURES:
            return False
        if below == authority and len(chain) == 1:
            return True  # it is one of those trusted
        hashed = below.signature_hash_algorithm
        if (hashed is not None and hashed.name in _WEAK) or not _may_sign(authority, len(chain) - 1):
            return False
        self.signatures += 1
        try:
            below.verify_directly_issued_by(authority)
        except InvalidSignature:
            return False
        return True


def _may_sign(authority: "Certificate", intermediates: int) -> bool:
    """What has `intermediates` between itself and the end of the chain."""
    from cryptography import x509

    try:
        basic = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    if not basic.ca or (basic.path_length is not None and intermediates > basic.path_length):
        return False
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def _is_for_clients(certificate: "Certificate") -> bool:
    """One that does not say what it is for is for everything."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    wanted = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    return any(usage in wanted for usage in usages)


def _understood(certificate: "Certificate") -> bool:
    """A critical extension that is not looked at here (name constraints, say) might forbid everything."""
    return all(each.oid.dotted_string in _UNDERSTOOD for each in certificate.extensions if each.critical)
