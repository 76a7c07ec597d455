"""Users by bearer token: whichever kind of token it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubeade.apiserver.authentication.bootstrap_token import BootstrapTokenAuthenticator
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.service_account import ServiceAccountAuthenticator
from kubeade.apiserver.seams import User


@dataclass(frozen=True, slots=True)
class BearerAuthenticator:
    """Asks the kinds of tokens in turn; at most one knows a given token."""

    service_accounts: ServiceAccountAuthenticator
    bootstrap_tokens: BootstrapTokenAuthenticator

    def authenticate(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, tuple[str, ...]]:
        """The user and the audiences that apply (none for tokens that have none). Raises InvalidToken."""
        user = self.bootstrap_tokens.authenticate(token)
        if user is not None:
            return user, ()
        if not self.service_accounts.issued_here(token):
            raise InvalidToken("invalid bearer token")
        verified = self.service_accounts.verify(token, audiences)
        return verified.user, verified.audiences


def bearer_token(authorization: str) -> str:
    """The token of an Authorization header, or ""."""
    scheme, _, rest = authorization.strip().partition(" ")
    return rest.split(" ", 1)[0] if scheme.lower() == "bearer" else ""
