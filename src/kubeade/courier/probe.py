"""The last mile, walked: does a Service really answer? And the component that writes down when it first did.

When a Service's ready endpoints change, the courier connects to it as a client would (TCP; a Service
without a TCP port is not probed) and records `Reachable` or `Unreachable` as an event on the Service: facts
that receipts quote.
"""

import asyncio
from dataclasses import dataclass

from kubeade.api.parts import number, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINT_SLICES, SERVICES
from kubeade.client.client import Client
from kubeade.courier.service_blocker import ready_endpoints
from kubeade.lib.clock import Clock
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.events import NORMAL, WARNING, EventRecorder
from kubeade.reconcile.informer import Informers, key_of

CONNECT_TIMEOUT_SECONDS = 2.0
TRIES = 5
RETRY_SECONDS = 0.2
SERVICE_NAME_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one connection: `error` empty when it was accepted."""

    address: str
    port: int
    error: str = ""


async def connect(address: str, port: int) -> Outcome:
    """Connect and hang up."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
        writer.close()
    except TimeoutError:
        return Outcome(address, port, f"no answer in {CONNECT_TIMEOUT_SECONDS:.0f} s")
    except OSError as error:
        return Outcome(address, port, error.strerror or str(error))
    return Outcome(address, port)


class LastMile:
    """Probes Services as they become ready."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._informers = Informers(client)
        self._services = self._informers.of(SERVICES)
        self._slices = self._informers.of(ENDPOINT_SLICES)
        self._slices.add_index("service", _service_keys)
        self._events = EventRecorder(client, "courier", clock)
        self._walked: dict[str, tuple[str, ...]] = {}
        self._controller = Controller("last mile", self)
        self._slices.add_handler(self._slice_changed)
        self._services.add_handler(self._service_changed)

    async def run(self) -> None:
        """Probe until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._informers.run(), name="courier informers")
            tasks.create_task(self._events.run(), name="courier events")
            await self._informers.wait_synced()
            tasks.create_task(self._controller.run(), name="last mile")

    async def reconcile(self, key: str) -> float | None:
        service = self._services.get(key)
        if service is None:
            self._walked.pop(key, None)
            return None
        fronts = fronts_of(service)
        endpoints = ready_endpoints(self._slices.by_index("service", key))
        walk = tuple(sorted(address for one in endpoints for address in values(one, "addresses")))
        walk = (*fronts, *walk) if walk else ()
        if self._walked.get(key) == walk:
            return None
        self._walked[key] = walk
        if fronts and endpoints:
            await self._walk(service, fronts)
        return None

    async def _walk(self, service: Object, fronts: list[str]) -> None:
        """The proxy hears of the endpoints at the same moment as we do: give it a few tries."""
        for front in fronts:
            address, _, port = front.rpartition(":")
            for _ in range(TRIES):
                outcome = await connect(address, int(port))
                if not outcome.error:
                    break
                await asyncio.sleep(RETRY_SECONDS)
            if outcome.error:
                said = f"{front} does not accept connections: {outcome.error}"
                self._events.event(service, WARNING, "Unreachable", said)
            else:
                self._events.event(service, NORMAL, "Reachable", f"{front} accepts connections")

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        self._controller.queue.add(key_of(new or old or {}))

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        for one in (old, new):
            for key in _service_keys(one) if one else ():
                self._controller.queue.add(key)


def fronts_of(service: Object) -> list[str]:
    """Where a client would connect: `address:port`, the load balancer's before the cluster's own; TCP
    only."""
    balanced = [one["ip"] for one in parts(service, "status", "loadBalancer", "ingress") if one.get("ip")]
    own = text(service, "spec", "clusterIP")
    addresses = [*balanced, *([own] if own not in ("", "None") else [])]
    ports = [one for one in parts(service, "spec", "ports") if text(one, "protocol") in ("", "TCP")]
    return [f"{address}:{number(port, 'port')}" for address in addresses[:1] for port in ports[:1]]


def _service_keys(one: Object) -> list[str]:
    name = text(one["metadata"], "labels", SERVICE_NAME_LABEL)
    return [f"{one['metadata']['namespace']}/{name}"] if name else []
