"""Makes and deletes the numbered pods of StatefulSets in order, with their claims, and rolls templates out.

Upstream: pkg/controller/statefulset.
"""

from kubeade.api.errors import AlreadyExists, ApiError, NotFound
from kubeade.api.ownership import controller_of, is_being_deleted
from kubeade.api.parts import part, parts
from kubeade.api.resource import Object
from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS
from kubeade.api.revisions import template_of
from kubeade.api.selectors import LabelSelector
from kubeade.controllers.statefulset import plan
from kubeade.controllers.statefulset.identity import (
    claim_owners,
    claims_of,
    identified,
    ordinal_of,
    revision_of,
)
from kubeade.reconcile.claims import OWNER_INDEX, Claims, owner_values
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL, WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites
from kubeade.reconcile.pod_control import is_namespace_terminating, pod_from_template
from kubeade.reconcile.revisions import Revisions
from kubeade.reconcile.slow_start import slow_start

STALE_CLAIM_SECONDS = 1.0


class StatefulSetController:
    """One key is one StatefulSet."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock, self._events = environment.client, environment.clock, environment.events
        self._sets = environment.informers.of(STATEFUL_SETS)
        self._pods = environment.informers.of(PODS)
        self._volume_claims = environment.informers.of(PERSISTENT_VOLUME_CLAIMS)
        self._pods.add_index(OWNER_INDEX, owner_values)
        self._writes, self._own_status = OwnWrites(self._pods), OwnWrites(self._sets)
        self._claim_writes = OwnWrites(self._volume_claims)
        self._claims = Claims(environment.client, PODS, STATEFUL_SETS)
        self._revisions = Revisions(environment, STATEFUL_SETS, "controller.kubernetes.io/hash")
        self.controller = Controller("statefulset", self)
        self._sets.add_handler(self._set_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        stateful_set = self._sets.get(key)
        if stateful_set is None or is_being_deleted(stateful_set):
            return None
        if wait_seconds := self._wait_seconds(key):
            return wait_seconds
        selector = LabelSelector.from_object(part(stateful_set, "spec").get("selector"))
        pods = await self._claims.claim(self._pods, stateful_set, selector)
        history = await self._revisions.sync(key, stateful_set, selector)
        current = history.named(part(stateful_set, "status").get("currentRevision") or "") or history.update
        view = plan.view(stateful_set, pods, (current, history.update), self._clock.now())
        again_seconds, error = await self._manage(key, view)
        await self._report(key, view, history.collisions)
        if error is not None and not is_namespace_terminating(error):
            raise error
        live = {revision_of(pod) for pod in pods} | {current["metadata"]["name"]}
        await self._revisions.trim(stateful_set, history, live)
        return again_seconds

    def _wait_seconds(self, key: str) -> float | None:
        writes = (self._writes, self._own_status, self._claim_writes)
        waits = [one.wait_seconds(key) for one in writes] + [self._revisions.wait_seconds(key)]
        return max((wait for wait in waits if wait is not None), default=None)

    async def _manage(self, key: str, view: plan.View) -> tuple[float | None, ApiError | None]:
        try:
            for pod in (*view.pods.values(), *view.condemned):
                await self._keep_claims(key, view.stateful_set, pod)
            todo = plan.plan(view)
            again_seconds = await self._create_all(key, view, todo.create)
            for pod in todo.delete:
                await self._delete(key, view.stateful_set, pod)
        except ApiError as error:
            return None, error
        waits = [again_seconds, plan.next_look_seconds(view)]
        return min((wait for wait in waits if wait is not None), default=None), None

    async def _create_all(self, key: str, view: plan.View, ordinals: tuple[int, ...]) -> float | None:
        """Seconds until pods are looked at again whose claims still wait for their deletion."""
        free = [one for one in ordinals if not self._has_stale_claim(view.stateful_set, one)]

        async def create(number: int) -> None:
            await self._create(key, view, free[number])

        await slow_start(len(free), create)
        return STALE_CLAIM_SECONDS if len(free) < len(ordinals) else None

    async def _create(self, key: str, view: plan.View, ordinal: int) -> None:
        owner, revision = view.stateful_set, plan.revision_for(view, ordinal)
        base = pod_from_template(template_of(revision), owner)
        pod = identified(owner, base, revision["metadata"]["name"], ordinal)
        try:
            await self._create_claims(key, owner, pod)
            made = await self._client.create(PODS, pod, owner["metadata"]["namespace"])
        except AlreadyExists:
            raise
        except ApiError as error:
            if not is_namespace_terminating(error):
                self._tell(owner, "Create", f"Pod {pod['metadata']['name']}", error)
            raise
        self._writes.wrote(key, made)
        self._tell(owner, "Create", f"Pod {pod['metadata']['name']}")

    async def _delete(self, key: str, owner: Object, pod: Object) -> None:
        metadata = pod["metadata"]
        try:
            await self._client.delete(PODS, metadata["name"], metadata["namespace"], uid=metadata["uid"])
        except NotFound:
            pass
        except ApiError as error:
            self._tell(owner, "Delete", f"Pod {metadata['name']}", error)
            raise
        self._writes.deleted(key, pod)
        self._tell(owner, "Delete", f"Pod {metadata['name']}")

    async def _create_claims(self, key: str, owner: Object, pod: Object) -> None:
        name = pod["metadata"]["name"]
        for claim in claims_of(owner, ordinal_of(owner, pod) or 0):
            if self._volume_claims.get(key_of(claim)) is not None:
                continue
            what = f"Claim {claim['metadata']['name']} Pod {name}"
            try:
                made = await self._client.create(
                    PERSISTENT_VOLUME_CLAIMS, claim, claim["metadata"]["namespace"]
                )
            except AlreadyExists:
                continue
            except ApiError as error:
                self._tell(owner, "Create", what, error)
                raise
            self._claim_writes.wrote(key, made)
            self._tell(owner, "Create", what)

    async def _keep_claims(self, key: str, owner: Object, pod: Object) -> None:
        """Make what a pending pod misses; have the claims owned as the retention policy says."""
        if part(pod, "status").get("phase") == "Pending" and not is_being_deleted(pod):
            await self._create_claims(key, owner, pod)
        for wanted in claims_of(owner, ordinal_of(owner, pod) or 0):
            claim = self._volume_claims.get(key_of(wanted))
            if claim is None:
                continue
            references = claim_owners(owner, pod, claim)
            if references != parts(claim, "metadata", "ownerReferences"):
                metadata = {**claim["metadata"], "ownerReferences": references}
                body = {**claim, "metadata": metadata}
                written = await self._client.update(PERSISTENT_VOLUME_CLAIMS, body)
                self._claim_writes.wrote(key, written)

    def _has_stale_claim(self, owner: Object, ordinal: int) -> bool:
        """A claim that goes with a former pod of the same name, or is going already."""
        for wanted in claims_of(owner, ordinal):
            claim = self._volume_claims.get(key_of(wanted))
            if claim is not None and (
                is_being_deleted(claim)
                or any(one.get("kind") == "Pod" for one in parts(claim, "metadata", "ownerReferences"))
            ):
                return True
        return False

    def _tell(self, owner: Object, verb: str, what: str, error: ApiError | None = None) -> None:
        """`what` names a pod, or a claim of one."""
        where = f"{verb} {what} in StatefulSet {owner['metadata']['name']}"
        if error is not None:
            message = f"{where} failed error: {error.message}"
            self._events.event(owner, WARNING, f"Failed{verb}", message)
            return
        ending = "success" if what.startswith("Claim") else "successful"
        self._events.event(owner, NORMAL, f"Successful{verb}", f"{where} {ending}")

    async def _report(self, key: str, view: plan.View, collisions: int) -> None:
        status = plan.status_of(view, collisions)
        if status == part(view.stateful_set, "status"):
            return
        body = {**view.stateful_set, "status": status}
        try:
            written = await self._client.update(STATEFUL_SETS, body, subresource="status")
        except NotFound:
            return
        self._own_status.wrote(key, written)

    def _set_changed(self, old: Object | None, new: Object | None) -> None:
        self.controller.queue.add(key_of(new or old or {}))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for pod in (old, new):
            reference = controller_of(pod) if pod is not None else None
            if pod is not None and reference is not None and reference.get("kind") == "StatefulSet":
                self.controller.queue.add(f"{pod['metadata']['namespace']}/{reference['name']}")
        if new is not None and controller_of(new) is None:
            self._offer(new)

    def _offer(self, orphan: Object) -> None:
        labels, namespace = orphan["metadata"].get("labels"), orphan["metadata"]["namespace"]
        for one in self._sets:
            selector = LabelSelector.from_object(part(one, "spec").get("selector"))
            if labels and one["metadata"]["namespace"] == namespace and selector.matches(labels):
                self.controller.queue.add(key_of(one))
