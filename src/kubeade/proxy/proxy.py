"""Makes Services answer on this node: watches them and their EndpointSlices, listens, relays.

User space only, so that no privileges and no kernel tables are needed: where the node gives the Service
range to itself (a local route), or has it in 127.0.0.0/8, listening on a cluster address is enough. What
this costs: endpoints see the node's address instead of the client's, and connections end with this process.
docs/decisions/0004.

A front that cannot be listened on is reported as an event on its Service and tried again.
"""

import asyncio
import logging

from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINT_SLICES, SERVICES
from kubeade.client.client import Client
from kubeade.lib.clock import Clock
from kubeade.proxy.table import Front, Route, routes_of
from kubeade.proxy.tcp import TcpFront
from kubeade.proxy.udp import UdpFront
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.events import WARNING, EventRecorder
from kubeade.reconcile.informer import Informers, key_of

log = logging.getLogger(__name__)

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
RETRY_SECONDS = 5.0


class Proxy:
    """The proxy of one node."""

    def __init__(self, client: Client, node_name: str, clock: Clock) -> None:
        self._node_name = node_name
        self._informers = Informers(client)
        self._services = self._informers.of(SERVICES)
        self._slices = self._informers.of(ENDPOINT_SLICES)
        self._slices.add_index("service", _service_keys)
        self._events = EventRecorder(client, "kube-proxy", clock, host=node_name)
        self._open: dict[str, dict[Front, TcpFront | UdpFront]] = {}
        self._complained: dict[Front, str] = {}
        self._controller = Controller("proxy", self)
        self._services.add_handler(self._service_changed)
        self._slices.add_handler(self._slice_changed)

    async def run(self) -> None:
        """Relay until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._informers.run(), name="proxy informers")
                tasks.create_task(self._events.run(), name="proxy events")
                await self._informers.wait_synced()
                tasks.create_task(self._controller.run(), name="proxy")
        finally:
            for fronts in self._open.values():
                for front in fronts.values():
                    await front.close()

    async def reconcile(self, key: str) -> float | None:
        """Listen where the Service `key` wants it, and nowhere else."""
        service = self._services.get(key)
        slices = self._slices.by_index("service", key)
        routes = routes_of(service, slices, self._node_name) if service else []
        wanted = {route.front: route for route in routes}
        have = self._open.setdefault(key, {})
        for front in have.keys() - wanted.keys():
            await have.pop(front).close()
        failed = False
        for front, route in wanted.items():
            if front in have:
                have[front].exchange(route)
            else:
                failed = not await self._listen(service or {}, route, have) or failed
        if not have:
            del self._open[key]
        return RETRY_SECONDS if failed else None

    async def _listen(self, service: Object, route: Route, have: dict[Front, TcpFront | UdpFront]) -> bool:
        front = route.front
        if front.protocol not in ("TCP", "UDP"):
            self._complain(service, front, f"protocol {front.protocol} is not supported by this proxy")
            return True
        made = TcpFront(route) if front.protocol == "TCP" else UdpFront(route)
        try:
            await made.open()
        except OSError as error:
            address = front.address or "every address"
            why = f"cannot listen on {address}, port {front.port}/{front.protocol}: {error.strerror}"
            self._complain(service, front, why)
            return False
        self._complained.pop(front, None)
        have[front] = made
        return True

    def _complain(self, service: Object, front: Front, why: str) -> None:
        """Once for each front and reason."""
        if self._complained.get(front) == why:
            return
        self._complained[front] = why
        log.warning("service %s: %s", key_of(service), why)
        self._events.event(service, WARNING, "FailedToListen", why)

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        self._controller.queue.add(key_of(new or old or {}))

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        for one in (old, new):
            for key in _service_keys(one) if one else ():
                self._controller.queue.add(key)


def _service_keys(one: Object) -> list[str]:
    name = text(one["metadata"], "labels", SERVICE_NAME_LABEL)
    return [f"{one['metadata']['namespace']}/{name}"] if name else []
