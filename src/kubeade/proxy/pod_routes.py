"""The streets between machines: each node's range of pod addresses leads to that node.

What to route is derived purely (`ways_to`); how, the node's own pod network knows. A node that cannot be
reached directly is said aloud, as an event on it: routes beyond one link are the network's matter.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Iterable, Mapping

from kubeade.api.parts import parts, text
from kubeade.api.resource import Object
from kubeade.api.resources import NODES
from kubeade.client.client import Client
from kubeade.lib.clock import Clock
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.events import WARNING, EventRecorder
from kubeade.reconcile.informer import Informers

log = logging.getLogger(__name__)

Reach = Callable[[Mapping[str, str]], dict[str, str]]
"""Makes exactly these ways, the node's address by its range of pods; returns why some could not be made."""

_ALL = "all nodes"
RETRY_SECONDS = 30.0


def ways_to(nodes: Iterable[Object], own: str) -> dict[str, str]:
    """Each other node's pod range and address. A node on the machine of `own` shares its network already; one
    that is simulated has no pods that could be reached."""
    nodes = list(nodes)
    here = next((_address(node) for node in nodes if node["metadata"]["name"] == own), "")
    ways = {}
    for node in nodes:
        block, address = text(node, "spec", "podCIDR"), _address(node)
        if node["metadata"]["name"] == own or not block or address in ("", here):
            continue
        if not ipaddress.ip_address(address).is_loopback:
            ways[block] = address
    return ways


def _address(node: Object) -> str:
    addresses = parts(node, "status", "addresses")
    return next((text(one, "address") for one in addresses if one.get("type") == "InternalIP"), "")


class PodRoutes:
    """Keeps this node's ways to the others' pods."""

    def __init__(self, client: Client, node_name: str, clock: Clock, reach: Reach) -> None:
        self._node_name = node_name
        self._reach = reach
        self._informers = Informers(client)
        self._nodes = self._informers.of(NODES)
        self._events = EventRecorder(client, "kube-proxy", clock, host=node_name)
        self._controller = Controller("pod routes", self)
        self._said: dict[str, str] = {}
        self._nodes.add_handler(self._node_changed)

    async def run(self) -> None:
        """Route until cancelled. The routes stay: pods run on without this process."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._informers.run(), name="pod routes informers")
            tasks.create_task(self._events.run(), name="pod routes events")
            await self._informers.wait_synced()
            tasks.create_task(self._controller.run(), name="pod routes")

    async def reconcile(self, key: str) -> float | None:
        """Tried again while a way is missing: links come up late."""
        failed = self._reach(ways_to(self._nodes, self._node_name))
        for node in self._nodes:
            why = failed.get(text(node, "spec", "podCIDR"), "")
            name = node["metadata"]["name"]
            if why and self._said.get(name) != why:
                message = f"pods of node {name} cannot be reached from node {self._node_name}: {why}"
                log.warning(message)
                self._events.event(node, WARNING, "FailedToRoute", message)
            self._said[name] = why
        return RETRY_SECONDS if failed else None

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if _what_counts(old) != _what_counts(new):
            self._controller.queue.add(_ALL)


def _what_counts(node: Object | None) -> tuple[str, str] | None:
    return (text(node, "spec", "podCIDR"), _address(node)) if node else None
