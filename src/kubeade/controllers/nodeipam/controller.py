"""Writes `spec.podCIDR` of nodes that have none. One worker: two nodes never get the same."""

from kubeade.api.parts import values
from kubeade.api.resource import Object
from kubeade.api.resources import NODES
from kubeade.controllers.nodeipam.plan import SubnetPool
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL


class NodeIpamController:
    """One key is one node."""

    def __init__(self, environment: Environment, pod_cidr: str) -> None:
        self._client, self._events = environment.client, environment.events
        self._nodes = environment.informers.of(NODES)
        self._pool = SubnetPool(pod_cidr)
        self._given: dict[str, str] = {}
        self.controller = Controller("node-ipam", self, workers=1)
        self._nodes.add_handler(self._changed)

    async def reconcile(self, key: str) -> float | None:
        node = self._nodes.get(key)
        if node is None or values(node, "spec", "podCIDRs"):
            return None
        subnet = self._given.get(key) or self._pool.take()
        if subnet is None:
            said = f"Node {key} status is now: CIDRNotAvailable"
            self._events.event(node, NORMAL, "CIDRNotAvailable", said)
            return None
        self._given[key] = subnet
        await self._client.patch(NODES, key, {"spec": {"podCIDR": subnet, "podCIDRs": [subnet]}})
        return None

    def _changed(self, old: Object | None, new: Object | None) -> None:
        name = (new or old or {})["metadata"]["name"]
        if new is None:
            self._release(name, old)
        elif listed := values(new, "spec", "podCIDRs"):
            for cidr in listed:
                self._pool.mark(cidr)
        else:
            self.controller.queue.add(name)

    def _release(self, name: str, node: Object | None) -> None:
        given = self._given.pop(name, None)
        for cidr in {*values(node, "spec", "podCIDRs"), *([given] if given else [])}:
            self._pool.release(cidr)
