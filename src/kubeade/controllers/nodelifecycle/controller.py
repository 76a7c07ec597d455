"""Follows nodes and their leases; writes conditions, taints, and evictions."""

from kubeade.api.errors import NotFound
from kubeade.api.parts import parts
from kubeade.api.pod_state import condition, is_finished
from kubeade.api.resource import Object
from kubeade.api.resources import LEASES, NODES, PODS
from kubeade.client.client import PatchType
from kubeade.controllers.nodelifecycle import plan
from kubeade.lib.timestamps import format_time
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL

LEASE_NAMESPACE = "kube-node-lease"
GRACE_SECONDS = 50.0
NODE_INDEX = "node"


class NodeLifecycleController:
    """One key is one node."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock = environment.client, environment.clock
        self._events = environment.events
        self._nodes = environment.informers.of(NODES)
        self._leases = environment.informers.of(LEASES)
        self._pods = environment.informers.of(PODS)
        self._pods.add_index(NODE_INDEX, lambda pod: [pod["spec"].get("nodeName") or ""])
        self._ready: set[str] = set()
        self.controller = Controller("node-lifecycle", self)
        self._nodes.add_handler(self._node_changed)
        self._leases.add_handler(self._lease_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        node = self._nodes.get(key)
        if node is None:
            return None
        again_seconds = await self._watch_over(node)
        await self._taint(node)
        evicted_seconds = await self._evict(node)
        waits = [one for one in (again_seconds, evicted_seconds) if one is not None]
        return min(waits) if waits else None

    async def _watch_over(self, node: Object) -> float | None:
        """Mark a node that nobody has heard from for too long; else: when to look again."""
        now = self._clock.now()
        heard = plan.last_heard(node, self._leases.get(f"{LEASE_NAMESPACE}/{node['metadata']['name']}"))
        if heard is None:
            return GRACE_SECONDS
        left = GRACE_SECONDS - (now - heard).total_seconds()
        if left > 0:
            return left
        conditions = plan.silenced_conditions(node, now)
        if conditions:
            change = {"status": {"conditions": conditions}}
            await self._patch(node, change, subresource="status")
            said = f"Node {node['metadata']['name']} status is now: NodeNotReady"
            self._events.event(node, NORMAL, "NodeNotReady", said)
            await self._mark_pods(node)
        return None

    async def _mark_pods(self, node: Object) -> None:
        """Pods of a silent node are not ready: nobody knows, so nobody is sent there."""
        for pod in self._pods.by_index(NODE_INDEX, node["metadata"]["name"]):
            ready = condition(pod, "Ready")
            if ready is None or ready.get("status") != "True":
                continue
            moment = format_time(self._clock.now())
            change = {
                "type": "Ready",
                "status": "False",
                "reason": "NodeNotReady",
                "lastTransitionTime": moment,
            }
            await self._set_condition(pod, change)

    async def _set_condition(self, pod: Object, condition: Object) -> None:
        metadata = pod["metadata"]
        try:
            await self._client.patch(
                PODS,
                metadata["name"],
                {"metadata": {"uid": metadata["uid"]}, "status": {"conditions": [condition]}},
                metadata["namespace"],
                type=PatchType.STRATEGIC,
                subresource="status",
            )
        except NotFound:
            return

    async def _taint(self, node: Object) -> None:
        wanted = plan.wanted_taints(node, self._clock.now(), evicting=bool(self._ready))
        if wanted != parts(node, "spec", "taints"):
            version = node["metadata"]["resourceVersion"]
            change = {"metadata": {"resourceVersion": version}, "spec": {"taints": wanted or None}}
            await self._client.patch(NODES, node["metadata"]["name"], change)

    async def _evict(self, node: Object) -> float | None:
        """Delete the pods whose time is over; seconds until the next one's is."""
        now, waits = self._clock.now(), []
        for pod in self._pods.by_index(NODE_INDEX, node["metadata"]["name"]):
            delay = plan.eviction_delay_seconds(pod, node, now)
            if delay is None or pod["metadata"].get("deletionTimestamp") or is_finished(pod):
                continue
            if delay > 0:
                waits.append(delay)
                continue
            await self._delete(pod)
        return min(waits) if waits else None

    async def _delete(self, pod: Object) -> None:
        metadata = pod["metadata"]
        said = f"Marking for deletion Pod {metadata['namespace']}/{metadata['name']}"
        self._events.event(pod, NORMAL, "TaintManagerEviction", said)
        why = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
            "lastTransitionTime": format_time(self._clock.now()),
        }
        await self._set_condition(pod, why)
        try:
            await self._client.delete(PODS, metadata["name"], metadata["namespace"], uid=metadata["uid"])
        except NotFound:
            return

    async def _patch(self, node: Object, change: Object, subresource: str = "") -> None:
        await self._client.patch(
            NODES, node["metadata"]["name"], change, type=PatchType.STRATEGIC, subresource=subresource
        )

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        name, evicting = (new or old or {})["metadata"]["name"], bool(self._ready)
        if new is not None and plan.is_ready(new):
            self._ready.add(name)
        else:
            self._ready.discard(name)
        self.controller.queue.add(name)
        if evicting != bool(self._ready):
            for node in self._nodes:
                self.controller.queue.add(node["metadata"]["name"])

    def _lease_changed(self, old: Object | None, new: Object | None) -> None:
        """Only a node's first lease, or one that comes after silence, is news; renewals are not."""
        if new is None or new["metadata"]["namespace"] != LEASE_NAMESPACE:
            return
        node = self._nodes.get(new["metadata"]["name"])
        ready = condition(node, "Ready") if node else None
        if ready is not None and ready.get("status") == "Unknown":
            self.controller.queue.add(new["metadata"]["name"])

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        node = self._nodes.get(new["spec"].get("nodeName") or "") if new else None
        if node is not None and any(
            one.get("effect") == "NoExecute" for one in parts(node, "spec", "taints")
        ):
            self.controller.queue.add(node["metadata"]["name"])
