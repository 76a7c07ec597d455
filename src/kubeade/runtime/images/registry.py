"""A client of registries (OCI distribution-spec): manifests and blobs, with token and basic authentication.

Plain HTTP is spoken only to registries on localhost. Credentials go to the registry and to the token service
that it names, never along a redirect.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp

from kubeade.cri.service import PullFailed, Unauthenticated
from kubeade.cri.types import AuthConfig
from kubeade.lib.backoff import Backoff
from kubeade.runtime.images.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, digest_of
from kubeade.runtime.images.reference import Reference

_ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
_MANIFEST_LIMIT_BYTES = 8 << 20
_CHUNK_BYTES = 1 << 18
_ATTEMPTS = 4
_BACKOFF = Backoff(0.25, 5.0)
_CONNECT_SECONDS, _READ_SECONDS = 15.0, 60.0
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_LOCAL = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?")


class Registry:
    """One repository of one registry, for the time of one pull."""

    def __init__(self, reference: Reference, auth: AuthConfig) -> None:
        self._reference = reference
        self._auth = auth
        self._authorization = f"Bearer {auth.registry_token}" if auth.registry_token else ""
        self._session: aiohttp.ClientSession | None = None
        host = "registry-1.docker.io" if reference.registry == "docker.io" else reference.registry
        self._is_local = _LOCAL.fullmatch(host) is not None
        scheme = "http" if self._is_local else "https"
        self._base = f"{scheme}://{host}/v2/{reference.repository}"

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS)
        headers = {"User-Agent": "kubeade"}
        self._session = aiohttp.ClientSession(timeout=timeout, headers=headers, trust_env=not self._is_local)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def manifest(self, tag_or_digest: str) -> tuple[bytes, str]:
        """A manifest or index, checked against its digest if it is asked for by one, and its media type."""
        data, media_type = await self._retried(lambda: self._read_manifest(tag_or_digest))
        if tag_or_digest.startswith("sha256:") and digest_of(data) != tag_or_digest:
            raise PullFailed(f"{self._reference}: the registry sent another manifest than {tag_or_digest}")
        return data, media_type

    async def _read_manifest(self, tag_or_digest: str) -> tuple[bytes, str]:
        async with self._get(f"{self._base}/manifests/{tag_or_digest}", _ACCEPT) as response:
            data = await response.content.read(_MANIFEST_LIMIT_BYTES + 1)
            while len(data) <= _MANIFEST_LIMIT_BYTES and not response.content.at_eof():
                data += await response.content.read(_MANIFEST_LIMIT_BYTES)
            if len(data) > _MANIFEST_LIMIT_BYTES:
                raise PullFailed(f"{self._reference}: the manifest is too large")
            return data, response.content_type

    async def blob(self, descriptor: Descriptor, target: Path, progress: Callable[[int], None]) -> None:
        """Download a blob to `target` and check it; `progress` hears how many bytes have come."""
        await self._retried(lambda: self._read_blob(descriptor, target, progress))

    async def _read_blob(self, descriptor: Descriptor, target: Path, progress: Callable[[int], None]) -> None:
        digest, done = hashlib.sha256(), 0
        async with self._get(f"{self._base}/blobs/{descriptor.digest}", "*/*") as response:
            with target.open("wb") as file:
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
                    done += len(chunk)
                    if descriptor.size and done > descriptor.size:
                        break
                    progress(done)
        if f"sha256:{digest.hexdigest()}" != descriptor.digest:
            raise aiohttp.ClientPayloadError(f"blob {descriptor.digest} arrived damaged")

    async def _retried(self, attempt: Callable[[], Any]) -> Any:
        for number in range(1, _ATTEMPTS + 1):
            try:
                return await attempt()
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                if number == _ATTEMPTS or not _may_pass(error):
                    raise PullFailed(f'failed to pull "{self._reference}": {error or "timed out"}') from error
                await asyncio.sleep(_BACKOFF.delay_seconds(number))
        raise AssertionError("the last attempt returns or raises")

    @asynccontextmanager
    async def _get(self, url: str, accept: str) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._session is not None
        for challenged in (False, True):
            headers = {"Accept": accept}
            if self._authorization:
                headers["Authorization"] = self._authorization
            async with self._session.get(url, headers=headers) as response:
                if response.status == 401 and not challenged:
                    await self._authenticate(response.headers.get("WWW-Authenticate", ""))
                    continue
                self._check(response)
                yield response
                return

    def _check(self, response: aiohttp.ClientResponse) -> None:
        name = str(self._reference)
        if response.status in (401, 403):
            raise Unauthenticated(
                f'failed to pull "{name}": pull access denied, '
                "repository does not exist or may require authorization"
            )
        if response.status == 404:
            raise PullFailed(f'failed to pull "{name}": {name}: not found')
        response.raise_for_status()

    async def _authenticate(self, challenge: str) -> None:
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            self._authorization = self._basic()
            if not self._authorization:
                raise Unauthenticated(f'failed to pull "{self._reference}": the registry wants credentials')
            return
        values = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in values:
            raise Unauthenticated(f'failed to pull "{self._reference}": unknown authentication {challenge!r}')
        if not values["realm"].startswith("https://") and not self._is_local:
            raise Unauthenticated(f'failed to pull "{self._reference}": the token service is not secure')
        self._authorization = f"Bearer {await self._token(values)}"

    async def _token(self, values: dict[str, str]) -> str:
        assert self._session is not None
        scope = values.get("scope") or f"repository:{self._reference.repository}:pull"
        fields = {"service": values.get("service", ""), "scope": scope}
        if self._auth.identity_token:
            form = {**fields, "grant_type": "refresh_token", "client_id": "kubeade"}
            form["refresh_token"] = self._auth.identity_token
            request = self._session.post(values["realm"], data=form)
        else:
            basic = self._basic()
            headers = {"Authorization": basic} if basic else {}
            request = self._session.get(values["realm"], params=fields, headers=headers)
        async with request as response:
            self._check(response)
            answer = await response.json(content_type=None)
        token = answer.get("token") or answer.get("access_token")
        if not isinstance(token, str):
            raise Unauthenticated(f'failed to pull "{self._reference}": the token service gave no token')
        return token

    def _basic(self) -> str:
        """The credentials as a header's value, "" without any."""
        if self._auth.auth:
            return f"Basic {self._auth.auth}"
        if not self._auth.username:
            return ""
        pair = f"{self._auth.username}:{self._auth.password}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _may_pass(error: BaseException) -> bool:
    """Whether trying again may help: not after a clear refusal."""
    if isinstance(error, aiohttp.ClientResponseError):
        return error.status == 429 or error.status >= 500
    return not isinstance(error, aiohttp.ClientConnectorDNSError)
