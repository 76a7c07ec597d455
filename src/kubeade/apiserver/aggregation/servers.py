"""The way to an extension API server: one of its Service's endpoints, TLS with the front proxy's certificate.

Its certificate must be good for `<service>.<namespace>.svc` under the APIService's `caBundle` (without one:
the machine's authorities), unless the APIService says not to look.
"""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path

from kubeade.apiserver.aggregation.registered import Extension
from kubeade.apiserver.proxying.headers import Headers, identity
from kubeade.apiserver.seams import Reader, User
from kubeade.apiserver.webhooks.resolution import ServiceResolver
from kubeade.lib.http.dial import Address, send

AGGREGATOR = User("system:kube-aggregator", groups=("system:masters",))
ASK_SECONDS = 5.0
_MAX_DOCUMENT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FrontProxy:
    """The client certificate that extension API servers know this server by (PEM files)."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Told:
    """What an extension API server answered to the server itself."""

    status: int
    headers: Headers
    body: bytes


class ExtensionServers:
    """Contexts are kept by what they trust, until the front proxy's certificate is exchanged; endpoints are
    taken in turn."""

    def __init__(self, reader: Reader, proxy: FrontProxy) -> None:
        self._resolver = ServiceResolver(reader)
        self._proxy = proxy
        self._contexts: dict[tuple[bytes, bool], ssl.SSLContext] = {}
        self._shown_since = 0

    def address(self, extension: Extension) -> Address:
        """Raises OSError when there is nowhere to go (ssl.SSLError for a bundle that is none)."""
        host, port = self._resolver.resolve(extension.namespace, extension.service, extension.port)
        return Address(host, port, self._context(extension), extension.server_name)

    async def ask(self, extension: Extension, path: str, headers: Headers) -> Told:
        """A GET of the server's own. Raises OSError, TimeoutError."""
        sent = [*headers, ("connection", "close"), *identity(AGGREGATOR)]
        async with asyncio.timeout(ASK_SECONDS):
            answer = await send(self.address(extension), "GET", path, sent)
            body = bytearray()
            async for part in answer.body():
                body += part
                if len(body) > _MAX_DOCUMENT_BYTES:
                    answer.close()
                    raise OSError(f"{path} is too large")
        return Told(answer.status, answer.headers, bytes(body))

    def _context(self, extension: Extension) -> ssl.SSLContext:
        key = (extension.authority_pem, extension.insecure)
        changed = self._proxy.certificate.stat().st_mtime_ns
        if changed != self._shown_since:
            self._contexts.clear()
            self._shown_since = changed
        context = self._contexts.get(key)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self._proxy.certificate, self._proxy.key)
            if extension.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            elif extension.authority_pem:
                context.load_verify_locations(cadata=extension.authority_pem.decode("ascii", "replace"))
            else:
                context.load_default_certs()
            self._contexts[key] = context
        return context
