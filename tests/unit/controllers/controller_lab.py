"""A whole API server in this process, with its roles and its admission, and the controllers on it.

There is no kubelet: tests play it by hand.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import DEPLOYMENTS, NAMESPACES, PODS
from kubeade.apiserver.admission.build import build_admission
from kubeade.apiserver.authentication.authenticator import TokenConfig, build_authenticator
from kubeade.apiserver.authorization.authorizer import build_authorizer
from kubeade.apiserver.bootstrap.ensure import bootstrap
from kubeade.apiserver.bootstrap.objects import ClusterConfig
from kubeade.apiserver.server import ApiServer, ApiServerConfig
from kubeade.apiserver.storage import Storage
from kubeade.client.client import Client, PatchType
from kubeade.cluster.identities import API_SERVER, client_of, controller
from kubeade.cluster.pki import Authority, signing_key
from kubeade.cluster.writer import ClientWriter
from kubeade.controllers.certificate.signer import SigningKey
from kubeade.controllers.manager import ControllerManager, ControllerManagerConfig
from kubeade.lib.ids import Ids
from kubeade.store.sqlite import SqliteLedger

SERVICE_CIDR = "10.96.0.0/16"
CONFIG = ControllerManagerConfig(root_ca_pem="PEM", pod_cidr="10.244.0.0/16")


class HandClock:
    """Runs on from a fixed date; may be moved ahead."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class ControllerLab:
    def __init__(self, server: ApiServer, clock: HandClock) -> None:
        self.server = server
        self.clock = clock
        self.client = client_of(server.handle, API_SERVER)

    def client_for(self, name: str) -> Client:
        return client_of(self.server.handle, controller(name))

    async def until(self, found: Callable[[], Awaitable[Any]]) -> Any:
        """Ask again after every turn of the loop until there is an answer that is true."""
        async with asyncio.timeout(10):
            while not (answer := await found()):
                await asyncio.sleep(0.002)
            return answer

    async def namespace(self, name: str) -> None:
        await self.client.create(NAMESPACES, {"metadata": {"name": name}})

    async def items(self, resource: Resource, namespace: str = "default", selector: str = "") -> list[Object]:
        return (await self.client.list(resource, namespace, label_selector=selector)).items

    async def pods(self, selector: str = "") -> list[Object]:
        """Those that are not on their way out."""
        found = await self.items(PODS, selector=selector)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    async def count_pods(self, count: int, selector: str = "") -> list[Object]:
        async def found() -> list[Object] | bool:
            pods = await self.pods(selector)
            return (pods or True) if len(pods) == count else False

        answer = await self.until(found)
        return [] if answer is True else answer

    async def get(self, resource: Resource, name: str, namespace: str = "default") -> Object | None:
        try:
            return await self.client.get(resource, name, namespace if resource.namespaced else "")
        except NotFound:
            return None

    async def gone(self, resource: Resource, name: str, namespace: str = "default") -> None:
        async def is_gone() -> bool:
            return await self.get(resource, name, namespace) is None

        await self.until(is_gone)

    async def make_ready(self, pods: list[Object]) -> None:
        """What a kubelet would say of pods that run."""
        for number, pod in enumerate(pods, 1):
            status = {
                "phase": "Running",
                "podIP": f"10.244.0.{number}",
                "podIPs": [{"ip": f"10.244.0.{number}"}],
                "conditions": [
                    {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-31T12:00:00Z"}
                ],
            }
            await self.client.patch(
                PODS,
                pod["metadata"]["name"],
                {"status": status},
                pod["metadata"]["namespace"],
                subresource="status",
            )

    async def make_all_ready(self) -> None:
        """Ready every pod, and finish those that are asked to go, once."""
        for pod in await self.items(PODS):
            with contextlib.suppress(NotFound):
                if "deletionTimestamp" in pod["metadata"]:
                    await self.client.delete(PODS, pod["metadata"]["name"], "default", grace_period_seconds=0)
                elif not (pod.get("status") or {}).get("podIP"):
                    await self.make_ready([pod])

    async def patch(self, resource: Resource, name: str, change: Object, **more: Any) -> Object:
        return await self.client.patch(resource, name, change, "default", type=PatchType.MERGE, **more)

    async def deployment(self, name: str = "web", **spec: Any) -> Object:
        return await self.client.create(DEPLOYMENTS, deployment(name, **spec), "default")


def template(app: str, image: str = "one") -> Object:
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {
            "containers": [
                {"name": "main", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}
            ]
        },
    }


def deployment(name: str, image: str = "one", **spec: Any) -> Object:
    return {
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name, image), **spec},
    }


@asynccontextmanager
async def controller_lab(path: Path) -> AsyncIterator[ControllerLab]:
    ledger = await SqliteLedger.open(path / "ledger.db")
    clock, ids, storage = HandClock(), Ids(Random(1)), Storage.on(ledger)
    authorization = build_authorizer(storage)
    admission = build_admission(storage, authorization, ids, clock, SERVICE_CIDR)
    authorizer, chain = authorization.authorizer, admission.chain
    tokens = TokenConfig(signing_key(path / "sa.key"))
    authentication = build_authenticator(storage, tokens, clock, ids)
    config = ApiServerConfig(responders={**authentication.responders, **authorization.responders})
    server = ApiServer(config, storage, clock, ids, authentication.authenticator, authorizer, chain)
    await server.start()
    lab = ControllerLab(server, clock)
    cluster = ClusterConfig("192.0.2.1", 6443, SERVICE_CIDR, "PEM")
    await bootstrap(storage, ClientWriter(lab.client), cluster, clock)
    manager = ControllerManager(lab.client_for, clock, ids, _config(path, clock))
    running = asyncio.create_task(manager.run())
    try:
        yield lab
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await server.stop()
        await ledger.close()


def _config(path: Path, clock: HandClock) -> ControllerManagerConfig:
    authority = Authority(path, clock)
    return replace(CONFIG, signing_key=SigningKey(authority.certificate_pem, authority.key_pem))
