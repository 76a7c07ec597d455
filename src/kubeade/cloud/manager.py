"""The cloud controller manager: runs the controllers that the provider has something for."""

import asyncio
from collections.abc import Callable, Iterable

from kubeade.api.resource import Object
from kubeade.api.resources import SERVICES
from kubeade.client.client import Client
from kubeade.cloud.node_controller import NodeController
from kubeade.cloud.provider import Provider
from kubeade.cloud.route_controller import RouteController
from kubeade.cloud.service_controller import ServiceController
from kubeade.lib.clock import Clock
from kubeade.reconcile.events import EventRecorder
from kubeade.reconcile.informer import Informers

MakeProvider = Callable[[Callable[[], Iterable[Object]]], Provider]
"""Builds the provider; it is handed a view of all Services."""


class CloudManager:
    """Runs service, node and route controllers for one provider."""

    def __init__(self, client: Client, clock: Clock, make_provider: MakeProvider) -> None:
        self._informers = Informers(client)
        services = self._informers.of(SERVICES)
        provider = make_provider(lambda: services)
        self._events = EventRecorder(client, "service-controller", clock)
        self._controllers: list[ServiceController | NodeController] = []
        if provider.load_balancers is not None:
            balancers = provider.load_balancers
            self._controllers.append(ServiceController(client, self._informers, self._events, balancers))
        if provider.instances is not None:
            self._controllers.append(NodeController(client, self._informers, provider.instances))
        self._routes = RouteController(self._informers, provider.routes) if provider.routes else None

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._informers.run(), name="cloud informers")
            tasks.create_task(self._events.run(), name="cloud events")
            await self._informers.wait_synced()
            for one in self._controllers:
                tasks.create_task(one.controller.run(), name=one.controller.name)
            if self._routes is not None:
                tasks.create_task(self._routes.run(), name="routes")
