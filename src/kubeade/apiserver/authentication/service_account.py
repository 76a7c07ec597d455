"""Users by service account token: signed by us, for us, in time, and all it is bound to still there.

A verified token is remembered, so that the next request with it costs a dictionary look-up. It is
forgotten when its account, pod, secret or node changes, and when its time is over.
"""

import hmac
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass

from kubeade.api.resource import Object, Resource
from kubeade.api.resources import NODES, PODS, SECRETS, SERVICE_ACCOUNTS
from kubeade.apiserver.authentication.claims import LEGACY_ISSUER, legacy_claim
from kubeade.apiserver.authentication.jws import InvalidToken, ServiceAccountKeys, unverified_claims
from kubeade.apiserver.authentication.legacy_tokens import LegacyTokens
from kubeade.apiserver.authentication.users import (
    CREDENTIAL_ID,
    account_groups,
    account_name,
    authenticated,
    split_account,
)
from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.seams import Reader, User
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import parse_time

MAX_REMEMBERED_TOKENS = 4096
LEEWAY_SECONDS = 60
INVALID_SINCE_LABEL = "kubernetes.io/legacy-token-invalid-since"


class NotThere(InvalidToken):
    """What a token of ours depends on is not there, or not yet."""


_INVALID = (
    "has been marked invalid. Use tokens from the TokenRequest API or manually created secret-based tokens, "
    f"or remove the '{INVALID_SINCE_LABEL}' label from the secret to temporarily allow use of this token"
)
BoundKey = tuple[str, str, str]
_FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token's user and audiences, until when both count, and the objects they depend on."""

    user: User
    audiences: tuple[str, ...]
    good_until: float
    bound_to: tuple[BoundKey, ...]


class ServiceAccountAuthenticator:
    """Verifies tokens of the issuers it is given; `audiences` are those of this API server."""

    def __init__(
        self,
        keys: ServiceAccountKeys,
        reader: Reader,
        clock: Clock,
        issuers: Sequence[str],
        audiences: Sequence[str],
    ) -> None:
        self.legacy_tokens = LegacyTokens(reader, clock)
        self._keys = keys
        self._reader = reader
        self._clock = clock
        self._issuers = frozenset(issuers)
        self.audiences = tuple(audiences)
        self._verified: BoundedCache[str, VerifiedToken] = BoundedCache(MAX_REMEMBERED_TOKENS)
        self._dependents: dict[BoundKey, set[str]] = {}
        for resource in (SERVICE_ACCOUNTS, PODS, SECRETS, NODES):
            reader.subscribe(resource, self._forgetter(resource))

    def issued_here(self, token: str) -> bool:
        """Whether the token claims to be ours, before anything is checked."""
        try:
            return unverified_claims(token).get("iss") in {*self._issuers, LEGACY_ISSUER}
        except InvalidToken:
            return False

    def verify(self, token: str, audiences: Sequence[str] = ()) -> VerifiedToken:
        """The token's user, if it is meant for any of `audiences` (default: ours). Raises InvalidToken."""
        verified = self._verified.get(token)
        if verified is None or verified.good_until < self._now():
            verified = self._verify(token)
            self._remember(token, verified)
        wanted = audiences or self.audiences
        common = tuple(audience for audience in wanted if audience in verified.audiences)
        if not common:
            raise InvalidToken(
                f"token audiences {_brackets(verified.audiences)} is invalid for the target audiences "
                f"{_brackets(wanted)}"
            )
        return VerifiedToken(verified.user, common, verified.good_until, verified.bound_to)

    def _verify(self, token: str) -> VerifiedToken:
        claims = self._keys.verify(token)
        if claims.get("iss") == LEGACY_ISSUER:
            return self._legacy(token, claims)
        if claims.get("iss") not in self._issuers:
            raise InvalidToken(f'token issuer "{claims.get("iss")}" is invalid')
        self._check_time(claims)
        kubernetes = claims.get("kubernetes.io") or {}
        account = self._account(kubernetes)
        good_until = min(float(claims["exp"]) + LEEWAY_SECONDS, _deadline(account))
        bound_to: list[BoundKey] = [_key(SERVICE_ACCOUNTS, account)]
        for bound in self._bound(kubernetes):
            good_until = min(good_until, bound.good_until)
            bound_to.append(bound.key)
        user = _user(kubernetes, claims.get("jti", ""))
        audiences = claims.get("aud") or self.audiences
        audiences = (audiences,) if isinstance(audiences, str) else tuple(audiences)
        return VerifiedToken(user, audiences, good_until, tuple(bound_to))

    def _check_time(self, claims: Object) -> None:
        now = self._now()
        if not isinstance(claims.get("exp"), int | float) or now > claims["exp"] + LEEWAY_SECONDS:
            raise InvalidToken("service account token has expired")
        if now < claims.get("nbf", 0) - LEEWAY_SECONDS:
            raise InvalidToken("service account token is not valid yet")
        if now < claims.get("iat", 0) - LEEWAY_SECONDS:
            raise InvalidToken("service account token is issued in the future")

    def _account(self, kubernetes: Object) -> Object:
        namespace = kubernetes.get("namespace", "")
        claimed = kubernetes.get("serviceaccount") or {}
        name = claimed.get("name", "")
        account = self._reader.read(SERVICE_ACCOUNTS, name, namespace)
        if account is None:
            raise NotThere(f'serviceaccounts "{name}" not found')
        uid = account["metadata"]["uid"]
        if uid != claimed.get("uid"):
            raise InvalidToken(f"service account UID ({uid}) does not match claim ({claimed.get('uid')})")
        if _deadline(account) < self._now():
            raise InvalidToken(f"service account {namespace}/{name} has been deleted")
        return account

    def _bound(self, kubernetes: Object) -> "list[_Bound]":
        """The pod, secret or node of the token, still there. A pod's node is only told, not checked."""
        found = []
        for kind, resource in (("secret", SECRETS), ("pod", PODS), ("node", NODES)):
            claimed = kubernetes.get(kind)
            if claimed is None or (kind == "node" and "pod" in kubernetes):
                continue
            namespace = kubernetes.get("namespace", "") if resource.namespaced else ""
            bound = self._reader.read(resource, claimed.get("name", ""), namespace)
            if bound is None or _deadline(bound) < self._now():
                raise NotThere("service account token has been invalidated")
            uid = bound["metadata"]["uid"]
            if uid != claimed.get("uid"):
                raise InvalidToken(
                    f"{resource.kind if kind != 'pod' else 'pod'} UID ({uid}) does not match service account "
                    f"{kind} ref claim ({claimed.get('uid')})"
                )
            found.append(_Bound(_key(resource, bound), _deadline(bound)))
        return found

    def _legacy(self, token: str, claims: Object) -> VerifiedToken:
        namespace, secret_name = legacy_claim(claims, "namespace"), legacy_claim(claims, "secret.name")
        name, uid = legacy_claim(claims, "service-account.name"), legacy_claim(claims, "service-account.uid")
        if split_account(str(claims.get("sub"))) != (namespace, name):
            raise InvalidToken("sub claim is invalid")
        secret = self._reader.read(SECRETS, secret_name, namespace)
        if secret is None or "deletionTimestamp" in secret["metadata"]:
            raise NotThere("Token has been invalidated")
        kept = b64decode((secret.get("data") or {}).get("token") or "")
        if not hmac.compare_digest(kept, token.encode()):
            raise InvalidToken("Token does not match server's copy")
        account = self._account({"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}})
        self.legacy_tokens.used(secret)
        if (secret["metadata"].get("labels") or {}).get(INVALID_SINCE_LABEL):
            raise InvalidToken(
                f"the token in secret {namespace}/{secret_name} for service account {namespace}/{name} "
                + _INVALID
            )
        user = _user({"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}}, "")
        bound_to = (_key(SERVICE_ACCOUNTS, account), _key(SECRETS, secret))
        good_until = min(_deadline(account), self.legacy_tokens.end_of_day())
        return VerifiedToken(user, self.audiences, good_until, bound_to)

    def _remember(self, token: str, verified: VerifiedToken) -> None:
        dropped = self._verified.put(token, verified)
        for key in verified.bound_to:
            self._dependents.setdefault(key, set()).add(token)
        if dropped is not None:
            self._release(*dropped)

    def _release(self, token: str, verified: VerifiedToken) -> None:
        for key in verified.bound_to:
            tokens = self._dependents.get(key, set())
            tokens.discard(token)
            if not tokens:
                self._dependents.pop(key, None)

    def _forgetter(self, resource: Resource) -> "_Forgetter":
        return _Forgetter(resource.plural, self._dependents, self._verified)

    def _now(self) -> float:
        return self._clock.now().timestamp()


@dataclass(frozen=True, slots=True)
class _Bound:
    key: BoundKey
    good_until: float


@dataclass(frozen=True, slots=True)
class _Forgetter:
    """Drops the remembered tokens that depend on a changed object."""

    plural: str
    dependents: dict[BoundKey, set[str]]
    verified: BoundedCache[str, VerifiedToken]

    def __call__(self, namespace: str, name: str) -> None:
        for token in self.dependents.pop((self.plural, namespace, name), ()):
            self.verified.drop(token)


def _key(resource: Resource, found: Object) -> BoundKey:
    metadata = found["metadata"]
    return resource.plural, metadata.get("namespace", ""), metadata["name"]


def _deadline(found: Object) -> float:
    """An object that is being deleted counts for a little longer; one that is not, for ever."""
    deleted_at = found["metadata"].get("deletionTimestamp")
    return parse_time(deleted_at).timestamp() + LEEWAY_SECONDS if deleted_at else _FOREVER


def _user(kubernetes: Object, token_id: str) -> User:
    namespace, account = kubernetes["namespace"], kubernetes["serviceaccount"]
    extra = {CREDENTIAL_ID: (f"JTI={token_id}",)} if token_id else {}
    for kind in ("pod", "node"):
        claimed = kubernetes.get(kind) or {}
        for field in ("name", "uid"):
            if claimed.get(field):
                extra[f"authentication.kubernetes.io/{kind}-{field}"] = (claimed[field],)
    name = account_name(namespace, account["name"])
    return authenticated(User(name, account["uid"], account_groups(namespace), extra))


def _brackets(values: Sequence[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"
