"""Tokens of trusted issuers, verified."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from kubeade.api.resource import Object
from kubeade.apiserver.authentication.jws import InvalidToken, unverified_claims
from kubeade.apiserver.authentication.jwt.config import JwtIssuer
from kubeade.apiserver.authentication.jwt.keys import IssuerKeys
from kubeade.apiserver.authentication.jwt.mapping import ClaimMapper
from kubeade.apiserver.authentication.users import authenticated
from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.seams import User
from kubeade.apiserver.webhooks.remote import Remote, trusting
from kubeade.lib.clock import Clock

if TYPE_CHECKING:
    from jwt import PyJWK

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512")
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_REMEMBERED_TOKENS = 1024
_REMEMBERED_SECONDS = 10.0
_NOT_BEFORE_LEEWAY_SECONDS = 300.0


class JwtAuthenticator:
    """A `bearer.TokenAuthenticator`; the token's `iss` says which issuer is asked about it."""

    def __init__(
        self, source: str, issuers: Sequence[JwtIssuer], algorithms: Sequence[str], clock: Clock
    ) -> None:
        """Raises ConfigError; `source` is the file or flag that it names."""
        unknown = [each for each in algorithms if each not in ALGORITHMS]
        if unknown:
            raise ConfigError(f'{source}: unsupported signing alg: "{unknown[0]}"')
        self._clock = clock
        self._issuers: Mapping[str, _TrustedIssuer] = {
            each.issuer.url: _TrustedIssuer(source, each, algorithms) for each in issuers
        }
        self._known: BoundedCache[str, tuple[User, float]] = BoundedCache(_REMEMBERED_TOKENS)

    async def authenticate(self, token: str, audiences: Sequence[str]) -> tuple[User, tuple[str, ...]] | None:
        """None for a token of somebody else. Raises InvalidToken."""
        known = self._known.get(token)
        now = self._clock.now().timestamp()
        if known is not None and now < known[1]:
            return known[0], ()
        try:
            issuer = self._issuers.get(str(unverified_claims(token).get("iss")))
        except InvalidToken:
            return None
        if issuer is None:
            return None
        claims = await issuer.verified(token)
        expires_at = _check_time(claims, now)
        user = authenticated(issuer.mapper.user(claims))
        self._known.put(token, (user, min(now + _REMEMBERED_SECONDS, expires_at)))
        return user, ()

    async def close(self) -> None:
        for issuer in self._issuers.values():
            await issuer.remote.close()


class _TrustedIssuer:
    def __init__(self, source: str, config: JwtIssuer, algorithms: Sequence[str]) -> None:
        try:
            self.remote = Remote(trusting(config.issuer.certificate_authority.encode()))
        except ValueError as error:
            raise ConfigError(f"{source}: issuer.certificateAuthority: {error}") from error
        self.mapper = ClaimMapper(source, config)
        self._audiences = frozenset(config.issuer.audiences)
        self._algorithms = list(algorithms)
        self._keys = IssuerKeys(config.issuer, self.remote, _loop_time)

    async def verified(self, token: str) -> Object:
        """The claims of a token that this issuer has signed, for us. Raises InvalidToken."""
        from jwt.exceptions import PyJWTError

        header = _header(token)
        algorithm = str(header.get("alg"))
        if algorithm not in self._algorithms:
            raise InvalidToken("oidc: verify token: id token signed with unsupported algorithm")
        for key in await self._keys.candidates(str(header.get("kid") or "")):
            try:
                claims = _decoded(token, key, algorithm)
            except PyJWTError:
                continue
            audience = claims.get("aud")
            named = {audience} if isinstance(audience, str) else set(audience or ())
            if not named & self._audiences:
                raise InvalidToken("oidc: verify token: oidc: expected another audience")
            return claims
        raise InvalidToken(
            "oidc: verify token: failed to verify signature: failed to verify id token signature"
        )


def _header(token: str) -> Object:
    from jwt import get_unverified_header
    from jwt.exceptions import PyJWTError

    try:
        return get_unverified_header(token)
    except PyJWTError as error:
        raise InvalidToken(f"oidc: verify token: {error}") from error


def _decoded(token: str, key: "PyJWK", algorithm: str) -> Object:
    """Raises PyJWTError. Times are checked by our own clock, not by the library's."""
    from jwt import PyJWS
    from jwt.exceptions import DecodeError, InvalidKeyError

    if key.key_type != _KEY_TYPES[algorithm[:2]]:
        raise InvalidKeyError(algorithm)
    payload: Any = PyJWS().decode(token, key.key, algorithms=[algorithm])
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise DecodeError(str(error)) from error


def _check_time(claims: Object, now: float) -> float:
    """When it expires, in seconds since the epoch."""
    expires_at, not_before = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(expires_at, int | float) or not isinstance(not_before, int | float):
        raise InvalidToken("oidc: verify token: exp and nbf must be numbers")
    if expires_at < now:
        raise InvalidToken("oidc: verify token: oidc: token is expired")
    if now + _NOT_BEFORE_LEEWAY_SECONDS < not_before:
        raise InvalidToken("oidc: verify token: oidc: current time before the nbf (not before) time")
    return float(expires_at)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
