"""The HTTP client of webhooks: JSON in, JSON out, in the time that is given.

Connections are kept and used again. Redirects are not followed: they would lead wherever a webhook likes.
What a webhook answers is read up to a limit. aiohttp is imported with the first call, not before: most
clusters have no webhooks. Errors are told in the words of Go's client, which people search for.
"""

import asyncio
import base64
import binascii
import math
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.seams import Reader
from kubeade.apiserver.webhooks.resolution import ResolutionError, ServiceResolver

_MOST_CONTEXTS = 256
_ANSWER_BYTES = 16 * 1024 * 1024
_HEADERS = {
    "content-type": "application/json",
    "accept": "application/json",
    "user-agent": "kube-apiserver-admission",
}
_MEANINGS = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    403: "unknown",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, but may still be processing the "
    "request",
}


class CallError(Exception):
    """A webhook could not be asked, or did not answer."""


class WebhookClient:
    """Asks webhooks by their `clientConfig`. `close` it."""

    def __init__(self, reader: Reader) -> None:
        self._resolver = ServiceResolver(reader)
        self._contexts: BoundedCache[str, ssl.SSLContext] = BoundedCache(_MOST_CONTEXTS)
        self._sessions: dict[bool, Any] = {}

    async def ask(self, config: Object, body: Object, timeout_seconds: float) -> Any:
        """The JSON that is answered. Raises CallError."""
        by_service = bool(config.get("service"))
        base = _service_url(part(config, "service")) if by_service else text(config, "url")
        if not base:
            raise CallError("webhook configuration must have either service or URL")
        url = f"{base}{'&' if '?' in base else '?'}timeout={math.ceil(timeout_seconds)}s"
        context = self._context(text(config, "caBundle")) if urlsplit(url).scheme == "https" else None
        try:
            async with asyncio.timeout(timeout_seconds):
                status, answer = await self._post(by_service, url, context, encode(body))
        except TimeoutError:
            raise CallError(f'Post "{url}": context deadline exceeded') from None
        except OSError as error:
            raise CallError(f'Post "{url}": {_told(error)}') from error
        if not 200 <= status < 300:
            raise CallError(_meaning(status, answer))
        try:
            return msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CallError(f"couldn't get version/kind; json parse error: {error}") from None

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def _post(
        self, by_service: bool, url: str, context: ssl.SSLContext | None, body: bytes
    ) -> tuple[int, bytes]:
        """Once more where a kept connection turns out to be closed. Raises OSError."""
        import aiohttp
        from yarl import URL

        session = self._session(by_service)
        for attempt in (1, 2):
            try:
                async with session.post(
                    URL(url, encoded=True), data=body, headers=_HEADERS, ssl=context, allow_redirects=False
                ) as answer:
                    return answer.status, await _read(answer.content)
            except aiohttp.ServerDisconnectedError as error:
                if attempt == 2:
                    raise ConnectionError("EOF") from error
            except OSError:
                raise  # aiohttp's own connection errors are OSErrors
            except aiohttp.ClientError as error:
                raise ConnectionError(str(error)) from error
        raise AssertionError("not reached")

    def _session(self, by_service: bool) -> Any:
        """Names of services are not DNS names, so they have connections of their own."""
        import aiohttp

        found = self._sessions.get(by_service)
        if found is None:
            resolver = _resolver_of(self._resolver) if by_service else None
            connector = aiohttp.TCPConnector(limit=0, resolver=resolver, use_dns_cache=not by_service)
            found = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._sessions[by_service] = found
        return found

    def _context(self, ca_bundle: str) -> ssl.SSLContext:
        """Trusts the bundle, or what the machine trusts where there is none. Raises CallError."""
        context = self._contexts.get(ca_bundle)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            try:
                if ca_bundle:
                    context.load_verify_locations(cadata=base64.b64decode(ca_bundle).decode("ascii"))
                else:
                    context.load_default_certs()
            except (ssl.SSLError, ValueError, binascii.Error) as error:
                raise CallError(
                    f"could not get REST client: unable to load root certificates: {error}"
                ) from None
            self._contexts.put(ca_bundle, context)
        return context


def _service_url(service: Object) -> str:
    """`https://name.namespace.svc:443/path`: its host is what the certificate must be good for."""
    path = text(service, "path") or "/"
    host = f"{text(service, 'name')}.{text(service, 'namespace')}.svc"
    return f"https://{host}:{service.get('port') or 443}{path if path.startswith('/') else '/' + path}"


def _resolver_of(services: ServiceResolver) -> Any:
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Resolver(AbstractResolver):
        """A webhook's Service in place of its host name."""

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            name, namespace, _ = host.split(".", 2)
            address, real_port = services.resolve(namespace, name, port)
            found = await asyncio.get_running_loop().getaddrinfo(address, real_port, type=socket.SOCK_STREAM)
            return [
                ResolveResult(hostname=host, host=str(to[0]), port=int(to[1]), family=kind, proto=0, flags=0)
                for kind, _, _, _, to in found
            ]

        async def close(self) -> None:
            pass

    return Resolver()


async def _read(content: Any) -> bytes:
    found = bytearray()
    async for part_ in content.iter_chunked(1 << 16):
        found += part_
        if len(found) > _ANSWER_BYTES:
            raise ConnectionError("the answer is too large")
    return bytes(found)


def _told(error: OSError) -> str:
    """An error of the network in Go's words, where these are known."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ResolutionError):
            return str(cause)
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_code"):
            return f"tls: failed to verify certificate: x509: {_untrusted(cause)}"
        if isinstance(cause, ConnectionRefusedError):
            return f"dial tcp {_dialled(error)}: connect: connection refused"
        inner = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None)
        cause = inner or cause.__cause__
    return str(error)


def _dialled(error: OSError) -> str:
    return f"{getattr(error, 'host', '')}:{getattr(error, 'port', '')}"


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in (18, 19, 20, 21):
        return "certificate signed by unknown authority"
    return error.verify_message


def _meaning(status: int, answer: bytes) -> str:
    if status in _MEANINGS:
        return _MEANINGS[status]
    if status == 500:
        told = answer[:2048].decode("utf-8", "replace").strip() or "unknown"
        return f'an error on the server ("{told}") has prevented the request from succeeding'
    return f"the server responded with the status code {status} but did not return more information"
