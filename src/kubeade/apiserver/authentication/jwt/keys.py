"""An issuer's public keys: discovered, fetched, kept, and fetched anew when a token names one that is new.

Tokens come from anybody, so they cannot make us ask the issuer more often than every
`REFETCH_SECONDS`; those who wait for the same fetch share it.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from kubeade.api.parts import text
from kubeade.apiserver.authentication.jws import InvalidToken
from kubeade.apiserver.authentication.jwt.config import Issuer
from kubeade.apiserver.webhooks.remote import Remote, RemoteError

if TYPE_CHECKING:
    from jwt import PyJWK

REFETCH_SECONDS = 10.0


class IssuerKeys:
    def __init__(self, issuer: Issuer, remote: Remote, now: Callable[[], float]) -> None:
        """`now` counts seconds that only move forward."""
        self._issuer = issuer
        self._remote = remote
        self._now = now
        self._keys: list[PyJWK] = []
        self._keys_url = ""
        self._asked_at = float("-inf")
        self._failure = ""
        self._fetching: asyncio.Task[None] | None = None

    async def candidates(self, key_id: str) -> "list[PyJWK]":
        """The keys that may have signed a token which names `key_id` ("" names none).

        Raises InvalidToken while the issuer has never answered.
        """
        found = self._matching(key_id)
        if not found and self._now() - self._asked_at >= REFETCH_SECONDS:
            await self._fetched()
            found = self._matching(key_id)
        if not self._keys:
            why = f": {self._failure}" if self._failure else ""
            raise InvalidToken(f"oidc: authenticator not initialized{why}")
        return found

    def _matching(self, key_id: str) -> "list[PyJWK]":
        return [key for key in self._keys if not key_id or key.key_id == key_id]

    async def _fetched(self) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.get_running_loop().create_task(self._fetch(), name="issuer-keys")
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        from jwt import PyJWKSet
        from jwt.exceptions import PyJWTError

        try:
            if not self._keys_url:
                self._keys_url = await self._discovered()
            self._keys = PyJWKSet.from_dict(await self._remote.get(self._keys_url)).keys
            self._failure = ""
        except (RemoteError, PyJWTError, ValueError, TypeError, AttributeError) as error:
            self._failure = str(error)
        finally:
            self._asked_at = self._now()

    async def _discovered(self) -> str:
        """Where the keys are, as the issuer's own document says. Raises RemoteError."""
        base = self._issuer.url.rstrip("/") + "/.well-known/openid-configuration"
        url = self._issuer.discovery_url or base
        found = await self._remote.get(url)
        if found.get("issuer") != self._issuer.url:
            raise RemoteError(f"{url}: names another issuer than {self._issuer.url}")
        keys_url = text(found, "jwks_uri")
        if not keys_url.startswith("https://"):
            raise RemoteError(f"{url}: names no jwks_uri on https")
        return keys_url
