"""Which authority signed a client certificate.

TLS accepts certificates of users and of front proxies alike. But an authority for front proxies must not be
able to make users (a certificate with `O=system:masters` would be one), nor the other way round.
"""

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


class Issuers:
    """The authorities of a PEM bundle. Only what they signed themselves counts: no intermediates."""

    def __init__(self, bundle_pem: bytes) -> None:
        self._bundle_pem = bundle_pem

    def signed(self, der: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.x509 import load_der_x509_certificate

        try:
            certificate = load_der_x509_certificate(der)
        except ValueError:
            return False
        for authority in self._authorities:
            try:
                certificate.verify_directly_issued_by(authority)
            except (InvalidSignature, ValueError, TypeError):
                continue
            return True
        return False

    @cached_property
    def _authorities(self) -> "list[Certificate]":
        from cryptography.x509 import load_pem_x509_certificates

        return load_pem_x509_certificates(self._bundle_pem)
