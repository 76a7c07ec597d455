"""Empties a namespace that is being deleted, then lets it go.

Everything that discovery lists as namespaced and deletable goes, custom resources too; pods go first and
must be gone before the rest follows, so that no pod outlives the policies that restrain it. The namespace
keeps its `kubernetes` finalizer until nothing is left. Upstream: pkg/controller/namespace.
"""

import asyncio

from kubeade.api.errors import ApiError, Conflict, MethodNotAllowed, NotFound
from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, values
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import NAMESPACES, PODS
from kubeade.client.client import decode_body
from kubeade.client.discovery import discover
from kubeade.controllers.namespace import plan
from kubeade.lib.backoff import Backoff
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment

LOOK_AGAIN = Backoff(initial_seconds=0.05, limit_seconds=5.0)
BACKGROUND = b'{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"}'


class NamespaceController:
    """One key is one namespace."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._clock = environment.client, environment.clock
        self._metadata_client = environment.client.metadata_only()
        self._namespaces = environment.informers.of(NAMESPACES)
        self._looks: dict[str, int] = {}
        self.controller = Controller("namespace", self, workers=10)
        self._namespaces.add_handler(self._namespace_changed)
        environment.informers.of(PODS).add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        namespace = self._namespaces.get(key)
        if namespace is None or not is_being_deleted(namespace):
            self._looks.pop(key, None)
            return None
        try:
            fresh = await self._client.get(NAMESPACES, key)
            if fresh["metadata"]["uid"] != namespace["metadata"]["uid"]:
                return None
            if plan.FINALIZER not in values(fresh, "spec", "finalizers"):
                return None
            return await self._empty(key, fresh)
        except NotFound:
            return None

    async def _empty(self, key: str, namespace: Object) -> float | None:
        remains = plan.Remains()
        if not part(namespace, "status").get("conditions"):
            # Our own write comes after all that were admitted before the deletion was known: what is listed
            # from here on is all that there will be.
            namespace = await self._report(namespace, remains)
        try:
            found = await discover(self._client)
            resources, remains.discovery_error = found.resources, plan.discovery_error(found.failures)
        except ApiError as error:
            remains.discovery_error = error.message
            resources = []
        await self._delete_content(key, resources, remains)
        namespace = await self._report(namespace, remains)
        if remains.nothing:
            await self._finalize(namespace)
            self._looks.pop(key, None)
            return None
        self._looks[key] = self._looks.get(key, 0) + 1
        return LOOK_AGAIN.delay_seconds(self._looks[key])

    async def _delete_content(
        self, namespace: str, resources: list[tuple[Resource, list[str]]], remains: plan.Remains
    ) -> None:
        deletable = [
            (one, verbs)
            for one, verbs in resources
            if one.namespaced and "delete" in verbs and "list" in verbs and one.plural != "events"
        ]
        events = [(one, verbs) for one, verbs in resources if one.plural == "events" and not one.group]
        pods = [pair for pair in deletable if pair[0] == PODS]
        await self._delete_each(namespace, pods, remains)
        if remains.instances:
            return
        await self._delete_each(namespace, [pair for pair in deletable if pair[0] != PODS], remains)
        await self._delete_each(namespace, events, remains)

    async def _delete_each(
        self, namespace: str, resources: list[tuple[Resource, list[str]]], remains: plan.Remains
    ) -> None:
        calls = [self._delete_all(namespace, one, verbs, remains) for one, verbs in resources]
        await asyncio.gather(*calls)

    async def _delete_all(
        self, namespace: str, resource: Resource, verbs: list[str], remains: plan.Remains
    ) -> None:
        try:
            items = (await self._metadata_client.list(resource, namespace)).items
            if not items:
                return
            if "deletecollection" in verbs:
                await decode_body(await self._client.raw("DELETE", resource.path(namespace), body=BACKGROUND))
            else:
                await self._delete_singly(namespace, resource, items)
            items = (await self._metadata_client.list(resource, namespace)).items
        except (NotFound, MethodNotAllowed):
            return  # the resource itself went away meanwhile
        except ApiError as error:
            remains.errors.append(error.message)
            return
        remains.count(f"{resource.plural}.{resource.group}", items)

    async def _delete_singly(self, namespace: str, resource: Resource, items: list[Object]) -> None:
        for item in items:
            try:
                await self._client.delete(
                    resource, item["metadata"]["name"], namespace, propagation_policy="Background"
                )
            except NotFound:
                continue

    async def _report(self, namespace: Object, remains: plan.Remains) -> Object:
        status = {
            **part(namespace, "status"),
            "phase": "Terminating",
            "conditions": plan.conditions(namespace, remains, self._clock.now()),
        }
        if status == part(namespace, "status"):
            return namespace
        return await self._client.update(NAMESPACES, {**namespace, "status": status}, subresource="status")

    async def _finalize(self, namespace: Object) -> None:
        left = [one for one in values(namespace, "spec", "finalizers") if one != plan.FINALIZER]
        spec = {**part(namespace, "spec"), "finalizers": left}
        try:
            await self._client.update(NAMESPACES, {**namespace, "spec": spec}, subresource="finalize")
        except Conflict:
            self.controller.queue.add(namespace["metadata"]["name"])

    def _namespace_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None:
            self._looks.pop(old["metadata"]["name"], None)
        began = old is None or not is_being_deleted(old)
        if new is not None and is_being_deleted(new) and began:
            self.controller.queue.add(new["metadata"]["name"])

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None:
            name = old["metadata"]["namespace"]
            namespace = self._namespaces.get(name)
            if namespace is not None and is_being_deleted(namespace):
                self.controller.queue.add(name)
