"""Users by what somebody else's server says of a token: TokenReviews to a webhook, its answers kept a while
(upstream: --authentication-token-webhook-config-file)."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.users import authenticated
from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.seams import User
from kubeade.apiserver.webhooks.remote import RemoteError, WebhookPlace
from kubeade.lib.clock import Clock

DEFAULT_SECONDS = 120.0
_REMEMBERED_TOKENS = 4096
_Answer = tuple[User, tuple[str, ...]]


class TokenWebhook:
    """A `bearer.TokenAuthenticator`. Only a yes is remembered: who is not known yet may be soon."""

    def __init__(
        self,
        place: WebhookPlace,
        clock: Clock,
        audiences: Sequence[str],
        kept_seconds: float,
    ) -> None:
        """`audiences` are those of this API server: a webhook that names none means them."""
        self._place = place
        self._clock = clock
        self._audiences = tuple(audiences)
        self._kept_seconds = kept_seconds
        self._known: BoundedCache[tuple[bytes, tuple[str, ...]], tuple[_Answer, float]] = BoundedCache(
            _REMEMBERED_TOKENS
        )

    async def authenticate(self, token: str, audiences: Sequence[str]) -> _Answer | None:
        """None for a token that it does not know. Raises InvalidToken."""
        wanted = tuple(audiences) or self._audiences
        key = (sha256(token.encode("utf-8", "surrogateescape")).digest(), wanted)
        now = self._clock.now().timestamp()
        known = self._known.get(key)
        if known is not None and now < known[1]:
            return known[0]
        answer = await self._asked(token, wanted)
        if answer is not None and self._kept_seconds:
            self._known.put(key, (answer, now + self._kept_seconds))
        return answer

    async def close(self) -> None:
        await self._place.remote.close()

    async def _asked(self, token: str, wanted: tuple[str, ...]) -> _Answer | None:
        spec = {"token": token, "audiences": list(wanted)}
        review = {
            "kind": "TokenReview",
            "apiVersion": f"authentication.k8s.io/{self._place.version}",
            "spec": spec,
        }
        try:
            status = part(await self._place.ask(review), "status")
        except RemoteError as error:
            raise InvalidToken(f"webhook: {error}") from error
        if status.get("authenticated") is not True:
            if text(status, "error"):
                raise InvalidToken(text(status, "error"))
            return None
        given = _texts(status.get("audiences")) or self._audiences
        common = tuple(each for each in wanted if each in given)
        return (_user(part(status, "user")), common) if common else None


def _user(info: Object) -> User:
    extra = {key: _texts(values) for key, values in part(info, "extra").items()}
    found = User(text(info, "username"), text(info, "uid"), _texts(info.get("groups")), extra)
    if not found.name:
        raise InvalidToken("webhook: the answer names no user")
    return authenticated(found)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
