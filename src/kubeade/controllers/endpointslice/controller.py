"""Keeps the EndpointSlices of every Service that has a selector. Upstream: pkg/controller/endpointslice."""

import asyncio

from kubeade.api.errors import ApiError, NotFound
from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, text
from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINT_SLICES, NODES, PODS, SERVICES
from kubeade.api.selectors import LabelSelector
from kubeade.api.service_endpoints import relevant_state
from kubeade.controllers.endpointslice import plan
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites
from kubeade.reconcile.pod_control import is_namespace_terminating

SERVICE_INDEX = "service"
NAMESPACE_INDEX = "namespace"


class EndpointSliceController:
    """One key is one Service."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._events = environment.client, environment.events
        self._services = environment.informers.of(SERVICES)
        self._pods = environment.informers.of(PODS)
        self._slices = environment.informers.of(ENDPOINT_SLICES)
        self._nodes = environment.informers.of(NODES)
        self._slices.add_index(SERVICE_INDEX, lambda one: [_service_key(one)])
        self._services.add_index(NAMESPACE_INDEX, lambda one: [one["metadata"]["namespace"]])
        self._pods.add_index(NAMESPACE_INDEX, lambda one: [one["metadata"]["namespace"]])
        self._writes = OwnWrites(self._slices)
        self._triggers: dict[str, str] = {}
        self.controller = Controller("endpointslice", self)
        self._services.add_handler(self._service_changed)
        self._pods.add_handler(self._pod_changed)
        self._slices.add_handler(self._slice_changed)
        self._nodes.add_handler(self._node_changed)

    async def reconcile(self, key: str) -> float | None:
        service = self._services.get(key)
        if service is None or not part(service, "spec").get("selector"):
            self._triggers.pop(key, None)
            return None
        if wait_seconds := self._writes.wait_seconds(key):
            return wait_seconds
        if is_being_deleted(service):
            return None
        todo = self._plan(key, service)
        try:
            await self._act(key, service, todo)
        except ApiError as error:
            if is_namespace_terminating(error):
                return None
            message = f"Error updating Endpoint Slices for Service {key}: {error.message}"
            self._events.event(service, WARNING, "FailedToUpdateEndpointSlices", message)
            raise
        return None

    def _plan(self, key: str, service: Object) -> plan.Plan:
        existing = [
            one
            for one in self._slices.by_index(SERVICE_INDEX, key)
            if text(one, "metadata", "labels", plan.MANAGED_BY) == plan.MANAGER
        ]
        if text(service, "spec", "type") == "ExternalName":
            return plan.Plan(delete=existing)
        selector = LabelSelector.from_labels(part(service, "spec", "selector"))
        namespace = service["metadata"]["namespace"]
        pods = [
            pod
            for pod in self._pods.by_index(NAMESPACE_INDEX, namespace)
            if selector.matches(pod["metadata"].get("labels"))
        ]
        return plan.plan(service, pods, self._zone_of, existing, self._triggers.pop(key, ""))

    def _zone_of(self, node: str) -> str:
        return text(self._nodes.get(node), "metadata", "labels", plan.ZONE)

    async def _act(self, key: str, service: Object, todo: plan.Plan) -> None:
        namespace = service["metadata"]["namespace"]

        async def create(one: Object) -> None:
            self._writes.wrote(key, await self._client.create(ENDPOINT_SLICES, one, namespace))

        async def update(one: Object) -> None:
            self._writes.wrote(key, await self._client.update(ENDPOINT_SLICES, one))

        async def delete(one: Object) -> None:
            try:
                await self._client.delete(ENDPOINT_SLICES, one["metadata"]["name"], namespace)
            except NotFound:
                return
            self._writes.deleted(key, one)

        await asyncio.gather(
            *(create(one) for one in todo.create),
            *(update(one) for one in todo.update),
            *(delete(one) for one in todo.delete),
        )

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old or {}
        key = key_of(item)
        if old is None:
            self._note_trigger(key, text(item, "metadata", "creationTimestamp"))
        self.controller.queue.add(key)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and relevant_state(old) == relevant_state(new):
            return
        pod = new or old or {}
        labels = [item["metadata"].get("labels") for item in (old, new) if item is not None]
        for service in self._services.by_index(NAMESPACE_INDEX, pod["metadata"]["namespace"]):
            selector = part(service, "spec", "selector")
            if selector and any(selector.items() <= (one or {}).items() for one in labels):
                self._note_trigger(key_of(service), _trigger_time(pod))
                self.controller.queue.add(key_of(service))

    def _note_trigger(self, key: str, moment: str) -> None:
        """The earliest change since the last write counts."""
        known = self._triggers.get(key)
        if moment and (known is None or moment < known):
            self._triggers[key] = moment

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old or {}
        if text(item, "metadata", "labels", plan.MANAGED_BY) == plan.MANAGER or old is not None:
            self.controller.queue.add(_service_key(item))

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        """A node's zone is part of every endpoint on it."""
        if text(old, "metadata", "labels", plan.ZONE) != text(new, "metadata", "labels", plan.ZONE):
            for service in self._services:
                self.controller.queue.add(key_of(service))


def _service_key(one: Object) -> str:
    return f"{one['metadata']['namespace']}/{text(one, 'metadata', 'labels', plan.SERVICE_NAME)}"


def _trigger_time(pod: Object) -> str:
    """When the pod became what it is: its deletion, or the change of its readiness."""
    if pod["metadata"].get("deletionTimestamp"):
        return str(pod["metadata"]["deletionTimestamp"])
    ready = condition(pod, "Ready") or {}
    return str(ready.get("lastTransitionTime") or pod["metadata"].get("creationTimestamp") or "")
