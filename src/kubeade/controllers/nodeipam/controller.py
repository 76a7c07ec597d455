"""Writes `spec.podCIDR` of nodes that have none. One worker: two nodes never get the same."""

from kubeade.api.parts import values
from kubeade.api.resource import Object
from kubeade.api.resources import NODES
from kubeade.controllers.nodeipam.plan import next_subnet
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL


class NodeIpamController:
    """One key is one node."""

    def __init__(self, environment: Environment, pod_cidr: str) -> None:
        self._client, self._events = environment.client, environment.events
        self._nodes = environment.informers.of(NODES)
        self._pod_cidr = pod_cidr
        self._given: dict[str, str] = {}
        self.controller = Controller("node-ipam", self, workers=1)
        self._nodes.add_handler(self._changed)

    async def reconcile(self, key: str) -> float | None:
        node = self._nodes.get(key)
        if node is None:
            self._given.pop(key, None)
            return None
        if values(node, "spec", "podCIDRs"):
            return None
        taken = [cidr for one in self._nodes for cidr in values(one, "spec", "podCIDRs")]
        subnet = self._given.get(key) or next_subnet(self._pod_cidr, [*taken, *self._given.values()])
        if subnet is None:
            said = f"Node {key} status is now: CIDRNotAvailable"
            self._events.event(node, NORMAL, "CIDRNotAvailable", said)
            return None
        self._given[key] = subnet
        await self._client.patch(NODES, key, {"spec": {"podCIDR": subnet, "podCIDRs": [subnet]}})
        return None

    def _changed(self, old: Object | None, new: Object | None) -> None:
        name = (new or old or {})["metadata"]["name"]
        if new is None or not values(new, "spec", "podCIDRs"):
            self.controller.queue.add(name)
