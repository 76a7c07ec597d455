"""Users by client certificate: the common name is the user, the organizations are the groups."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from kubeade.api.errors import Unauthorized
from kubeade.apiserver.authentication.issuers import Issuers
from kubeade.apiserver.authentication.users import CREDENTIAL_ID, authenticated
from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.seams import User
from kubeade.lib.certificate import read_certificate
from kubeade.lib.clock import Clock

MAX_REMEMBERED_CERTIFICATES = 1024


class CertificateAuthenticator:
    """Verifies and reads each certificate once; an expired one is refused even on a connection that is still
    open."""

    def __init__(self, clock: Clock, issuers: Issuers | None = None) -> None:
        """`issuers`: who may sign users; without it, TLS has verified what it lets through."""
        self._clock = clock
        self._issuers = issuers
        self._known: BoundedCache[bytes, tuple[User, datetime]] = BoundedCache(MAX_REMEMBERED_CERTIFICATES)

    def trust(self, issuers: Issuers) -> None:
        """These sign users from now on."""
        self._issuers = issuers
        self._known = BoundedCache(MAX_REMEMBERED_CERTIFICATES)

    def authenticate(self, der: bytes, intermediates: Sequence[bytes] = ()) -> User | None:
        """None for a certificate without a name. Raises Unauthorized, also for one of another authority."""
        known = self._known.get(der)
        if known is None:
            known = self._read(der, intermediates)
            self._known.put(der, known)
        user, not_after = known
        if self._clock.now() > not_after:
            raise Unauthorized("Unauthorized")
        return user if user.name else None

    def _read(self, der: bytes, intermediates: Sequence[bytes]) -> tuple[User, datetime]:
        try:
            certificate = read_certificate(der)
        except ValueError as error:
            raise Unauthorized("Unauthorized") from error
        until: datetime | None = certificate.not_after
        if self._issuers is not None:
            until = self._issuers.good_until(der, intermediates, self._clock.now())
        if until is None:
            raise Unauthorized("Unauthorized")
        extra = {CREDENTIAL_ID: (f"X509SHA256={hashlib.sha256(der).hexdigest()}",)}
        user = User(certificate.common_name, groups=certificate.organizations, extra=extra)
        return authenticated(user), until
