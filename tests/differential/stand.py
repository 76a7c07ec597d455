"""The servers that are asked: kubeade's in this process, and any other over TLS."""

import asyncio
import http.client
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Protocol

import normalise
from corpus import VERSION, Chapter, Sent, first

from kubeade.apiserver.admission.build import build_admission
from kubeade.apiserver.aggregation import Aggregator, FrontProxy
from kubeade.apiserver.authentication.authenticator import TokenConfig, build_authenticator
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.bootstrap.ensure import bootstrap
from kubeade.apiserver.bootstrap.objects import ClusterConfig
from kubeade.apiserver.seams import User
from kubeade.apiserver.server import ApiServer, ApiServerConfig
from kubeade.apiserver.storage import Storage
from kubeade.client.client import read_body
from kubeade.cluster.identities import API_SERVER, client_of
from kubeade.cluster.pki import signing_key
from kubeade.cluster.writer import ClientWriter
from kubeade.lib.clock import SystemClock
from kubeade.lib.http.message import Request
from kubeade.lib.ids import Ids
from kubeade.store.sqlite import SqliteLedger

ADMIN = User("admin", "admin", groups=("system:masters", "system:authenticated"))
_CIDR = "10.0.0.0/16"
_ISSUER = "https://kubernetes.default.svc"
_AGENT = "differential/1"


class Asked(Protocol):
    """Answers one request, normalised."""

    async def ask(self, sent: Sent) -> dict[str, Any]: ...


class InProcess:
    def __init__(self, server: ApiServer) -> None:
        self._server = server

    async def ask(self, sent: Sent) -> dict[str, Any]:
        path, _, query = sent.path.partition("?")
        headers = {
            "user-agent": _AGENT,
            "content-type": sent.content_type,
            "accept": "application/json",
            **sent.headers,
        }
        body = sent.body.encode()
        response = await self._server.handle(
            Request(sent.method, path, query, headers, body, path, identity=ADMIN)
        )
        found: dict[str, list[str]] = {}
        for name, value in response.headers:
            found.setdefault(name.lower(), []).append(value)
        return normalise.answer(response.status, found, await read_body(response), sent.body + sent.path)


class OverTls:
    def __init__(self, port: int, token: str) -> None:
        self._token = token
        context = ssl._create_unverified_context()
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)

    async def ask(self, sent: Sent) -> dict[str, Any]:
        headers = {
            "User-Agent": _AGENT,
            "Content-Type": sent.content_type,
            "Accept": "application/json",
            "Authorization": f"Bearer {self._token}",
            **{name.title(): value for name, value in sent.headers.items()},
        }
        try:
            self._connection.request(sent.method, sent.path, sent.body.encode(), headers)
            response = self._connection.getresponse()
        except http.client.RemoteDisconnected:  # a few requests make upstream's handler panic
            self._connection.close()
            return {"code": 0, "body": None}
        body = response.read()
        found: dict[str, list[str]] = {}
        for name, value in response.getheaders():
            found.setdefault(name.lower(), []).append(value)
        return normalise.answer(response.status, found, body, sent.body + sent.path)


@asynccontextmanager
async def kubeade(directory: Path) -> AsyncIterator[InProcess]:
    """An API server with everything that is on by default, in an empty directory."""
    tokens = TokenConfig(signing_key(directory / "sa.key"), issuers=(_ISSUER,))
    ledger = await SqliteLedger.open(directory / "ledger.db")
    clock, ids, storage = SystemClock(), Ids(Random(1)), Storage.on(ledger)
    authorization = build_authorizer(storage)
    admission = build_admission(storage, authorization, ids, clock, _CIDR)
    authentication = build_authenticator(storage, tokens, clock, ids)
    aggregator = Aggregator(storage, FrontProxy(directory / "proxy.crt", directory / "proxy.key"), clock)
    config = ApiServerConfig(
        VERSION,
        responders={**authentication.responders, **authorization.responders},
        aggregator=aggregator,
    )
    server = ApiServer(
        config, storage, clock, ids, authentication.authenticator, authorization.authorizer, admission.chain
    )
    await server.start()
    writer = ClientWriter(client_of(server.handle, API_SERVER))
    await bootstrap(storage, writer, ClusterConfig("192.0.2.1", 6443, _CIDR, "PEM"), clock)
    aggregation = asyncio.create_task(aggregator.run(writer, server.catalogue))
    try:
        yield InProcess(server)
    finally:
        aggregation.cancel()
        await asyncio.wait([aggregation])
        await server.stop()
        await admission.webhooks.close()
        await ledger.close()


async def prepare(
    server: Asked, chapters: list[Chapter], settle_seconds: float
) -> list[tuple[Sent, dict[str, Any]]]:
    """Write what the requests are about; returns the answers of those that failed."""
    failed = []
    for sent in [*first(), *(each for chapter in chapters for each in chapter.setup)]:
        if "/apis/example.com/" in sent.path:
            await asyncio.sleep(settle_seconds)
        found = await server.ask(sent)
        if found["code"] not in (201, 409):
            failed.append((sent, found))
    return failed
