"""A webhook server of one's own on loopback, and an API server with the plugins that call it."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from api_lab import ApiLab, OpenDoors, api_lab

from kubeade.api.resources import NAMESPACES
from kubeade.apiserver.admission.chain import AdmissionChain
from kubeade.apiserver.admission.dynamic.plugins import DynamicAdmission, dynamic_admission
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.server import ApiServerConfig
from kubeade.apiserver.storage import Storage
from kubeade.cluster.pki import Authority, Subject
from kubeade.lib.clock import SystemClock
from kubeade.lib.ids import Ids

Answer = dict[str, Any]
WEBHOOK_PATHS = {
    "validating": "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "mutating": "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
}


class WebhookServer:
    """Answers each path with what `on` was told; notes every review. Speaks TLS as the names it is given."""

    def __init__(self, authority: Authority, context: ssl.SSLContext) -> None:
        self.ca_bundle = base64.b64encode(authority.certificate_pem).decode()
        self.connections = 0
        self.asked: list[tuple[str, Any]] = []
        self._context = context
        self._handlers: dict[str, Callable[[Any], Any]] = {}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def on(self, path: str, handler: Callable[[Any], Any]) -> None:
        """`handler` gets the decoded body; it returns the answer's body, or (status, bytes)."""
        self._handlers[path] = handler

    def allow(self, path: str, **response: Any) -> None:
        self.on(path, lambda review: answer(review, **response))

    def refuse(self, path: str, message: str = "", **status: Any) -> None:
        found = {**({"message": message} if message else {}), **status}
        self.on(path, lambda review: answer(review, allowed=False, status=found))

    def patch(self, path: str, *operations: Any) -> None:
        data = base64.b64encode(json.dumps(operations).encode()).decode()
        self.on(path, lambda review: answer(review, patch=data, patchType="JSONPatch"))

    def config(self, path: str) -> dict[str, Any]:
        return {"url": f"https://localhost:{self.port}{path}", "caBundle": self.ca_bundle}

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lengths = [line for line in head.split("\r\n") if line.lower().startswith("content-length")]
        length = int(lengths[0].partition(":")[2]) if lengths else 0
        body = json.loads(await reader.readexactly(length) or b"null")
        path = head.split(" ")[1].partition("?")[0]
        self.asked.append((path, body))
        found = self._handlers[path](body)
        if asyncio.iscoroutine(found):
            found = await found
        status, data = found if isinstance(found, tuple) else (200, json.dumps(found).encode())
        extra = "location: /elsewhere\r\n" if 300 <= status < 400 else ""
        writer.write(f"HTTP/1.1 {status} X\r\n{extra}content-length: {len(data)}\r\n\r\n".encode() + data)
        await writer.drain()
        return True


def answer(review: Any, **response: Any) -> Answer:
    """An AdmissionReview that allows, unless it is told otherwise."""
    found = {"uid": review["request"]["uid"], "allowed": True, **response}
    return {"kind": "AdmissionReview", "apiVersion": review["apiVersion"], "response": found}


@asynccontextmanager
async def webhook_server(path: Path, *names: str) -> AsyncIterator[WebhookServer]:
    authority = Authority(path, SystemClock(), "webhooks")
    pair = authority.sign(Subject("hook", names=("localhost", *names)))
    file = path / "hook.pem"
    file.write_bytes(pair.certificate_pem + pair.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = WebhookServer(authority, context)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def dynamic_lab(path: Path, config: ApiServerConfig | None = None) -> AsyncIterator[ApiLab]:
    """An API server with webhooks and admission policies, and nothing else of admission."""
    made: list[DynamicAdmission] = []

    def admission(storage: Storage, doors: OpenDoors) -> AdmissionChain:
        namespaces = ObjectIndex(storage, NAMESPACES)
        made.append(dynamic_admission(storage, namespaces, doors, Ids(Random(2))))
        return AdmissionChain(made[0].plugins)

    async with api_lab(path, admission, config) as lab:
        await lab.make("/api/v1/namespaces", {"metadata": {"name": "default", "labels": {"team": "a"}}})
        try:
            yield lab
        finally:
            await made[0].client.close()


def rule(resources: str, operations: str = "CREATE", group: str = "", version: str = "v1") -> dict[str, Any]:
    return {
        "operations": operations.split(),
        "apiGroups": [group],
        "apiVersions": [version],
        "resources": resources.split(),
    }


def hook(
    config: dict[str, Any], *rules: dict[str, Any], name: str = "hook.example.com", **fields: Any
) -> Any:
    return {
        "name": name,
        "clientConfig": config,
        "rules": list(rules) or [rule("configmaps")],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **fields,
    }


async def configure(lab: ApiLab, kind: str, *hooks: Any, name: str = "test") -> Any:
    return await lab.make(WEBHOOK_PATHS[kind], {"metadata": {"name": name}, "webhooks": list(hooks)})
