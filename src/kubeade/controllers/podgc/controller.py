"""Looks over all pods whenever a node goes, a pod is left without one, or one finishes.

A node's absence is believed after a while, and only when the server confirms it: a pod that is deleted here
is gone without its kubelet's word.
"""

import asyncio

from kubeade.api.errors import NotFound
from kubeade.api.parts import parts
from kubeade.api.pod_state import is_finished
from kubeade.api.resource import Object
from kubeade.api.resources import NODES, PODS
from kubeade.client.client import PatchType
from kubeade.controllers.podgc import plan
from kubeade.lib.timestamps import format_time
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment

ALL = "all"
QUARANTINE_SECONDS = 40.0


class PodGarbageCollector:
    """There is one key: everything."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock = environment.client, environment.clock
        self._nodes = environment.informers.of(NODES)
        self._pods = environment.informers.of(PODS)
        self._missed_at: dict[str, float] = {}
        self.controller = Controller("pod-garbage-collector", self, workers=1)
        self._nodes.add_handler(self._node_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        pods = list(self._pods)
        for pod in plan.orphaned(pods, await self._absent_nodes(pods)):
            await self._fail(pod, "PodGC: node no longer exists")
            await self._delete(pod)
        for pod in plan.out_of_service(pods, self._nodes):
            await self._fail(pod, "PodGC: node no longer exists")
            await self._delete(pod)
        for pod in [*plan.unscheduled_terminating(pods), *plan.surplus(pods)]:
            await self._delete(pod)
        return QUARANTINE_SECONDS if self._missed_at else None

    async def _absent_nodes(self, pods: list[Object]) -> set[str]:
        """Nodes of pods that have been missing for long, and that the server does not have."""
        now = asyncio.get_running_loop().time()
        named = {name for pod in pods if (name := pod["spec"].get("nodeName"))}
        missing = {name for name in named if self._nodes.get(name) is None}
        self._missed_at = {name: self._missed_at.get(name, now) for name in missing}
        late = [name for name, since in self._missed_at.items() if now - since >= QUARANTINE_SECONDS]
        return {name for name in late if not await self._exists(name)}

    async def _exists(self, name: str) -> bool:
        try:
            await self._client.get(NODES, name)
        except NotFound:
            return False
        return True

    async def _fail(self, pod: Object, message: str) -> None:
        """Whoever waits for the pod learns why it ended."""
        moment = format_time(self._clock.now())
        why = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "DeletionByPodGC",
            "message": message,
            "lastTransitionTime": moment,
        }
        status = {"conditions": [why]} if is_finished(pod) else {"phase": "Failed", "conditions": [why]}
        metadata = pod["metadata"]
        try:
            await self._client.patch(
                PODS,
                metadata["name"],
                {"status": status},
                metadata["namespace"],
                type=PatchType.STRATEGIC,
                subresource="status",
            )
        except NotFound:
            return

    async def _delete(self, pod: Object) -> None:
        metadata = pod["metadata"]
        try:
            await self._client.delete(
                PODS, metadata["name"], metadata["namespace"], grace_period_seconds=0, uid=metadata["uid"]
            )
        except NotFound:
            return

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None or any(one.get("key") == plan.OUT_OF_SERVICE for one in parts(new, "spec", "taints")):
            self.controller.queue.add(ALL)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            return
        node_name = new["spec"].get("nodeName")
        stranded = new["metadata"].get("deletionTimestamp") and not node_name
        misplaced = node_name and self._nodes.get(node_name) is None and node_name not in self._missed_at
        many = is_finished(new) and len(self._pods) > plan.TERMINATED_LIMIT
        if stranded or misplaced or many:
            self.controller.queue.add(ALL)
