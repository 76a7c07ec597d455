"""Users by bearer token: whichever kind of token it is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kubeade.apiserver.authentication.bootstrap_token import BootstrapTokenAuthenticator
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.service_account import (
    NotThere,
    ServiceAccountAuthenticator,
    VerifiedToken,
)
from kubeade.apiserver.seams import User


class TokenAuthenticator(Protocol):
    """A further kind of tokens that somebody configured."""

    async def authenticate(self, token: str, audiences: Sequence[str]) -> tuple[User, tuple[str, ...]] | None:
        """The user and the audiences that apply (none for tokens that have none); None for a token of
        another kind. Raises InvalidToken."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class BearerAuthenticator:
    """Asks the kinds of tokens in turn; the first that knows a given token decides.

    `refresh`: how to learn what other API servers know already, before a token of ours is refused because
    its account is not there.
    """

    service_accounts: ServiceAccountAuthenticator
    bootstrap_tokens: BootstrapTokenAuthenticator
    others: Sequence[TokenAuthenticator] = ()
    refresh: Callable[[], Awaitable[None]] | None = None

    async def authenticate(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, tuple[str, ...]]:
        """The user and the audiences that apply (none for tokens that have none). Raises InvalidToken."""
        user = self.bootstrap_tokens.authenticate(token)
        if user is not None:
            return user, self._common((), audiences)
        errors = []
        if self.service_accounts.issued_here(token):
            try:
                verified = await self._verified(token, audiences)
            except InvalidToken as error:
                errors.append(str(error))
            else:
                return verified.user, verified.audiences
        for other in self.others:
            try:
                found = await other.authenticate(token, audiences)
            except InvalidToken as error:
                errors.append(str(error))
                continue
            if found is not None:
                return found[0], self._common(found[1], audiences)
        raise InvalidToken(", ".join(errors) or "invalid bearer token")

    async def _verified(self, token: str, audiences: Sequence[str]) -> VerifiedToken:
        try:
            return self.service_accounts.verify(token, audiences)
        except NotThere:
            if self.refresh is None:
                raise
        await self.refresh()
        return self.service_accounts.verify(token, audiences)

    def _common(self, named: tuple[str, ...], wanted: Sequence[str]) -> tuple[str, ...]:
        """A token that names no audience is for this API server, and for nobody else who asks."""
        if named or not wanted:
            return named
        own = self.service_accounts.audiences
        common = tuple(each for each in wanted if each in own)
        if not common:
            raise InvalidToken("token audiences are invalid for the target audiences")
        return common


def bearer_token(authorization: str) -> str:
    """The token of an Authorization header, or ""."""
    scheme, _, rest = authorization.strip().partition(" ")
    return rest.split(" ", 1)[0] if scheme.lower() == "bearer" else ""
