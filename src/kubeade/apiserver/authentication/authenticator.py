"""The authenticators in order: front proxy, client certificate, bearer token, else anonymous."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from kubeade.api.errors import Unauthorized
from kubeade.apiserver.authentication.anonymous import Anonymous, AnonymousRule
from kubeade.apiserver.authentication.bearer import BearerAuthenticator, TokenAuthenticator, bearer_token
from kubeade.apiserver.authentication.bootstrap_token import BootstrapTokenAuthenticator
from kubeade.apiserver.authentication.issuers import Issuers
from kubeade.apiserver.authentication.jws import InvalidToken, ServiceAccountKeys
from kubeade.apiserver.authentication.legacy_tokens import LegacyTokens
from kubeade.apiserver.authentication.openid import OpenIdDocuments
from kubeade.apiserver.authentication.request_header import RequestHeaderAuthenticator, RequestHeaders
from kubeade.apiserver.authentication.reviews import SelfSubjectReviews, TokenReviews
from kubeade.apiserver.authentication.service_account import ServiceAccountAuthenticator
from kubeade.apiserver.authentication.token_request import TokenIssuer
from kubeade.apiserver.authentication.users import ANONYMOUS_USER
from kubeade.apiserver.authentication.x509 import CertificateAuthenticator
from kubeade.apiserver.seams import Reader, Responder, User
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Request
from kubeade.lib.ids import Ids

DEFAULT_ISSUER = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True, slots=True)
class TokenConfig:
    """How service account tokens are issued. The first issuer issues, the others are still accepted.

    `audiences` are the API server's own (default: the issuers). `keys_url` is where the public keys can be
    fetched: `https://HOST:PORT/openid/v1/jwks`.
    """

    signing_key_pem: bytes
    verifying_key_pems: tuple[bytes, ...] = ()
    issuers: Sequence[str] = (DEFAULT_ISSUER,)
    audiences: Sequence[str] = ()
    keys_url: str = f"{DEFAULT_ISSUER}/openid/v1/jwks"


_ANYBODY = AnonymousRule()


@dataclass(frozen=True, slots=True)
class FurtherUsers:
    """Who may come in besides the cluster's own users: tokens of other kinds, and who shows nothing.
    `refresh`: see `BearerAuthenticator`."""

    tokens: Sequence[TokenAuthenticator] = ()
    anonymous: Anonymous = _ANYBODY
    refresh: Callable[[], Awaitable[None]] | None = None


class RequestAuthenticator:
    """The server's `Authenticator`. Without credentials one is the anonymous user, whom roles restrict, or
    nobody where `anonymous` does not admit that."""

    def __init__(
        self,
        certificates: CertificateAuthenticator,
        bearer: BearerAuthenticator,
        proxies: RequestHeaderAuthenticator | None = None,
        anonymous: Anonymous = _ANYBODY,
    ) -> None:
        self._certificates = certificates
        self._bearer = bearer
        self._proxies = proxies
        self._anonymous = anonymous

    def trust(self, headers: RequestHeaders) -> None:
        """Their authorities, from now on. Raises ValueError, and nothing changes."""
        users, proxies = Issuers(headers.user_authority_pem), Issuers(headers.authority_pem)
        users.check()
        proxies.check()
        self._certificates.trust(users)
        if self._proxies is not None:
            self._proxies.trust(proxies)

    async def authenticate(self, request: Request) -> User | None:
        """Raises Unauthorized for wrong credentials."""
        user = await self._authenticated(request)
        if user is None and self._anonymous.admits(request.path):
            user = ANONYMOUS_USER
        if self._proxies:
            self._proxies.clear(request)
        return user

    async def _authenticated(self, request: Request) -> User | None:
        """A good token counts beside a bad certificate; a bad certificate alone is not anonymous."""
        refused: Unauthorized | None = None
        try:
            user = self._by_certificate(request)
        except Unauthorized as error:
            user, refused = None, error
        if user is not None:
            return user
        token = bearer_token(request.headers.get("authorization", ""))
        if not token:
            if refused is not None:
                raise refused
            return None
        try:
            return (await self._bearer.authenticate(token))[0]
        except InvalidToken as error:
            raise Unauthorized("Unauthorized") from error

    def _by_certificate(self, request: Request) -> User | None:
        """Raises Unauthorized."""
        if not request.peer_certificate:
            return None
        if self._proxies is not None:
            user = self._proxies.authenticate(request)
            if user is not None:
                return user
        return self._certificates.authenticate(request.peer_certificate, request.peer_intermediates)


@dataclass(frozen=True, slots=True)
class Authentication:
    """All that the wiring needs of this room. `keys` also signs for the token controller; `legacy_tokens` are
    to be run."""

    authenticator: RequestAuthenticator
    responders: Mapping[tuple[str, str, str], Responder]
    documents: OpenIdDocuments
    keys: ServiceAccountKeys
    legacy_tokens: LegacyTokens


def build_authenticator(
    reader: Reader,
    tokens: TokenConfig,
    clock: Clock,
    ids: Ids,
    proxies: RequestHeaders | None = None,
    further: FurtherUsers | None = None,
) -> Authentication:
    """Everything about who asks, over the cluster's own service accounts and secrets."""
    further = further or FurtherUsers()
    keys = ServiceAccountKeys(tokens.signing_key_pem, tokens.verifying_key_pems)
    audiences = tuple(tokens.audiences or tokens.issuers)
    accounts = ServiceAccountAuthenticator(keys, reader, clock, tokens.issuers, audiences)
    bearer = BearerAuthenticator(
        accounts, BootstrapTokenAuthenticator(reader, clock), further.tokens, further.refresh
    )
    issuer = TokenIssuer(keys, reader, clock, ids, tokens.issuers[0], audiences)
    group = "authentication.k8s.io"
    responders: dict[tuple[str, str, str], Responder] = {
        ("", "serviceaccounts", "token"): issuer.answer,
        (group, "tokenreviews", ""): TokenReviews(bearer).answer,
        (group, "selfsubjectreviews", ""): SelfSubjectReviews(clock).answer,
    }
    return Authentication(
        RequestAuthenticator(
            CertificateAuthenticator(clock, Issuers(proxies.user_authority_pem) if proxies else None),
            bearer,
            RequestHeaderAuthenticator(proxies, clock) if proxies else None,
            further.anonymous,
        ),
        responders,
        OpenIdDocuments(keys, tokens.issuers[0], tokens.keys_url),
        keys,
        accounts.legacy_tokens,
    )
