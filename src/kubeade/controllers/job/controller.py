"""Makes and ends the pods of Jobs, and counts each of them exactly once.

Every pod of a Job carries a finalizer until it is counted, so that none disappears uncounted. Where the Job
itself is gone or closed, whatever still carries the finalizer is let go.
"""

from collections.abc import Iterable

from kubeade.api.errors import ApiError, NotFound
from kubeade.api.ownership import controller_of
from kubeade.api.parts import number, part, text
from kubeade.api.resource import Object
from kubeade.api.resources import JOBS, PODS
from kubeade.api.selectors import LabelSelector
from kubeade.client.client import PatchType
from kubeade.controllers.job import plan as planning
from kubeade.controllers.job.failures import FailureRecord
from kubeade.controllers.job.pods import TRACKING_FINALIZER, indexed, is_tracked, track
from kubeade.reconcile.claims import OWNER_INDEX, Claims, owned_by, owner_values
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL, WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites
from kubeade.reconcile.pod_control import PodControl, is_namespace_terminating, pod_from_template
from kubeade.reconcile.slow_start import slow_start

NAME = "job-controller"
MANAGED_HERE = "kubernetes.io/job-controller"
_TRACKED_INDEX = "tracked by job"


class JobController:
    """One key is one Job."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock = environment.client, environment.clock
        self._events = environment.events
        self._jobs, self._pods = environment.informers.of(JOBS), environment.informers.of(PODS)
        self._pods.add_index(OWNER_INDEX, owner_values)
        self._pods.add_index(_TRACKED_INDEX, _tracking_keys)
        self._writes, self._own_status = OwnWrites(self._pods), OwnWrites(self._jobs)
        self._pod_control = PodControl(environment, self._writes)
        self._claims = Claims(environment.client, PODS, JOBS)
        self._records: dict[str, FailureRecord] = {}
        self.controller = Controller(NAME, self)
        self._jobs.add_handler(self._job_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        job = self._jobs.get(key)
        if job is not None and part(job, "spec").get("managedBy", MANAGED_HERE) != MANAGED_HERE:
            return None
        if job is None or planning.finished(job) is not None:
            await self._release(key, self._pods.by_index(_TRACKED_INDEX, key))
            return None
        if wait_seconds := self._writes.wait_seconds(key) or self._own_status.wait_seconds(key):
            return wait_seconds
        pods = await self._pods_of(job)
        record = self._records.get(job["metadata"]["uid"], FailureRecord())
        return await self._carry_out(key, job, planning.plan(job, pods, record, self._clock.now()))

    async def _pods_of(self, job: Object) -> list[Object]:
        """Adopted pods get the finalizer: they are to be counted like the Job's own."""
        known = {pod["metadata"]["uid"] for pod in owned_by(self._pods, job)}
        selector = LabelSelector.from_object(part(job, "spec").get("selector") or None)
        pods = await self._claims.claim(self._pods, job, selector)
        return [pod if pod["metadata"]["uid"] in known else await self._track(pod) for pod in pods]

    async def _track(self, pod: Object) -> Object:
        change = {"metadata": {"finalizers": [TRACKING_FINALIZER]}}
        metadata = pod["metadata"]
        return await self._client.patch(
            PODS, metadata["name"], change, metadata["namespace"], type=PatchType.STRATEGIC
        )

    async def _carry_out(self, key: str, job: Object, plan: planning.Plan) -> float | None:
        error = await self._manage(key, job, plan)
        if error is not None:
            gone = len(plan.end) + len(plan.drop) - len(plan.create)
            plan.status["active"] = number(plan.status, "active") + gone
        if not await self._report(key, job, plan.status):
            return None
        self._records[job["metadata"]["uid"]] = plan.record
        ending = {pod["metadata"]["uid"] for pod in plan.end} if error is not None else set()
        await self._release(key, [pod for pod in plan.release if pod["metadata"]["uid"] not in ending])
        if error is not None and not is_namespace_terminating(error):
            raise error
        return plan.again_seconds

    async def _manage(self, key: str, job: Object, plan: planning.Plan) -> ApiError | None:
        async def create(number_: int) -> None:
            successor = plan.create[number_]
            pod = track(pod_from_template(job["spec"]["template"], job))
            if successor.index is not None:
                pod = indexed(pod, job, successor.index, successor.replaces)
            await self._pod_control.create(key, job, pod)

        try:
            await slow_start(len(plan.create), create)
            await self._release(key, plan.drop)
            await self._pod_control.delete_all(key, job, [*plan.drop, *plan.end])
        except ApiError as error:
            return error
        return None

    async def _report(self, key: str, job: Object, status: Object) -> bool:
        """Write the status where it differs. False: the Job is gone."""
        if status == part(job, "status"):
            return True
        try:
            written = await self._client.update(JOBS, {**job, "status": status}, subresource="status")
        except NotFound:
            return False
        self._own_status.wrote(key, written)
        self._tell(job, written)
        return True

    def _tell(self, job: Object, written: Object) -> None:
        closed = planning.finished(written)
        if closed is not None and closed["type"] == "Complete":
            completions = part(job, "spec").get("completions")
            if completions is not None and number(written, "status", "succeeded") > completions:
                message = "Too many succeeded pods running after completion count reached"
                self._events.event(job, WARNING, "TooManySucceededPods", message)
            self._events.event(job, NORMAL, "Completed", "Job completed")
        elif closed is not None:
            self._events.event(job, WARNING, closed["reason"], closed["message"])
        was, now = (_is_suspended(one) for one in (job, written))
        if was != now:
            word = "suspended" if now else "resumed"
            self._events.event(job, NORMAL, word.capitalize(), f"Job {word}")

    async def _release(self, key: str, pods: Iterable[Object]) -> None:
        for pod in pods:
            metadata = pod["metadata"]
            change = {
                "metadata": {
                    "uid": metadata["uid"],
                    "$deleteFromPrimitiveList/finalizers": [TRACKING_FINALIZER],
                }
            }
            try:
                written = await self._client.patch(
                    PODS, metadata["name"], change, metadata["namespace"], type=PatchType.STRATEGIC
                )
            except NotFound:
                continue
            self._writes.wrote(key, written)

    def _job_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None:
            self._records.pop(old["metadata"]["uid"], None)
        self.controller.queue.add(key_of(new or old or {}))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for pod in (old, new):
            for key in _job_keys(pod) if pod is not None else ():
                self.controller.queue.add(key)


def _is_suspended(job: Object) -> bool:
    conditions = part(job, "status").get("conditions") or []
    return any(one["type"] == "Suspended" and one["status"] == "True" for one in conditions)


def _tracking_keys(pod: Object) -> Iterable[str]:
    return _job_keys(pod) if is_tracked(pod) else ()


def _job_keys(pod: Object) -> Iterable[str]:
    """The Job that controls the pod, or, for an orphan, the one it was made for."""
    reference = controller_of(pod)
    name = text(pod, "metadata", "labels", "batch.kubernetes.io/job-name")
    if reference is not None:
        name = reference["name"] if reference.get("kind") == "Job" else ""
    return (f"{pod['metadata']['namespace']}/{name}",) if name else ()
