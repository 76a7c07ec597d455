"""A joined node's certificates: asked for by CertificateSigningRequests, and again before they expire, while
it runs (as kubelet's certificate managers do)."""

import asyncio
import logging
import ssl
from dataclasses import replace

from kubeade.api.errors import ApiError
from kubeade.client.client import Client
from kubeade.client.kubeconfig import Credentials, render
from kubeade.client.socket import SocketTransport
from kubeade.cluster.certificate_request import (
    NODE_CLIENT,
    NODE_SERVING,
    CertificateRefused,
    CertificateRequest,
    obtain,
)
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import Subject, is_due, write_private
from kubeade.lib.clock import Clock

log = logging.getLogger(__name__)

CHECK_SECONDS = 60.0
_WAIT_SECONDS = 600.0
"""For somebody to approve it, and before it is asked for again."""


class NodeCertificates:
    def __init__(self, data: DataDirectory, client: Client, clock: Clock) -> None:
        self._data = data
        self._client = client
        self._clock = clock

    async def keep_client(
        self, transport: SocketTransport, credentials: Credentials, subject: Subject
    ) -> None:
        """Renew what the node shows to the API server. Ends only by cancellation."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if not is_due(credentials.certificate_pem, self._clock.now()):
                continue
            pair = await self._obtained(CertificateRequest(subject, NODE_CLIENT))
            credentials = replace(credentials, certificate_pem=pair[0], key_pem=pair[1])
            write_private(self._data.kubeconfig, render("kubeade", credentials))
            await transport.use(credentials)
            log.info("this node's client certificate was renewed")

    async def keep_serving(self, context: ssl.SSLContext, subject: Subject) -> None:
        """Show new clients a certificate that the API server can verify. Ends only by cancellation."""
        path = self._data.pki / "kubelet-server.pem"
        shown = b""
        while True:
            if not shown or is_due(shown, self._clock.now()):
                pair = await self._obtained(CertificateRequest(subject, NODE_SERVING))
                write_private(path, b"".join(pair))
                context.load_cert_chain(path)
                shown = pair[0]
            await asyncio.sleep(CHECK_SECONDS)

    async def _obtained(self, wanted: CertificateRequest) -> tuple[bytes, bytes]:
        """Asks again where it is refused, or nobody approves it."""
        while True:
            try:
                async with asyncio.timeout(_WAIT_SECONDS):
                    pair = await obtain(self._client, wanted)
            except (CertificateRefused, ApiError, OSError, TimeoutError) as error:
                log.warning("no certificate of %s yet: %s", wanted.signer, error or "nobody approved it")
            else:
                return pair.certificate_pem, pair.key_pem
            await asyncio.sleep(_WAIT_SECONDS)
