"""Puts a pod of each DaemonSet on every node that should have one, and rolls new templates out.

A pod is bound to its node by a node affinity; the scheduler places it. Upstream: pkg/controller/daemon.
"""

from datetime import datetime, timedelta

from kubeade.api.errors import ApiError, NotFound
from kubeade.api.ownership import controller_of, is_being_deleted
from kubeade.api.parts import number, part, text
from kubeade.api.resource import Object
from kubeade.api.resources import DAEMON_SETS, NODES, PODS
from kubeade.api.revisions import POD_REVISION_LABEL as REVISION_LABEL
from kubeade.api.selectors import LabelSelector
from kubeade.controllers.daemonset import plan
from kubeade.controllers.daemonset.pods import by_node, fit, target_node, template_for
from kubeade.lib.backoff import Backoff
from kubeade.reconcile.claims import OWNER_INDEX, Claims, owner_values
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL, WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites
from kubeade.reconcile.pod_control import PodControl, is_namespace_terminating, pod_from_template
from kubeade.reconcile.revisions import History, Revisions
from kubeade.reconcile.slow_start import slow_start

FAILED_POD_BACKOFF = Backoff(initial_seconds=1.0, limit_seconds=900.0)


class DaemonSetController:
    """One key is one DaemonSet."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock, self._events = environment.client, environment.clock, environment.events
        self._sets = environment.informers.of(DAEMON_SETS)
        self._nodes = environment.informers.of(NODES)
        self._pods = environment.informers.of(PODS)
        self._pods.add_index(OWNER_INDEX, owner_values)
        self._writes, self._own_status = OwnWrites(self._pods), OwnWrites(self._sets)
        self._pod_control = PodControl(environment, self._writes)
        self._claims = Claims(environment.client, PODS, DAEMON_SETS)
        self._revisions = Revisions(environment, DAEMON_SETS, REVISION_LABEL)
        self._failures: dict[tuple[str, str], tuple[int, datetime]] = {}
        self.controller = Controller("daemonset", self)
        self._sets.add_handler(self._set_changed)
        self._pods.add_handler(self._pod_changed)
        self._nodes.add_handler(self._node_changed)

    async def reconcile(self, key: str) -> float | None:
        daemon_set = self._sets.get(key)
        if daemon_set is None:
            self._forget(key)
            return None
        if wait_seconds := self._wait_seconds(key):
            return wait_seconds
        selector = LabelSelector.from_object(part(daemon_set, "spec").get("selector"))
        if selector.everything:
            message = "This daemon set is selecting all pods. A non-empty selector is required."
            self._events.event(daemon_set, WARNING, "SelectingAll", message)
            return None
        if is_being_deleted(daemon_set):
            return None
        history = await self._revisions.sync(key, daemon_set, selector)
        pods = by_node(await self._claims.claim(self._pods, daemon_set, selector))
        digest = text(history.update, "metadata", "labels", REVISION_LABEL)
        view = plan.view(daemon_set, self._nodes, pods, digest, self._clock.now())
        return await self._sync(key, view, history)

    def _wait_seconds(self, key: str) -> float | None:
        return (
            self._writes.wait_seconds(key)
            or self._own_status.wait_seconds(key)
            or self._revisions.wait_seconds(key)
        )

    async def _sync(self, key: str, view: plan.View, history: History) -> float | None:
        error, retry_seconds = None, None
        try:
            retry_seconds = await self._manage(key, view)
            await self._revisions.trim(view.daemon_set, history, _live(view, history))
        except ApiError as caught:
            error = caught
        await self._report(key, view, history.collisions)
        if error is not None and not is_namespace_terminating(error):
            raise error
        waits = [seconds for seconds in (retry_seconds, plan.next_look_seconds(view)) if seconds is not None]
        return min(waits, default=None)

    async def _manage(self, key: str, view: plan.View) -> float | None:
        """Seconds until a failed pod that is left lying may be replaced."""
        todo = plan.plan(view)
        failed, retry_seconds = self._due(key, view.daemon_set, todo.failed)
        if not todo and not failed:
            todo = plan.rolling_plan(view)
        for pod in (*failed, *todo.succeeded):
            self._tell_of_end(view.daemon_set, pod)
        await self._create(key, view, todo.create)
        doomed = (*todo.delete, *failed, *todo.succeeded)
        await self._pod_control.delete_all(key, view.daemon_set, doomed)
        return retry_seconds

    async def _create(self, key: str, view: plan.View, nodes: tuple[str, ...]) -> None:
        async def create(number: int) -> None:
            template = template_for(view.daemon_set, view.digest, nodes[number])
            await self._pod_control.create(key, view.daemon_set, pod_from_template(template, view.daemon_set))

        await slow_start(len(nodes), create)

    def _due(
        self, key: str, daemon_set: Object, failed: tuple[Object, ...]
    ) -> tuple[list[Object], float | None]:
        """Of the failed pods those whose back-off is over, and the wait for the next of the others."""
        now, due, waits = self._clock.now(), [], []
        for pod in failed:
            place = (key, target_node(pod))
            count, since = self._failures.get(place, (0, now))
            left = timedelta(seconds=FAILED_POD_BACKOFF.delay_seconds(count)) - (now - since)
            if count and left > timedelta():
                waits.append(left.total_seconds())
                continue
            self._failures[place] = (count + 1, now)
            due.append(pod)
        return due, min(waits, default=None)

    def _forget(self, key: str) -> None:
        for place in [place for place in self._failures if place[0] == key]:
            del self._failures[place]

    def _tell_of_end(self, daemon_set: Object, pod: Object) -> None:
        metadata, node = pod["metadata"], target_node(pod)
        where = f"daemon pod {metadata['namespace']}/{metadata['name']} on node {node}"
        if text(pod, "status", "phase") == "Failed":
            message = f"Found failed {where}, will try to kill it"
            self._events.event(daemon_set, WARNING, "FailedDaemonPod", message)
        else:
            message = f"Found succeeded {where}, will try to delete it"
            self._events.event(daemon_set, NORMAL, "SucceededDaemonPod", message)

    async def _report(self, key: str, view: plan.View, collisions: int) -> None:
        status = plan.status_of(view, collisions)
        if status == part(view.daemon_set, "status"):
            return
        body = {**view.daemon_set, "status": status}
        try:
            written = await self._client.update(DAEMON_SETS, body, subresource="status")
        except NotFound:
            return
        self._own_status.wrote(key, written)

    def _set_changed(self, old: Object | None, new: Object | None) -> None:
        changed = (
            old and new and number(old, "metadata", "generation") != number(new, "metadata", "generation")
        )
        if changed:
            self._forget(key_of(new or {}))
        self.controller.queue.add(key_of(new or old or {}))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for pod in (old, new):
            reference = controller_of(pod) if pod is not None else None
            if pod is not None and reference is not None and reference.get("kind") == "DaemonSet":
                self.controller.queue.add(f"{pod['metadata']['namespace']}/{reference['name']}")
        if new is not None and controller_of(new) is None:
            self._offer(new)

    def _offer(self, orphan: Object) -> None:
        labels, namespace = orphan["metadata"].get("labels"), orphan["metadata"]["namespace"]
        for daemon_set in self._sets:
            selector = LabelSelector.from_object(part(daemon_set, "spec").get("selector"))
            if labels and daemon_set["metadata"]["namespace"] == namespace and selector.matches(labels):
                self.controller.queue.add(key_of(daemon_set))

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        """Nodes report often; only what changes where pods may run is news."""
        for daemon_set in self._sets:
            before, after = (fit(daemon_set, node) if node is not None else None for node in (old, new))
            if before != after:
                self.controller.queue.add(key_of(daemon_set))


def _live(view: plan.View, history: History) -> set[str]:
    """Names of the revisions that pods still run."""
    pods = [pod for on_node in view.pods.values() for pod in on_node]
    digests = {text(pod, "metadata", "labels", REVISION_LABEL) for pod in pods}
    return {
        one["metadata"]["name"]
        for one in history.old
        if text(one, "metadata", "labels", REVISION_LABEL) in digests
    }
