"""A server that was configured by file or flag (not by an object): an OpenID issuer, a webhook of access.

Whoever runs the API server has named it, so it may be anywhere. Redirects are not followed, answers are
limited in size and time, connections are kept. aiohttp is imported with the first request.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kubeade.api.resource import Object

_ANSWER_BYTES = 4 * 1024 * 1024
TIMEOUT_SECONDS = 10.0


class RemoteError(Exception):
    """It could not be asked, or did not answer with a JSON object."""


@dataclass(slots=True)
class Remote:
    """`token_file` is read anew for each request: somebody may renew it. `close` it."""

    context: ssl.SSLContext | None = None
    token: str = ""
    token_file: str = ""
    server_name: str = ""
    _session: Any = field(default=None, init=False)

    async def get(self, url: str) -> Object:
        """Raises RemoteError."""
        return await self._ask("GET", url, None, TIMEOUT_SECONDS)

    async def post(self, url: str, body: Object, timeout_seconds: float = TIMEOUT_SECONDS) -> Object:
        """Raises RemoteError."""
        return await self._ask("POST", url, msgspec.json.encode(body), timeout_seconds)

    async def deliver(self, url: str, body: bytes, timeout_seconds: float) -> None:
        """Send JSON to somebody who has nothing to say. Raises RemoteError."""
        await self._answer("POST", url, body, timeout_seconds)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, url: str, body: bytes | None, timeout_seconds: float) -> Object:
        answer = await self._answer(method, url, body, timeout_seconds)
        try:
            return msgspec.json.decode(answer, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise RemoteError(f"{method} {url}: {error}") from error

    async def _answer(self, method: str, url: str, body: bytes | None, timeout_seconds: float) -> bytes:
        import aiohttp

        try:
            async with asyncio.timeout(timeout_seconds):
                status, answer = await self._exchange(method, url, body)
        except TimeoutError:
            raise RemoteError(f"{method} {url}: no answer in {timeout_seconds:g} seconds") from None
        except (OSError, aiohttp.ClientError) as error:
            raise RemoteError(f"{method} {url}: {error}") from error
        if not 200 <= status < 300:
            raise RemoteError(f"{method} {url}: answered with {status}")
        return answer

    async def _exchange(self, method: str, url: str, body: bytes | None) -> tuple[int, bytes]:
        import aiohttp

        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None)
            self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        async with self._session.request(
            method,
            url,
            data=body,
            headers=self._headers(),
            ssl=self.context or True,
            server_hostname=self.server_name or None,
            allow_redirects=False,
        ) as answer:
            found = bytearray()
            async for part in answer.content.iter_chunked(1 << 16):
                found += part
                if len(found) > _ANSWER_BYTES:
                    raise ConnectionError("the answer is too large")
            return answer.status, bytes(found)

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        token = self.token
        if self.token_file:
            with open(self.token_file, encoding="utf-8") as file:
                token = file.read().strip()
        return {**headers, "authorization": f"Bearer {token}"} if token else headers


@dataclass(frozen=True, slots=True)
class WebhookPlace:
    """A webhook of access: where it is, and in which version it is asked (v1, v1beta1)."""

    url: str
    remote: Remote
    version: str

    async def ask(self, review: Object, timeout_seconds: float = TIMEOUT_SECONDS) -> Object:
        """The review with its status. Raises RemoteError."""
        return await self.remote.post(self.url, review, timeout_seconds)


def trusting(authority_pem: bytes) -> ssl.SSLContext:
    """TLS to servers of this authority, or of those that the machine trusts. Raises ValueError."""
    try:
        return ssl.create_default_context(cadata=authority_pem.decode() if authority_pem else None)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise ValueError(f"not a certificate authority in PEM: {error}") from error
