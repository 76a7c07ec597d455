"""Deletes a finished Job, and with it its pods, when its time is up.

The Job is read anew before it is deleted: its time may have been extended since the copy was made.
"""

from kubeade.api.errors import NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import JOBS
from kubeade.controllers.ttlafterfinished import plan
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment


class TtlAfterFinishedController:
    """One key is one Job."""

    def __init__(self, environment: Environment) -> None:
        self._client = environment.client
        self._clock = environment.clock
        self._jobs = environment.informers.of(JOBS)
        self.controller = Controller("ttl-after-finished-controller", self)
        self._jobs.add_handler(self._job_changed)

    async def reconcile(self, key: str) -> float | None:
        left = self._seconds_left(self._jobs.get(key))
        if left is None or left > 0:
            return left
        namespace, name = key.split("/")
        try:
            return await self._delete_if_due(namespace, name)
        except NotFound:
            return None

    async def _delete_if_due(self, namespace: str, name: str) -> float | None:
        fresh = await self._client.get(JOBS, name, namespace)
        left = self._seconds_left(fresh)
        if left is None or left > 0:
            return left
        uid = fresh["metadata"]["uid"]
        await self._client.delete(JOBS, name, namespace, propagation_policy="Foreground", uid=uid)
        return None

    def _seconds_left(self, job: Object | None) -> float | None:
        return None if job is None else plan.seconds_left(job, self._clock.now())

    def _job_changed(self, old: Object | None, new: Object | None) -> None:
        if self._seconds_left(new) is not None and new is not None:
            self.controller.queue.add(f"{new['metadata']['namespace']}/{new['metadata']['name']}")
