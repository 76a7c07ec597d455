"""Gives Services of type LoadBalancer what the provider has, and takes it back when they no longer want it.

A finalizer keeps the Service until its balancer is given back, so that nothing is left behind in the cloud.
"""

from kubeade.api.errors import NotFound
from kubeade.api.parts import part, values
from kubeade.api.resource import Object
from kubeade.api.resources import NODES, SERVICES
from kubeade.client.client import Client
from kubeade.cloud.load_balancing import FINALIZER, has_finalizer, is_ours, takes_traffic, wants_balancer
from kubeade.cloud.provider import CloudError, LoadBalancers
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.events import NORMAL, WARNING, EventRecorder
from kubeade.reconcile.informer import Informers, key_of


class ServiceController:
    """One key is one Service."""

    def __init__(
        self, client: Client, informers: Informers, events: EventRecorder, balancers: LoadBalancers
    ) -> None:
        self._client = client
        self._services = informers.of(SERVICES)
        self._nodes = informers.of(NODES)
        self._events = events
        self._balancers = balancers
        self.controller = Controller("service", self)
        self._services.add_handler(self._changed)
        self._nodes.add_handler(self._node_changed)

    async def reconcile(self, key: str) -> float | None:
        service = self._services.get(key)
        if service is None or not is_ours(service):
            return None
        try:
            if wants_balancer(service):
                await self._ensure(service)
            elif has_finalizer(service):
                await self._give_back(service)
        except CloudError as error:
            self._events.event(
                service, WARNING, "SyncLoadBalancerFailed", f"Error syncing load balancer: {error}"
            )
            raise OSError(str(error)) from error
        except NotFound:
            return None
        return None

    async def _ensure(self, service: Object) -> None:
        if not has_finalizer(service):
            finalizers = [*values(service, "metadata", "finalizers"), FINALIZER]
            service = await self._patch(service, {"finalizers": finalizers})
        known = part(service, "status", "loadBalancer")
        nodes = [node for node in self._nodes if takes_traffic(node)]
        status = await self._balancers.ensure(service, nodes)
        if status != known:
            self._events.event(service, NORMAL, "EnsuringLoadBalancer", "Ensuring load balancer")
            await self._set_status(service, status)
            self._events.event(service, NORMAL, "EnsuredLoadBalancer", "Ensured load balancer")

    async def _give_back(self, service: Object) -> None:
        self._events.event(service, NORMAL, "DeletingLoadBalancer", "Deleting load balancer")
        await self._balancers.delete(service)
        if part(service, "status", "loadBalancer"):
            await self._set_status(service, {"ingress": None})
        left = [one for one in values(service, "metadata", "finalizers") if one != FINALIZER]
        await self._patch(service, {"finalizers": left or None})
        self._events.event(service, NORMAL, "DeletedLoadBalancer", "Deleted load balancer")

    async def _patch(self, service: Object, change: Object) -> Object:
        """Change metadata, unless somebody changed the Service meanwhile (then: Conflict, and again)."""
        metadata = service["metadata"]
        body = {"metadata": {**change, "resourceVersion": metadata["resourceVersion"]}}
        return await self._client.patch(SERVICES, metadata["name"], body, metadata["namespace"])

    async def _set_status(self, service: Object, status: Object) -> None:
        metadata, body = service["metadata"], {"status": {"loadBalancer": status}}
        await self._client.patch(
            SERVICES, metadata["name"], body, metadata["namespace"], subresource="status"
        )

    def _changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and (wants_balancer(new) or has_finalizer(new)):
            self.controller.queue.add(key_of(new))

    def _node_changed(self, old: Object | None, new: Object | None) -> None:
        """Balancers follow the set of nodes, not their heartbeats."""
        if bool(old and takes_traffic(old)) != bool(new and takes_traffic(new)):
            for service in self._services:
                self._changed(None, service)
