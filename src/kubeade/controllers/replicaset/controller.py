"""Creates and deletes pods until as many run as ordered, and reports what is there.

One class serves ReplicaSets and ReplicationControllers: they differ in the form of their selector only.
Upstream: pkg/controller/replicaset.
"""

from kubeade.api.errors import ApiError, NotFound
from kubeade.api.ownership import controller_of, is_being_deleted
from kubeade.api.parts import part
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import PODS
from kubeade.api.selectors import LabelSelector
from kubeade.controllers.replicaset import plan
from kubeade.reconcile.claims import OWNER_INDEX, Claims, owned_by, owner_values
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites
from kubeade.reconcile.pod_control import PodControl, is_namespace_terminating, pod_from_template
from kubeade.reconcile.slow_start import slow_start


class ReplicaSetController:
    """One key is one object of `resource`."""

    def __init__(self, environment: Environment, resource: Resource) -> None:
        self._resource = resource
        self._client, self._clock = environment.client, environment.clock
        self._owners = environment.informers.of(resource)
        self._pods = environment.informers.of(PODS)
        self._pods.add_index(OWNER_INDEX, owner_values)
        self._owners.add_index(OWNER_INDEX, owner_values)
        self._writes = OwnWrites(self._pods)
        self._own_status = OwnWrites(self._owners)
        self._pod_control = PodControl(environment, self._writes)
        self._claims = Claims(environment.client, PODS, resource)
        self.controller = Controller(resource.plural, self)
        self._owners.add_handler(self._owner_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        owner = self._owners.get(key)
        if owner is None:
            return None
        if wait_seconds := self._writes.wait_seconds(key) or self._own_status.wait_seconds(key):
            return wait_seconds
        selector = selector_of(owner)
        pods = await self._claims.claim(self._pods, owner, selector)
        failure = error = None
        if not is_being_deleted(owner):
            failure, error = await self._manage(key, owner, pods)
        again_seconds = await self._report(key, owner, pods, failure)
        if error is not None and not is_namespace_terminating(error):
            raise error
        return again_seconds

    async def _manage(
        self, key: str, owner: Object, pods: list[Object]
    ) -> tuple[tuple[str, str] | None, ApiError | None]:
        todo = plan.plan(owner, pods, self._related(owner, pods), self._clock.now())
        try:
            if todo.create:
                await self._create(key, owner, todo.create)
            if todo.delete:
                await self._pod_control.delete_all(key, owner, todo.delete)
        except ApiError as error:
            return plan.failure_of(owner, todo, error.message), error
        return None, None

    async def _create(self, key: str, owner: Object, count: int) -> None:
        async def create(number: int) -> None:
            pod = pod_from_template(owner["spec"]["template"], owner)
            await self._pod_control.create(key, owner, pod)

        await slow_start(count, create)

    def _related(self, owner: Object, pods: list[Object]) -> list[Object]:
        reference = controller_of(owner)
        if reference is None:
            return pods
        siblings = self._owners.by_index(OWNER_INDEX, reference["uid"])
        return [pod for sibling in siblings for pod in owned_by(self._pods, sibling)]

    async def _report(
        self, key: str, owner: Object, pods: list[Object], failure: tuple[str, str] | None
    ) -> float | None:
        now = self._clock.now()
        status = plan.status_of(owner, pods, failure, now)
        if status != part(owner, "status"):
            try:
                written = await self._client.update(
                    self._resource, {**owner, "status": status}, subresource="status"
                )
            except NotFound:
                return None
            self._own_status.wrote(key, written)
        return plan.next_look_seconds(owner, pods, now)

    def _owner_changed(self, old: Object | None, new: Object | None) -> None:
        self.controller.queue.add(key_of(new or old or {}))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        references = [controller_of(pod) for pod in (old, new) if pod is not None]
        for reference in references:
            if reference is not None and reference.get("kind") == self._resource.kind:
                pod = new or old or {}
                self.controller.queue.add(f"{pod['metadata']['namespace']}/{reference['name']}")
        if new is not None and controller_of(new) is None:
            self._offer(new)

    def _offer(self, orphan: Object) -> None:
        """Every owner whose selector matches may want to adopt it."""
        labels = orphan["metadata"].get("labels")
        if not labels:
            return
        for owner in self._owners:
            same = owner["metadata"]["namespace"] == orphan["metadata"]["namespace"]
            if same and selector_of(owner).matches(labels):
                self.controller.queue.add(key_of(owner))


def selector_of(owner: Object) -> LabelSelector:
    """Of a ReplicaSet (LabelSelector) or a ReplicationController (labels). Empty selects nothing."""
    selector = part(owner, "spec").get("selector") or None
    if owner["kind"] == "ReplicationController" and selector:
        return LabelSelector.from_labels(selector)
    return LabelSelector.from_object(selector)
