"""Looks over all pods whenever a node goes, a pod is left without one, or one finishes."""

from kubeade.api.errors import NotFound
from kubeade.api.pod_state import is_finished
from kubeade.api.resource import Object
from kubeade.api.resources import NODES, PODS
from kubeade.controllers.podgc import plan
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment

ALL = "all"
QUARANTINE_SECONDS = 40.0


class PodGarbageCollector:
    """There is one key: everything. A node's absence is believed after a while, as upstream does."""

    def __init__(self, environment: Environment) -> None:
        self._client = environment.client
        self._nodes = environment.informers.of(NODES)
        self._pods = environment.informers.of(PODS)
        self.controller = Controller("pod-garbage-collector", self, workers=1)
        self._nodes.add_handler(self._node_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        pods, nodes = list(self._pods), {node["metadata"]["name"] for node in self._nodes}
        doomed = [*plan.unscheduled_terminating(pods), *plan.orphaned(pods, nodes), *plan.surplus(pods)]
        for pod in doomed:
            metadata = pod["metadata"]
            try:
                await self._client.delete(
                    PODS, metadata["name"], metadata["namespace"], grace_period_seconds=0, uid=metadata["uid"]
                )
            except NotFound:
                continue
        return None

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            self.controller.queue.add_after(ALL, QUARANTINE_SECONDS)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            return
        stranded = new["metadata"].get("deletionTimestamp") and not new["spec"].get("nodeName")
        if stranded:
            self.controller.queue.add(ALL)
        elif new["spec"].get("nodeName") and self._nodes.get(new["spec"]["nodeName"]) is None:
            self.controller.queue.add_after(ALL, QUARANTINE_SECONDS)
        elif is_finished(new) and len(self._pods) > plan.TERMINATED_LIMIT:
            self.controller.queue.add(ALL)
