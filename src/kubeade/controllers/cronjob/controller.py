"""Makes a Job whenever a CronJob is due, follows those that run, and clears old ones away."""

from datetime import datetime

from cronsim import CronSimError

from kubeade.api.errors import AlreadyExists, ApiError, NotFound
from kubeade.api.ownership import controller_of, is_being_deleted, is_controlled_by
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.resources import CRON_JOBS, JOBS
from kubeade.controllers.cronjob import plan
from kubeade.reconcile.claims import OWNER_INDEX, owned_by, owner_values
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL, WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites

NAME = "cronjob-controller"
_MARGIN_SECONDS = 0.1


class CronJobController:
    """One key is one CronJob."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock = environment.client, environment.clock
        self._events = environment.events
        self._cron_jobs = environment.informers.of(CRON_JOBS)
        self._jobs = environment.informers.of(JOBS)
        self._jobs.add_index(OWNER_INDEX, owner_values)
        self._writes, self._own_status = OwnWrites(self._jobs), OwnWrites(self._cron_jobs)
        self.controller = Controller(NAME, self)
        self._cron_jobs.add_handler(self._cron_job_changed)
        self._jobs.add_handler(self._job_changed)

    async def reconcile(self, key: str) -> float | None:
        cron_job = self._cron_jobs.get(key)
        if cron_job is None:
            return None
        if wait_seconds := self._writes.wait_seconds(key) or self._own_status.wait_seconds(key):
            return wait_seconds
        now, jobs = self._clock.now(), owned_by(self._jobs, cron_job)
        scheduled, again_seconds = None, None
        if not is_being_deleted(cron_job) and not part(cron_job, "spec").get("suspend"):
            try:
                again_seconds = (plan.next_after(cron_job, now) - now).total_seconds() + _MARGIN_SECONDS
                scheduled = plan.due(cron_job, now)
            except (CronSimError, StopIteration, OSError, ValueError) as error:
                message = f"spec.schedule or spec.timeZone is not supported: {error}"
                self._events.event(cron_job, WARNING, "UnparseableSchedule", message)
        started = scheduled is not None and await self._start(key, cron_job, jobs, scheduled, now)
        await self._clear(key, cron_job, plan.surplus(cron_job, jobs))
        await self._report(key, cron_job, jobs, scheduled if started else None)
        return again_seconds

    async def _start(
        self, key: str, cron_job: Object, jobs: list[Object], scheduled: datetime, now: datetime
    ) -> bool:
        active = [job for job in jobs if not plan.outcome(job)]
        policy = text(cron_job, "spec", "concurrencyPolicy")
        if plan.is_too_late(cron_job, scheduled, now):
            date = scheduled.strftime("%a, %d %b %Y %H:%M:%S +0000")
            message = f"Missed scheduled time to start a job: {date}"
            self._events.event(cron_job, WARNING, "MissSchedule", message)
            return False
        if policy == "Forbid" and active:
            message = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._events.event(cron_job, NORMAL, "JobAlreadyActive", message)
            return False
        if policy == "Replace":
            await self._clear(key, cron_job, active)
        return await self._create(key, cron_job, jobs, plan.job_for(cron_job, scheduled))

    async def _create(self, key: str, cron_job: Object, jobs: list[Object], job: Object) -> bool:
        metadata = job["metadata"]
        try:
            made = await self._client.create(JOBS, job, metadata["namespace"])
            self._events.event(cron_job, NORMAL, "SuccessfulCreate", f"Created job {metadata['name']}")
        except AlreadyExists:
            made = await self._client.get(JOBS, metadata["name"], metadata["namespace"])
            if not is_controlled_by(made, cron_job):
                return False
        except ApiError as error:
            message = f"Error creating job: {error.message}"
            self._events.event(cron_job, WARNING, "FailedCreate", message)
            raise
        self._writes.wrote(key, made)
        if made["metadata"]["uid"] not in {one["metadata"]["uid"] for one in jobs}:
            jobs.append(made)
        return True

    async def _clear(self, key: str, cron_job: Object, jobs: list[Object]) -> None:
        for job in jobs:
            metadata = job["metadata"]
            try:
                await self._client.delete(
                    JOBS,
                    metadata["name"],
                    metadata["namespace"],
                    propagation_policy="Background",
                    uid=metadata["uid"],
                )
            except NotFound:
                continue
            self._writes.deleted(key, job)
            self._events.event(cron_job, NORMAL, "SuccessfulDelete", f"Deleted job {metadata['name']}")

    async def _report(self, key: str, cron_job: Object, jobs: list[Object], made: datetime | None) -> None:
        status = plan.status_of(cron_job, jobs, made)
        if status == part(cron_job, "status"):
            return
        self._tell(cron_job, jobs)
        try:
            body = {**cron_job, "status": status}
            self._own_status.wrote(key, await self._client.update(CRON_JOBS, body, subresource="status"))
        except NotFound:
            return

    def _tell(self, cron_job: Object, jobs: list[Object]) -> None:
        active = {one["uid"] for one in part(cron_job, "status").get("active") or []}
        for job in jobs:
            if job["metadata"]["uid"] in active and (ending := plan.outcome(job)):
                message = f"Saw completed job: {job['metadata']['name']}, condition: {ending}"
                self._events.event(cron_job, NORMAL, "SawCompletedJob", message)

    def _cron_job_changed(self, old: Object | None, new: Object | None) -> None:
        self.controller.queue.add(key_of(new or old or {}))

    def _job_changed(self, old: Object | None, new: Object | None) -> None:
        for job in (old, new):
            reference = controller_of(job) if job is not None else None
            if job is not None and reference is not None and reference.get("kind") == "CronJob":
                self.controller.queue.add(f"{job['metadata']['namespace']}/{reference['name']}")
