"""What a service account's token says: as pure functions of the objects it is bound to and the time."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubeade.api.resource import Object
from kubeade.apiserver.authentication.users import account_name

LEGACY_ISSUER = "kubernetes/serviceaccount"
_LEGACY_PREFIX = "kubernetes.io/serviceaccount/"


@dataclass(frozen=True, slots=True)
class Binding:
    """The objects that a token lives and dies with; a pod's node is only mentioned."""

    pod: Object | None = None
    secret: Object | None = None
    node: Object | None = None


@dataclass(frozen=True, slots=True)
class Validity:
    """Seconds since the epoch. After `warn_after` the token still counts, but should have been renewed."""

    issued_at: int
    expires_at: int
    warn_after: int = 0


@dataclass(frozen=True, slots=True)
class Issue:
    """Who issues the token, for whom, and its own name."""

    issuer: str
    audiences: Sequence[str]
    token_id: str


def token_claims(account: Object, binding: Binding, validity: Validity, issue: Issue) -> Object:
    metadata = account["metadata"]
    kubernetes: Object = {
        "namespace": metadata["namespace"],
        "serviceaccount": _reference(account),
    }
    for kind, bound in (("pod", binding.pod), ("secret", binding.secret), ("node", binding.node)):
        if bound is not None:
            kubernetes[kind] = _reference(bound)
    if validity.warn_after:
        kubernetes["warnafter"] = validity.warn_after
    return {
        "aud": list(issue.audiences),
        "exp": validity.expires_at,
        "iat": validity.issued_at,
        "iss": issue.issuer,
        "jti": issue.token_id,
        "kubernetes.io": kubernetes,
        "nbf": validity.issued_at,
        "sub": account_name(metadata["namespace"], metadata["name"]),
    }


def legacy_claims(account: Object, secret_name: str) -> Object:
    """What the token in a `kubernetes.io/service-account-token` secret says: it never expires."""
    metadata = account["metadata"]
    return {
        "iss": LEGACY_ISSUER,
        f"{_LEGACY_PREFIX}namespace": metadata["namespace"],
        f"{_LEGACY_PREFIX}secret.name": secret_name,
        f"{_LEGACY_PREFIX}service-account.name": metadata["name"],
        f"{_LEGACY_PREFIX}service-account.uid": metadata["uid"],
        "sub": account_name(metadata["namespace"], metadata["name"]),
    }


def legacy_claim(claims: Object, name: str) -> str:
    return str(claims.get(f"{_LEGACY_PREFIX}{name}") or "")


def _reference(found: Object) -> Object:
    metadata = found["metadata"]
    return {key: metadata[key] for key in ("name", "uid") if metadata.get(key)}
