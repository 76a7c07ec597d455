"""The scheduler: takes waiting pods one by one, decides (`cycle`, `preemption`: pure), binds.

Guarantees: a pod is bound once (the Binding is refused when it has a node already); a decided placement
counts in the next decision before the API shows it; a pod that fits nowhere says why, per node, in its
PodScheduled condition and in a FailedScheduling event; after a crash everything is decided anew from what
the API shows.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Sequence

from kubeade.api.errors import ApiError, Conflict, NotFound
from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.resources import POD_DISRUPTION_BUDGETS, PODS
from kubeade.client.client import Client, PatchType
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_time
from kubeade.reconcile.events import NORMAL, WARNING, EventRecorder
from kubeade.reconcile.informer import Informers
from kubeade.scheduler import cycle, preemption
from kubeade.scheduler.board import Boards
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.cycle import NoPlacement, Placement
from kubeade.scheduler.disruption import protected_by
from kubeade.scheduler.framework import Plugin
from kubeade.scheduler.plugins import DEFAULT_PLUGINS
from kubeade.scheduler.plugins.volume_binding import Bindings, bindings_for
from kubeade.scheduler.pod_info import PodInfo
from kubeade.scheduler.queue import SchedulingQueue
from kubeade.scheduler.view import ClusterView
from kubeade.scheduler.volumes import VolumeBinder

log = logging.getLogger(__name__)

DEFAULT_SCHEDULER_NAME = "default-scheduler"
BINDS_AT_ONCE = 64
NODES_ANNOTATION = "scheduler.kubeade.dev/nodes"
"""On FailedScheduling events: what each node said, as JSON. Upstream only counts the reasons."""


class Scheduler:
    """Schedules the pods that name it."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        name: str = DEFAULT_SCHEDULER_NAME,
        plugins: Sequence[Plugin] = DEFAULT_PLUGINS,
    ) -> None:
        self._name = name
        self._client = client
        self._clock = clock
        self._plugins = plugins
        self._informers = Informers(client)
        self._budgets = self._informers.of(POD_DISRUPTION_BUDGETS)
        self._cluster = Cluster()
        self._queue = SchedulingQueue()
        self._view = ClusterView(name, self._informers, self._cluster, self._queue)
        self._volumes = VolumeBinder(client, self._informers, self._cluster)
        self._events = EventRecorder(client, name, clock)
        self._binding = asyncio.Semaphore(BINDS_AT_ONCE)
        self._boards = Boards()
        self._next_node = 0

    async def run(self) -> None:
        """Schedule until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._informers.run(), name="scheduler informers")
                tasks.create_task(self._events.run(), name="scheduler events")
                await self._informers.wait_synced()
                await self._schedule_all(tasks)
        finally:
            self._queue.close()

    async def _schedule_all(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            pod = await self._queue.pop()
            if self._view.is_placed(pod.key):
                continue
            outcome = cycle.decide(pod, self._cluster, self._plugins, self._next_node, self._boards)
            if isinstance(outcome, NoPlacement):
                await self._refuse(pod, outcome)
                continue
            self._next_node = (self._next_node + outcome.nodes_seen) % len(self._cluster.nodes)
            self._cluster.nominated.pop(pod.key, None)
            bindings = bindings_for(pod, self._cluster.nodes[outcome.node_name], self._cluster)
            self._view.assume(pod, outcome.node_name)
            if bindings:
                self._volumes.assume(bindings)
                tasks.create_task(self._bind_with_volumes(pod, outcome, bindings), name=f"bind {pod.key}")
                continue
            await self._binding.acquire()
            tasks.create_task(self._bind(pod, outcome), name=f"bind {pod.key}")

    async def _bind_with_volumes(self, pod: PodInfo, placement: Placement, bindings: Bindings) -> None:
        try:
            await self._volumes.bind(bindings, placement.node_name)
        except (ApiError, OSError, TimeoutError) as error:
            self._volumes.forget(bindings)
            self._view.forget(pod)
            why = str(error) or "the claims were not bound in time"
            message = f'running PreBind plugin "VolumeBinding": {why}'
            self._events.event(pod.pod, WARNING, "FailedScheduling", message)
            self._queue.put_back(pod, unschedulable=False)
            return
        await self._binding.acquire()
        await self._bind(pod, placement)

    async def _bind(self, pod: PodInfo, placement: Placement) -> None:
        metadata = pod.pod["metadata"]
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "namespace": pod.namespace, "uid": metadata["uid"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": placement.node_name},
        }
        try:
            await self._client.create(
                PODS, binding, pod.namespace, name=metadata["name"], subresource="binding"
            )
        except (ApiError, OSError, TimeoutError) as error:
            self._view.forget(pod)
            if not isinstance(error, NotFound | Conflict):
                log.warning("binding %s to %s: %s", pod.key, placement.node_name, error)
                self._queue.put_back(pod, unschedulable=False)
        else:
            text_ = f"Successfully assigned {pod.key} to {placement.node_name}"
            self._events.event(pod.pod, NORMAL, "Scheduled", text_)
        finally:
            self._binding.release()

    async def _refuse(self, pod: PodInfo, failed: NoPlacement) -> None:
        """Say why, make room if that helps, and wait for the cluster to change."""
        budgets = protected_by(list(self._budgets))
        found = preemption.find(pod, self._cluster, self._plugins, failed, budgets)
        said = found if isinstance(found, str) else ""
        message = failed.message(said)
        nominated = "" if isinstance(found, str) else found.node_name
        self._queue.put_back(pod, unschedulable=True)
        try:
            await self._report(pod, message, nominated, failed)
            if not isinstance(found, str):
                await self._evict(pod, found)
        except NotFound:
            self._queue.remove(pod.key)
        except (ApiError, OSError, TimeoutError) as error:
            log.warning("reporting on %s: %s", pod.key, error)

    async def _report(self, pod: PodInfo, message: str, nominated: str, failed: NoPlacement) -> None:
        status = part(pod.pod, "status")
        known = next((c for c in parts(status, "conditions") if c.get("type") == "PodScheduled"), {})
        if text(known, "message") == message and text(status, "nominatedNodeName") == nominated:
            return
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastTransitionTime": known.get("lastTransitionTime") or format_time(self._clock.now()),
        }
        change: Object = {"status": {"conditions": [condition]}}
        if nominated:
            change["status"]["nominatedNodeName"] = nominated
        self._events.event(pod.pod, WARNING, "FailedScheduling", message, annotations=_annotation(failed))
        await self._patch_status(pod, change)

    async def _evict(self, pod: PodInfo, found: preemption.Preemption) -> None:
        """Delete the victims; the pod is scheduled once they have gone."""
        self._cluster.nominated[pod.key] = pod
        for victim in found.victims:
            reason = f"Preempted by pod {pod.pod['metadata']['uid']} on node {found.node_name}"
            condition = {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "PreemptionByScheduler",
                "message": f"{self._name}: preempting to accommodate a higher priority pod",
                "lastTransitionTime": format_time(self._clock.now()),
            }
            with contextlib.suppress(NotFound):
                await self._patch_status(victim, {"status": {"conditions": [condition]}})
                await self._client.delete(
                    PODS, victim.pod["metadata"]["name"], victim.namespace, uid=victim.pod["metadata"]["uid"]
                )
            self._events.event(victim.pod, NORMAL, "Preempted", reason)

    async def _patch_status(self, pod: PodInfo, change: Object) -> None:
        name = pod.pod["metadata"]["name"]
        await self._client.patch(
            PODS, name, change, pod.namespace, type=PatchType.STRATEGIC, subresource="status"
        )


def _annotation(failed: NoPlacement) -> dict[str, str]:
    return {NODES_ANNOTATION: json.dumps(failed.per_node())}
