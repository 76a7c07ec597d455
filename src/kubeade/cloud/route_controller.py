"""Tells the cloud's network where each node's pods are. Only for providers with routes (upstream: route
controller)."""

import asyncio
import logging

from kubeade.api.parts import values
from kubeade.api.resources import NODES
from kubeade.cloud.provider import CloudError, Route, Routes
from kubeade.reconcile.informer import Informers

log = logging.getLogger(__name__)

SYNC_SECONDS = 10.0


class RouteController:
    """Compares all routes with all nodes, every few seconds, as upstream does."""

    def __init__(self, informers: Informers, routes: Routes) -> None:
        self._nodes = informers.of(NODES)
        self._routes = routes

    async def run(self) -> None:
        while True:
            try:
                await self.sync()
            except CloudError as error:
                log.warning("routes: %s", error)
            await asyncio.sleep(SYNC_SECONDS)

    async def sync(self) -> None:
        """Create what is missing, then delete what no node stands behind. Raises CloudError."""
        wanted = {
            (node["metadata"]["name"], cidr)
            for node in self._nodes
            for cidr in values(node, "spec", "podCIDRs")
        }
        existing = {(route.node_name, route.destination_cidr): route for route in await self._routes.list()}
        for node_name, cidr in sorted(wanted - existing.keys()):
            await self._routes.create(Route(f"{node_name}-{cidr.replace('/', '-')}", node_name, cidr))
        for key in sorted(existing.keys() - wanted):
            await self._routes.delete(existing[key])
