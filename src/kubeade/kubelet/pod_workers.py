"""All pods of the node: brings what the API shows and what the runtime says to each pod's worker.

A worker lives from the moment its pod is seen until nothing is left of it. A pod that replaces another of
the same name has another uid, hence another worker. What the runtime holds of pods that nobody knows any more
is stopped and removed, once the first list of pods is complete.
"""

import asyncio
import logging

from kubeade.api.resource import Object
from kubeade.kubelet import pods
from kubeade.kubelet.admission import admit
from kubeade.kubelet.observed import POD_UID_LABEL
from kubeade.kubelet.pod_context import NodeServices
from kubeade.kubelet.pod_worker import PodWorker
from kubeade.reconcile.informer import Informer

log = logging.getLogger(__name__)


class PodWorkers:
    def __init__(self, node: NodeServices, informer: Informer, own_node: Informer) -> None:
        self._node = node
        self._informer = informer
        self._own_node = own_node
        self._workers: dict[str, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Follow the informer from now on."""
        self._informer.add_handler(self._changed)

    def poke(self, uid: str) -> None:
        worker = self._workers.get(uid)
        if worker is not None:
            worker.poke()

    def find(self, namespace: str, name: str) -> PodWorker | None:
        """The newest worker of a pod of that name."""
        for worker in reversed(self._workers.values()):
            metadata = worker.context.pod["metadata"]
            if metadata["name"] == name and metadata["namespace"] == namespace:
                return worker
        return None

    def all(self) -> list[PodWorker]:
        return list(self._workers.values())

    async def remove_orphans(self) -> None:
        """Remove sandboxes of pods that the API does not know."""
        for sandbox in await self._node.runtime.list_pod_sandboxes():
            uid = sandbox.labels.get(POD_UID_LABEL)
            if uid is not None and uid not in self._workers:
                log.info("removing the sandbox of a pod that is gone: %s", sandbox.metadata.name)
                await self._node.runtime.stop_pod_sandbox(sandbox.id)
                await self._node.runtime.remove_pod_sandbox(sandbox.id)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for worker in self._workers.values():
            worker.context.probes.stop()

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if old is not None and (new is None or pods.uid_of(new) != pods.uid_of(old)):
            worker = self._workers.get(pods.uid_of(old))
            if worker is not None:
                worker.vanish()
        if new is None:
            return
        worker = self._workers.get(pods.uid_of(new))
        if worker is None:
            self._begin(new)
        else:
            worker.update(new)

    def _begin(self, pod: Object) -> None:
        worker = PodWorker(pod, self._node)
        self._admit(pod, worker)
        self._workers[pods.uid_of(pod)] = worker
        task = asyncio.create_task(self._run(worker), name=f"pod {pods.full_name(pod)}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _admit(self, pod: Object, worker: PodWorker) -> None:
        """A pod that this kubelet, or its predecessor, has taken before is not asked again."""
        if worker.context.should_stop or worker.context.status.get("startTime"):
            return
        node = self._own_node.get(self._node.config.node_name)
        others = [w.context.pod for w in self._workers.values() if not w.context.should_stop]
        refusal = admit(pod, others, node, self._node.allocatable)
        if refusal is not None:
            worker.context.say_warning(refusal.reason, refusal.message)
            worker.reject(refusal.reason, f"Pod was rejected: {refusal.message}")

    async def _run(self, worker: PodWorker) -> None:
        uid = worker.context.uid
        try:
            await worker.run()
        finally:
            worker.context.probes.stop()
            if self._workers.get(uid) is worker:
                del self._workers[uid]
