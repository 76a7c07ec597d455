"""All pods of the node: brings what the API shows and what the runtime says to each pod's worker.

A worker lives from the moment its pod is seen until nothing is left of it. A pod that replaces another of
the same name has another uid, hence another worker. What the runtime holds of pods that nobody knows any more
is stopped and removed, once the first list of pods is complete.
"""

import asyncio
import logging
import shutil

from kubeade.api.resource import Object
from kubeade.kubelet import pods
from kubeade.kubelet.admission import admit
from kubeade.kubelet.observed import POD_UID_LABEL
from kubeade.kubelet.pod_context import NodeServices
from kubeade.kubelet.pod_worker import EVICTED, PodWorker
from kubeade.kubelet.resize import allocation_of, in_progress, refusal, with_allocation
from kubeade.reconcile.informer import Informer, key_of

log = logging.getLogger(__name__)


class PodWorkers:
    def __init__(self, node: NodeServices, informer: Informer, own_node: Informer) -> None:
        self._node = node
        self._informer = informer
        self._own_node = own_node
        self._workers: dict[str, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.static_changed = asyncio.Event()
        """A mirror has changed, or a pod has gone: whoever keeps static pods should look."""

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
        """Remove sandboxes, volumes and logs of pods that the API does not know."""
        for sandbox in await self._node.runtime.list_pod_sandboxes():
            uid = sandbox.labels.get(POD_UID_LABEL)
            if uid is not None and uid not in self._workers:
                log.info("removing the sandbox of a pod that is gone: %s", sandbox.metadata.name)
                await self._node.runtime.stop_pod_sandbox(sandbox.id)
                await self._node.runtime.remove_pod_sandbox(sandbox.id)
        for uid, directory in self._node.config.pod_directories():
            if uid not in self._workers:
                await self._node.volumes.remove(uid)
                await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    async def close(self) -> None:
        """Return once no worker acts any more: whoever comes next must be the only one."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for worker in self._workers.values():
            worker.context.probes.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    def begin_static(self, pod: Object, mirror: Object | None) -> None:
        """Run a pod that is not in the API; `mirror` is its image there, if there is one."""
        shown = {} if mirror is None else {"status": mirror.get("status") or {}}
        self._begin({**pod, **shown})
        self._workers[pods.uid_of(pod)].context.mirror = mirror

    def end_static(self, uid: str) -> None:
        """Stop such a pod and remove it."""
        worker = self._workers.get(uid)
        if worker is not None:
            worker.vanish()

    def _mirror_changed(self, mirror: Object, *, gone: bool) -> None:
        self.static_changed.set()
        metadata = mirror["metadata"]
        worker = self.find(metadata["namespace"], metadata["name"])
        if worker is not None and worker.context.is_static:
            worker.context.mirror = None if gone else mirror
            if gone:
                self._node.statuses.forget(pods.uid_of(mirror))
            else:
                self._node.statuses.observe(mirror)
            worker.poke()

    def _changed(self, old: Object | None, new: Object | None) -> None:
        shown = new or old
        if shown is not None and pods.is_mirror(shown):
            self._mirror_changed(shown, gone=new is None)
            return
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
            worker.update(self._grant(new, worker))

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
        short = self._node.pressure.refusal(pod)
        if short:
            worker.context.say_warning(EVICTED, short)
            worker.reject(EVICTED, f"Pod was rejected: {short}")
            return
        refused = admit(pod, self._others(worker), node, self._node.allocatable)
        if refused is not None:
            worker.context.say_warning(refused.reason, refused.message)
            worker.reject(refused.reason, f"Pod was rejected: {refused.message}")

    def _others(self, worker: PodWorker) -> list[Object]:
        """The active pods beside this one."""
        others = [each for each in self._workers.values() if each is not worker]
        return [each.context.pod for each in others if not each.context.should_stop]

    def _grant(self, pod: Object, worker: PodWorker) -> Object:
        """Grant a change of the pod's resources if it fits; the pod as it is granted."""
        context, asked = worker.context, allocation_of(pod)
        if asked == context.allocation:
            context.resize = [each for each in context.resize if each["type"] != "PodResizePending"]
            return pod
        refused = refusal(pod, self._others(worker), self._node.allocatable)
        if refused is None:
            context.allocation = asked
            context.resize = [in_progress()]
            return pod
        if refused not in context.resize:
            context.say_warning(f"Resize{refused['reason']}", refused["message"])
        context.resize = [refused]
        return with_allocation(pod, context.allocation)

    def _grant_deferred(self) -> None:
        """Somebody has left: a change that did not fit may fit now."""
        for worker in self._workers.values():
            pod = self._informer.get(key_of(worker.context.pod))
            if any(each.get("reason") == "Deferred" for each in worker.context.resize) and pod is not None:
                worker.update(self._grant(pod, worker))

    async def _run(self, worker: PodWorker) -> None:
        uid = worker.context.uid
        try:
            await worker.run()
        finally:
            worker.context.probes.stop()
            if self._workers.get(uid) is worker:
                del self._workers[uid]
            self._grant_deferred()
            self.static_changed.set()
