"""A small extension API server - TLS, asks for the front proxy's certificate, serves `drinks` of
shop.example - and an API server that aggregates."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from api_lab import ApiLab, HandClock, OpenDoors

from kubeade.apiserver.aggregation import Aggregator, FrontProxy
from kubeade.apiserver.server import ApiServer, ApiServerConfig
from kubeade.apiserver.storage import Storage
from kubeade.apiserver.writer import PipelineWriter
from kubeade.cluster.pki import Authority, Subject
from kubeade.lib.clock import SystemClock
from kubeade.lib.http.message import Duplex, Request, Response
from kubeade.lib.http.server import HttpServer
from kubeade.lib.ids import Ids
from kubeade.store.sqlite import SqliteLedger

VERBS = ["get", "list"]
RESOURCES = [
    {"name": "drinks", "singularName": "drink", "namespaced": True, "kind": "Drink", "verbs": VERBS},
    {"name": "drinks/status", "singularName": "", "namespaced": True, "kind": "Drink", "verbs": ["get"]},
]
DRINK = {"type": "object", "properties": {"meta": {"$ref": "#/definitions/Meta"}}}


class ExtensionServer:
    """Answers are in `documents`, by path; everything else under its group is echoed."""

    def __init__(self, directory: Path) -> None:
        for name in ("serving", "proxies"):
            (directory / name).mkdir()
        self.serving = Authority(directory / "serving", SystemClock())
        self.proxies = Authority(directory / "proxies", SystemClock(), "front-proxy-ca")
        self.proxies.issue("front-proxy-client", Subject("front-proxy-client"))
        self.directory = directory
        self.seen: list[Request] = []
        self.status = 200
        self.documents: dict[str, Any] = {
            "/apis/shop.example/v1": {
                "kind": "APIResourceList",
                "groupVersion": "shop.example/v1",
                "resources": RESOURCES,
            },
            "/openapi/v3": {
                "paths": {
                    "apis/shop.example/v1": {"serverRelativeURL": "/openapi/v3/apis/shop.example/v1?hash=AB"},
                    "version": {"serverRelativeURL": "/openapi/v3/version?hash=CD"},
                }
            },
            "/openapi/v3/apis/shop.example/v1": {"openapi": "3.0.0", "paths": {}},
            "/openapi/v2": {
                "swagger": "2.0",
                "paths": {
                    "/apis/shop.example/v1/drinks": {
                        "parameters": [{"$ref": "#/parameters/pretty"}],
                        "get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Drink"}}}},
                    },
                    "/version/": {"get": {}},
                },
                "parameters": {"pretty": {"name": "pretty", "in": "query", "type": "string"}},
                "definitions": {"Drink": DRINK, "Meta": {"type": "object"}, "Unused": {}},
            },
        }
        self._server: HttpServer | None = None

    async def start(self, port: int = 0) -> int:
        subject = Subject("drinks", names=("drinks.shop.svc",))
        self.serving.issue("tls", subject)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / "serving/tls.crt", self.directory / "serving/tls.key")
        context.load_verify_locations(cadata=self.proxies.certificate_pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = HttpServer(self.handle, context)
        self.port = await self._server.start("127.0.0.1", port)
        return self.port

    async def stop(self) -> None:
        assert self._server is not None
        await self._server.stop(0.1)

    @property
    def bundle(self) -> str:
        return base64.b64encode(self.serving.certificate_pem).decode()

    async def handle(self, request: Request) -> Response:
        self.seen.append(request)
        if self.status != 200:
            return Response(self.status, [("location", "https://elsewhere.example/")], b"as told")
        if request.headers.get("upgrade"):
            return Response(101, [("connection", "Upgrade"), ("upgrade", "websocket")], upgrade=shout)
        document = self.documents.get(request.path, {"kind": "Drink", "path": request.path})
        return Response(200, [("content-type", "application/json")], msgspec.json.encode(document))


async def shout(duplex: Duplex) -> None:
    while data := await duplex.read():
        await duplex.write(data.upper())


@asynccontextmanager
async def aggregating_lab(path: Path, keys: Path) -> AsyncIterator[ApiLab]:
    """`keys` has the front proxy's certificate and key."""
    ledger = await SqliteLedger.open(path / "ledger.db")
    doors, clock, storage = OpenDoors(), HandClock(), Storage.on(ledger)
    proxy = FrontProxy(keys / "front-proxy-client.crt", keys / "front-proxy-client.key")
    aggregator = Aggregator(storage, proxy, clock)
    config = ApiServerConfig(aggregator=aggregator)
    server = ApiServer(config, storage, clock, Ids(), doors, doors, doors)
    await server.start()
    keeping = asyncio.create_task(aggregator.run(PipelineWriter(server.handle), server.catalogue))
    try:
        yield ApiLab(server, doors, clock)
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        await server.stop()
        await ledger.close()
