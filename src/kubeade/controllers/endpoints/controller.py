"""Keeps the Endpoints of every Service that has a selector. Upstream: pkg/controller/endpoint."""

from kubeade.api.errors import AlreadyExists, ApiError, NotFound
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINTS, PODS, SERVICES
from kubeade.api.selectors import LabelSelector
from kubeade.api.service_endpoints import relevant_state
from kubeade.controllers.endpoints import plan
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites
from kubeade.reconcile.pod_control import is_namespace_terminating

NAMESPACE_INDEX = "namespace"


class EndpointsController:
    """One key is one Service."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._events = environment.client, environment.events
        self._services = environment.informers.of(SERVICES)
        self._pods = environment.informers.of(PODS)
        self._endpoints = environment.informers.of(ENDPOINTS)
        self._services.add_index(NAMESPACE_INDEX, lambda one: [one["metadata"]["namespace"]])
        self._pods.add_index(NAMESPACE_INDEX, lambda one: [one["metadata"]["namespace"]])
        self._writes = OwnWrites(self._endpoints)
        self.controller = Controller("endpoint", self)
        self._services.add_handler(self._named_changed)
        self._endpoints.add_handler(self._named_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        if wait_seconds := self._writes.wait_seconds(key):
            return wait_seconds
        service, current = self._services.get(key), self._endpoints.get(key)
        if service is None:
            await self._remove(key, current)
            return None
        if not part(service, "spec").get("selector") or text(service, "spec", "type") == "ExternalName":
            return None
        wanted = plan.plan(service, self._pods_of(service), current, _trigger_time(service))
        if wanted is None:
            return None
        try:
            await self._write(key, wanted, new=current is None)
        except ApiError as error:
            if is_namespace_terminating(error):
                return None
            verb = "create" if current is None else "update"
            message = f"Failed to {verb} endpoint {key}: {error.message}"
            self._events.event(service, WARNING, f"FailedTo{verb.title()}Endpoint", message)
            raise
        return None

    def _pods_of(self, service: Object) -> list[Object]:
        selector = LabelSelector.from_labels(part(service, "spec", "selector"))
        pods = self._pods.by_index(NAMESPACE_INDEX, service["metadata"]["namespace"])
        return [pod for pod in pods if selector.matches(pod["metadata"].get("labels"))]

    async def _write(self, key: str, wanted: Object, *, new: bool) -> None:
        namespace = wanted["metadata"]["namespace"]
        try:
            if new:
                self._writes.wrote(key, await self._client.create(ENDPOINTS, wanted, namespace))
            else:
                self._writes.wrote(key, await self._client.update(ENDPOINTS, wanted))
        except AlreadyExists:
            self.controller.queue.add_rate_limited(key)

    async def _remove(self, key: str, current: Object | None) -> None:
        """Only what this controller made goes with its Service: others keep theirs under the same name."""
        if current is None or text(current, "metadata", "labels", plan.MANAGED_BY) != plan.MANAGER:
            return
        metadata = current["metadata"]
        try:
            await self._client.delete(ENDPOINTS, metadata["name"], metadata["namespace"], uid=metadata["uid"])
        except NotFound:
            return

    def _named_changed(self, old: Object | None, new: Object | None) -> None:
        self.controller.queue.add(key_of(new or old or {}))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and relevant_state(old) == relevant_state(new):
            return
        pod = new or old or {}
        labels = [item["metadata"].get("labels") or {} for item in (old, new) if item is not None]
        for service in self._services.by_index(NAMESPACE_INDEX, pod["metadata"]["namespace"]):
            selector = part(service, "spec", "selector")
            if selector and any(selector.items() <= one.items() for one in labels):
                self.controller.queue.add(key_of(service))


def _trigger_time(service: Object) -> str:
    return text(service, "metadata", "creationTimestamp")
