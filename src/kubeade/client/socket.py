"""The transport over a socket: HTTPS to any API server, with a client certificate or a token.

aiohttp is imported with this module, so that a process whose components all talk in-process does not pay for
it. Streams (watch, log) have no total timeout; everything else has.
"""

import contextlib
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from kubeade.client.kubeconfig import Credentials
from kubeade.lib.http.message import Request, Response

REQUEST_TIMEOUT_SECONDS = 60.0
CONNECT_TIMEOUT_SECONDS = 10.0
_STREAMING_MARKS = ("watch=true", "follow=true")


class SocketTransport:
    """A `Transport` for the server that the credentials name. Close it, or use it as a context manager."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._streaming = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_SECONDS)
        self._session = _session(credentials)

    async def __call__(self, request: Request) -> Response:
        """Send it. Raises OSError (aiohttp's errors are wrapped) when the server cannot be reached."""
        query = f"?{request.query_string}" if request.query_string else ""
        url = URL(f"{self._credentials.server}{request.raw_path or request.path}{query}", encoded=True)
        headers = dict(request.headers)
        if token := self._token():
            headers["authorization"] = f"Bearer {token}"
        streaming = any(mark in request.query_string for mark in _STREAMING_MARKS)
        try:
            answer = await self._session.request(
                request.method,
                url,
                data=request.body or None,
                headers=headers,
                timeout=self._streaming if streaming else self._session.timeout,
                server_hostname=self._credentials.tls_server_name or None,
            )
            pairs = [(name.lower(), value) for name, value in answer.headers.items()]
            if streaming and answer.status < 400:
                return Response(answer.status, pairs, _stream(answer))
            return Response(answer.status, pairs, await answer.read())
        except aiohttp.ClientError as error:
            raise ConnectionError(f"{self._credentials.server}: {error}") from error

    async def use(self, credentials: Credentials) -> None:
        """From now on these. Requests under way are cut: a connection is who it was made as, and what was
        renewed because it expires must not live on in one. Raises OSError, ssl.SSLError."""
        old, self._session = self._session, _session(credentials)
        self._credentials = credentials
        await old.close()

    async def close(self) -> None:
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _token(self) -> str:
        if self._credentials.token_file:
            return Path(self._credentials.token_file).read_text().strip()
        return self._credentials.token


def _session(credentials: Credentials) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(ssl=ssl_context(credentials), limit=0)
    timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS, sock_connect=CONNECT_TIMEOUT_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=True)


def ssl_context(credentials: Credentials) -> ssl.SSLContext:
    """What to trust and to show, from PEM in memory (the ssl module wants the key as a file: it is brief)."""
    context = ssl.create_default_context()
    if credentials.ca_pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=credentials.ca_pem.decode())
    if credentials.skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credentials.certificate_pem:
        with _private_file(credentials.certificate_pem + b"\n" + credentials.key_pem) as path:
            context.load_cert_chain(path)
    return context


@contextlib.contextmanager
def _private_file(data: bytes) -> Iterator[str]:
    descriptor, path = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        yield path
    finally:
        os.unlink(path)


async def _stream(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for part in answer.content.iter_any():
            yield part
    except aiohttp.ClientError as error:
        raise ConnectionError(str(error)) from error
    finally:
        answer.close()
