"""Users by client certificate: the common name is the user, the organizations are the groups."""

import hashlib
from datetime import UTC, datetime

from kubeade.api.errors import Unauthorized
from kubeade.apiserver.authentication.issuers import Issuers
from kubeade.apiserver.authentication.users import CREDENTIAL_ID, authenticated
from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.seams import User
from kubeade.lib.certificate import read_certificate
from kubeade.lib.clock import Clock

MAX_REMEMBERED_CERTIFICATES = 1024


class CertificateAuthenticator:
    """Reads each certificate once; an expired one is refused even on a connection that is still open."""

    def __init__(self, clock: Clock, issuers: Issuers | None = None) -> None:
        """`issuers`: who may sign users, where TLS also accepts what others signed."""
        self._clock = clock
        self._issuers = issuers
        self._known: BoundedCache[bytes, tuple[User, datetime]] = BoundedCache(MAX_REMEMBERED_CERTIFICATES)

    def authenticate(self, der: bytes) -> User | None:
        """None for a certificate without a name, or of another authority. Raises Unauthorized."""
        known = self._known.get(der)
        if known is None:
            signed = self._issuers is None or self._issuers.signed(der)
            known = _read(der) if signed else (User(""), datetime.max.replace(tzinfo=UTC))
            self._known.put(der, known)
        user, not_after = known
        if self._clock.now() > not_after:
            raise Unauthorized("Unauthorized")
        return user if user.name else None


def _read(der: bytes) -> tuple[User, datetime]:
    try:
        certificate = read_certificate(der)
    except ValueError as error:
        raise Unauthorized("Unauthorized") from error
    extra = {CREDENTIAL_ID: (f"X509SHA256={hashlib.sha256(der).hexdigest()}",)}
    user = User(certificate.common_name, groups=certificate.organizations, extra=extra)
    return authenticated(user), certificate.not_after
