"""Copies Endpoints that no selector makes into EndpointSlices, so that consumers read slices alone.

Upstream: pkg/controller/endpointslicemirroring.
"""

from kubeade.api.errors import NotFound
from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.api.resources import ENDPOINT_SLICES, ENDPOINTS, SERVICES
from kubeade.controllers.endpointslicemirroring import plan
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites

SERVICE_INDEX = "service"


class EndpointSliceMirroringController:
    """One key is one Service and its Endpoints."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._events = environment.client, environment.events
        self._services = environment.informers.of(SERVICES)
        self._endpoints = environment.informers.of(ENDPOINTS)
        self._slices = environment.informers.of(ENDPOINT_SLICES)
        self._slices.add_index(SERVICE_INDEX, lambda one: [_service_key(one)])
        self._writes = OwnWrites(self._slices)
        self.controller = Controller("endpointslice-mirroring", self)
        self._services.add_handler(self._named_changed)
        self._endpoints.add_handler(self._named_changed)
        self._slices.add_handler(self._slice_changed)

    async def reconcile(self, key: str) -> float | None:
        if wait_seconds := self._writes.wait_seconds(key):
            return wait_seconds
        listed = self._slices.by_index(SERVICE_INDEX, key)
        mirrored = [one for one in listed if _is_mirrored(one)]
        endpoints = self._endpoints.get(key)
        if endpoints is not None and plan.should_mirror(endpoints, self._services.get(key)):
            todo = plan.plan(endpoints, mirrored)
            self._tell(endpoints, todo)
        else:
            todo = plan.Plan(delete=mirrored)
        await self._act(key, todo)
        return None

    async def _act(self, key: str, todo: plan.Plan) -> None:
        for one in todo.create:
            made = await self._client.create(ENDPOINT_SLICES, one, one["metadata"]["namespace"])
            self._writes.wrote(key, made)
        for one in todo.update:
            self._writes.wrote(key, await self._client.update(ENDPOINT_SLICES, one))
        for one in todo.delete:
            metadata = one["metadata"]
            try:
                await self._client.delete(ENDPOINT_SLICES, metadata["name"], metadata["namespace"])
            except NotFound:
                continue
            self._writes.deleted(key, one)

    def _tell(self, endpoints: Object, todo: plan.Plan) -> None:
        about = {"apiVersion": "v1", "kind": "Endpoints", **endpoints}
        if todo.invalid:
            message = f"Skipped {todo.invalid} invalid IP addresses when mirroring to EndpointSlices"
            self._events.event(about, WARNING, "InvalidIPAddress", message)
        if todo.skipped:
            message = (
                f"A max of {plan.MOST_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints "
                f"subset. {todo.skipped} addresses were skipped"
            )
            self._events.event(about, WARNING, "TooManyAddressesToMirror", message)

    def _named_changed(self, old: Object | None, new: Object | None) -> None:
        self.controller.queue.add(key_of(new or old or {}))

    def _slice_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old or {}
        if _is_mirrored(item):
            self.controller.queue.add(_service_key(item))


def _is_mirrored(one: Object) -> bool:
    return text(one, "metadata", "labels", plan.MANAGED_BY) == plan.MANAGER


def _service_key(one: Object) -> str:
    return f"{one['metadata']['namespace']}/{text(one, 'metadata', 'labels', plan.SERVICE_NAME)}"
