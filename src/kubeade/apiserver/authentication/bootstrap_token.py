"""Users by bootstrap token: `abcdef.0123456789abcdef`, kept as a secret of kube-system, for joining nodes.

A token that is unknown, expired or not meant for authentication is simply not one: nobody is told why.
"""

import hmac
import re
from base64 import b64decode

from kubeade.api.resource import Object
from kubeade.api.resources import SECRETS
from kubeade.apiserver.authentication.users import authenticated
from kubeade.apiserver.seams import Reader, User
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import parse_time

SECRET_TYPE = "bootstrap.kubernetes.io/token"  # noqa: S105 - a type, not a secret
USER_PREFIX = "system:bootstrap:"
DEFAULT_GROUP = "system:bootstrappers"

_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


class BootstrapTokenAuthenticator:
    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def authenticate(self, token: str) -> User | None:
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        token_id, secret_part = match.groups()
        secret = self._reader.read(SECRETS, f"bootstrap-token-{token_id}", "kube-system")
        if secret is None or secret.get("type") != SECRET_TYPE or "deletionTimestamp" in secret["metadata"]:
            return None
        data = _text_data(secret)
        if not hmac.compare_digest(data.get("token-secret", "").encode(), secret_part.encode()):
            return None
        if data.get("token-id") != token_id or data.get("usage-bootstrap-authentication") != "true":
            return None
        groups = _groups(data.get("auth-extra-groups", ""))
        if groups is None or self._expired(data.get("expiration", "")):
            return None
        return authenticated(User(f"{USER_PREFIX}{token_id}", groups=groups))

    def _expired(self, expiration: str) -> bool:
        if not expiration:
            return False
        try:
            return self._clock.now() >= parse_time(expiration)
        except ValueError:
            return True


def _text_data(secret: Object) -> dict[str, str]:
    data = secret.get("data") or {}
    return {key: b64decode(value).decode(errors="replace") for key, value in data.items()}


def _groups(extra: str) -> tuple[str, ...] | None:
    """The token's groups; None where one is not a bootstrapper's."""
    named = [group for group in extra.split(",") if group]
    if not all(_GROUP.fullmatch(group) for group in named):
        return None
    return tuple(sorted({DEFAULT_GROUP, *named}))
