"""Rolls out a Deployment: makes the ReplicaSet of its template, moves replicas over, keeps the history.

Each pass takes one step and writes at most the ReplicaSets that the step names; the next change of a
ReplicaSet's status wakes it for the following one. Upstream: pkg/controller/deployment.
"""

import asyncio

from kubeade.api.errors import AlreadyExists, ApiError, NotFound
from kubeade.api.ownership import controller_of, is_being_deleted, is_controlled_by
from kubeade.api.parts import number, part
from kubeade.api.pod_state import condition, is_finished
from kubeade.api.resource import Object
from kubeade.api.resources import DEPLOYMENTS, PODS, REPLICA_SETS
from kubeade.api.selectors import LabelSelector
from kubeade.api.template_hash import template_hash
from kubeade.controllers.deployment import plan, revisions, status
from kubeade.reconcile.claims import OWNER_INDEX, Claims, owned_by, owner_values
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL, WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites
from kubeade.reconcile.pod_control import is_namespace_terminating


class DeploymentController:
    """One key is one Deployment."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock, self._events = environment.client, environment.clock, environment.events
        self._deployments = environment.informers.of(DEPLOYMENTS)
        self._sets = environment.informers.of(REPLICA_SETS)
        self._pods = environment.informers.of(PODS)
        self._sets.add_index(OWNER_INDEX, owner_values)
        self._pods.add_index(OWNER_INDEX, owner_values)
        self._claims = Claims(environment.client, REPLICA_SETS, DEPLOYMENTS)
        self._set_writes = OwnWrites(self._sets)
        self._own_writes = OwnWrites(self._deployments)
        self.controller = Controller("deployment", self)
        self._deployments.add_handler(self._deployment_changed)
        self._sets.add_handler(self._set_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        deployment = self._deployments.get(key)
        if deployment is None:
            return None
        if wait_seconds := self._set_writes.wait_seconds(key) or self._own_writes.wait_seconds(key):
            return wait_seconds
        selector = LabelSelector.from_object(part(deployment, "spec").get("selector"))
        if selector.everything:
            message = "This deployment is selecting all pods. A non-empty selector is required."
            self._events.event(deployment, WARNING, "SelectingAll", message)
            return None
        sets = plan.sort_sets(deployment, await self._claims.claim(self._sets, deployment, selector))
        if is_being_deleted(deployment):
            await self._report_counts(key, deployment, sets)
            return None
        return await self._advance(key, deployment, sets)

    async def _advance(self, key: str, deployment: Object, sets: plan.Sets) -> float | None:
        words = status.paused_condition(deployment)
        if words is not None:
            deployment = await self._note_progress(key, deployment, words)
        if part(deployment, "spec").get("paused") or plan.is_scaling(deployment, sets):
            await self._scale_all(key, deployment, plan.scaling_step(deployment, sets))
            if part(deployment, "spec").get("paused"):
                await self._clean_up(deployment, sets)
            await self._report_counts(key, deployment, sets)
            return None
        return await self._roll(key, deployment, sets)

    async def _roll(self, key: str, deployment: Object, sets: plan.Sets) -> float | None:
        recreate = not plan.is_rolling(deployment)
        if recreate and (steps := plan.recreate_step(deployment, plan.Sets(None, sets.old))):
            await self._scale_all(key, deployment, steps)
            return await self._report(key, deployment, sets)
        if recreate and self._old_pods_run(sets):
            return await self._report(key, deployment, sets)
        deployment, sets = await self._ensure_new(key, deployment, sets)
        if sets.new is None:
            return None
        step = plan.recreate_step if recreate else plan.rolling_step
        sets = await self._scale_all(key, deployment, step(deployment, sets), sets)
        if plan.is_complete(deployment, part(deployment, "status")):
            await self._clean_up(deployment, sets)
        return await self._report(key, deployment, sets)

    def _old_pods_run(self, sets: plan.Sets) -> bool:
        return any(not is_finished(pod) for old in sets.old for pod in owned_by(self._pods, old))

    async def _ensure_new(self, key: str, deployment: Object, sets: plan.Sets) -> tuple[Object, plan.Sets]:
        """The ReplicaSet of the present template, made or found, with its revision noted on both."""
        revision = revisions.next_revision(sets.old)
        annotations = revisions.annotations_of_new(deployment, sets.new, revision)
        if sets.new is None:
            return await self._create_new(key, deployment, sets, annotations)
        new = sets.new
        min_ready_seconds = number(deployment, "spec", "minReadySeconds")
        if annotations != part(new, "metadata", "annotations") or (
            number(new, "spec", "minReadySeconds") != min_ready_seconds
        ):
            change = {
                **new,
                "metadata": {**new["metadata"], "annotations": annotations},
                "spec": {**new["spec"], "minReadySeconds": min_ready_seconds},
            }
            new = await self._client.update(REPLICA_SETS, change)
            self._set_writes.wrote(key, new)
        deployment = await self._note_revision(key, deployment, annotations[revisions.REVISION])
        if status.deadline_seconds(deployment) is not None and not condition(deployment, "Progressing"):
            message = f'Found new replica set "{new["metadata"]["name"]}"'
            deployment = await self._note_progress(key, deployment, ("True", "FoundNewReplicaSet", message))
        return deployment, plan.Sets(new, sets.old)

    async def _create_new(
        self, key: str, deployment: Object, sets: plan.Sets, annotations: dict[str, str]
    ) -> tuple[Object, plan.Sets]:
        collisions = number(deployment, "status", "collisionCount")
        digest = template_hash(revisions.template_of(deployment), collisions)
        body = revisions.new_replica_set(deployment, digest, annotations)
        replicas = plan.replicas_of_new(deployment, sets)
        body["spec"]["replicas"] = replicas
        body["metadata"]["annotations"] = self._sized(deployment, annotations)
        existed = False
        try:
            new = await self._client.create(REPLICA_SETS, body, deployment["metadata"]["namespace"])
            self._set_writes.wrote(key, new)
        except AlreadyExists:
            found = await self._client.get(
                REPLICA_SETS, body["metadata"]["name"], deployment["metadata"]["namespace"]
            )
            if not is_controlled_by(found, deployment) or (
                revisions.template_of(found) != revisions.template_of(deployment)
            ):
                await self._count_collision(key, deployment, collisions + 1)
                return deployment, sets
            new, existed = found, True
        except ApiError as error:
            await self._creation_failed(key, deployment, body["metadata"]["name"], error)
            raise
        name = new["metadata"]["name"]
        if not existed and replicas:
            message = f"Scaled up replica set {name} from 0 to {replicas}"
            self._events.event(deployment, NORMAL, "ScalingReplicaSet", message)
        deployment = await self._note_revision(key, deployment, annotations[revisions.REVISION])
        if not existed and status.deadline_seconds(deployment) is not None:
            words = ("True", "NewReplicaSetCreated", f'Created new replica set "{name}"')
            deployment = await self._note_progress(key, deployment, words)
        return deployment, plan.Sets(new, sets.old)

    async def _creation_failed(self, key: str, deployment: Object, name: str, error: ApiError) -> None:
        if is_namespace_terminating(error):
            return
        message = f'Failed to create new replica set "{name}": {error.message}'
        words = ("False", "ReplicaSetCreateError", message)
        if status.deadline_seconds(deployment) is not None:
            await self._note_progress(key, deployment, words)
        self._events.event(deployment, WARNING, "ReplicaSetCreateError", message)

    async def _count_collision(self, key: str, deployment: Object, collisions: int) -> None:
        changed = {**part(deployment, "status"), "collisionCount": collisions}
        await self._write_status(key, deployment, changed)
        self.controller.queue.add(key)

    async def _note_revision(self, key: str, deployment: Object, revision: str) -> Object:
        annotations = part(deployment, "metadata", "annotations")
        if annotations.get(revisions.REVISION) == revision:
            return deployment
        metadata = {
            **deployment["metadata"],
            "annotations": {**annotations, revisions.REVISION: revision},
        }
        written = await self._client.update(DEPLOYMENTS, {**deployment, "metadata": metadata})
        self._own_writes.wrote(key, written)
        return written

    async def _note_progress(self, key: str, deployment: Object, words: tuple[str, str, str]) -> Object:
        changed = {**part(deployment, "status")}
        status.set_condition(changed, "Progressing", words, self._clock.now())
        return await self._write_status(key, deployment, changed)

    async def _scale_all(
        self, key: str, deployment: Object, steps: list[plan.Scale], sets: plan.Sets | None = None
    ) -> plan.Sets:
        scaled = await asyncio.gather(*(self._scale(key, deployment, step) for step in steps))
        fresh = {one["metadata"]["uid"]: one for one in scaled}
        if sets is None:
            return plan.Sets(None, ())
        new = fresh.get(sets.new["metadata"]["uid"], sets.new) if sets.new else None
        return plan.Sets(new, tuple(fresh.get(one["metadata"]["uid"], one) for one in sets.old))

    async def _scale(self, key: str, deployment: Object, step: plan.Scale) -> Object:
        one, before = step.replica_set, plan.replicas_of(step.replica_set)
        annotations = self._sized(deployment, part(one, "metadata", "annotations"))
        if before == step.replicas and annotations == part(one, "metadata", "annotations"):
            return one
        written = await self._client.update(
            REPLICA_SETS,
            {
                **one,
                "metadata": {**one["metadata"], "annotations": annotations},
                "spec": {**one["spec"], "replicas": step.replicas},
            },
        )
        self._set_writes.wrote(key, written)
        if before != step.replicas:
            way = "up" if before < step.replicas else "down"
            name = one["metadata"]["name"]
            message = f"Scaled {way} replica set {name} from {before} to {step.replicas}"
            self._events.event(deployment, NORMAL, "ScalingReplicaSet", message)
        return written

    def _sized(self, deployment: Object, annotations: dict[str, str]) -> dict[str, str]:
        wanted = plan.replicas_of(deployment)
        largest = wanted + plan.fenceposts(deployment)[0]
        return {**annotations, plan.DESIRED_REPLICAS: str(wanted), plan.MAX_REPLICAS: str(largest)}

    async def _clean_up(self, deployment: Object, sets: plan.Sets) -> None:
        for one in plan.expendable(deployment, sets.old):
            metadata = one["metadata"]
            try:
                await self._client.delete(
                    REPLICA_SETS, metadata["name"], metadata["namespace"], uid=metadata["uid"]
                )
            except NotFound:
                continue

    async def _report(self, key: str, deployment: Object, sets: plan.Sets) -> float | None:
        wanted = status.with_conditions(deployment, sets, self._clock.now())
        if wanted != part(deployment, "status"):
            deployment = await self._write_status(key, deployment, wanted)
        return status.next_look_seconds(deployment, wanted, self._clock.now())

    async def _report_counts(self, key: str, deployment: Object, sets: plan.Sets) -> None:
        wanted = status.counts(deployment, sets)
        status.set_available(deployment, sets, wanted, self._clock.now())
        if wanted != part(deployment, "status"):
            await self._write_status(key, deployment, wanted)

    async def _write_status(self, key: str, deployment: Object, wanted: Object) -> Object:
        written = await self._client.update(
            DEPLOYMENTS, {**deployment, "status": wanted}, subresource="status"
        )
        self._own_writes.wrote(key, written)
        return written

    def _deployment_changed(self, old: Object | None, new: Object | None) -> None:
        self.controller.queue.add(key_of(new or old or {}))

    def _set_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old or {}
        reference = controller_of(item)
        if reference is not None:
            if reference.get("kind") == "Deployment":
                self.controller.queue.add(f"{item['metadata']['namespace']}/{reference['name']}")
        elif new is not None:
            self._offer(new)

    def _offer(self, orphan: Object) -> None:
        labels, namespace = orphan["metadata"].get("labels"), orphan["metadata"]["namespace"]
        for deployment in self._deployments:
            selector = LabelSelector.from_object(part(deployment, "spec").get("selector"))
            if deployment["metadata"]["namespace"] == namespace and selector.matches(labels):
                self.controller.queue.add(key_of(deployment))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        """Recreate waits for the last old pod to go."""
        if new is not None and not (old is not None and is_finished(new) and not is_finished(old)):
            return
        pod = new or old or {}
        reference = controller_of(pod)
        owner = self._sets.get(f"{pod['metadata']['namespace']}/{reference['name']}") if reference else None
        above = controller_of(owner) if owner else None
        if owner is None or above is None:
            return
        key = f"{owner['metadata']['namespace']}/{above['name']}"
        deployment = self._deployments.get(key)
        if deployment is not None and not plan.is_rolling(deployment):
            self.controller.queue.add(key)
