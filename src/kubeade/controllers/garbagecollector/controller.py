"""Deletes what has no owner left, orphans what shall stay, and ends foreground deletions.

Follows the metadata of every resource that can be listed, watched and deleted, custom ones too: when the
CustomResourceDefinitions change, discovery is read again. Nothing is deleted on the word of a local copy
alone: an absent owner is asked for by name and uid first, and deletions carry the object's uid. Upstream:
pkg/controller/garbagecollector.
"""

import asyncio
import logging
from functools import partial

from kubeade.api.errors import ApiError, Conflict, NotFound
from kubeade.api.resource import Object, Resource, split_api_version
from kubeade.api.resources import CUSTOM_RESOURCE_DEFINITIONS
from kubeade.client.discovery import discover
from kubeade.controllers.garbagecollector import plan
from kubeade.controllers.garbagecollector.graph import FOREGROUND, ORPHAN, Graph, Item
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.informer import Informer

log = logging.getLogger(__name__)

IGNORED = {("", "events"), ("events.k8s.io", "events")}
NEEDED_VERBS = {"list", "watch", "delete"}
REDISCOVER_SECONDS = 0.2
DISCOVERY_RETRY_SECONDS = 5.0


_KEPT = ("name", "namespace", "uid", "resourceVersion", "ownerReferences", "finalizers", "deletionTimestamp")


def _bare(item: Object) -> Object:
    """Only who, whose and in which state: the collector keeps this of every object there is."""
    metadata = item["metadata"]
    return {"metadata": {name: metadata[name] for name in _KEPT if name in metadata}}


class GarbageCollector:
    """One key is one uid."""

    def __init__(self, environment: Environment) -> None:
        self._client = environment.client
        self._metadata_client = environment.client.metadata_only()
        self._graph = Graph()
        self._kinds: dict[tuple[str, str], Resource] = {}
        self._followed: dict[Resource, asyncio.Task[None]] = {}
        self._rediscover = asyncio.Event()
        self._rediscover.set()
        self.controller = Controller("garbage-collector", self, workers=10)
        definitions = environment.informers.of(CUSTOM_RESOURCE_DEFINITIONS)
        definitions.add_handler(lambda old, new: self._rediscover.set())

    async def run(self) -> None:
        """Follow and collect until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.controller.run(), name="garbage collector workers")
            while True:
                await self._rediscover.wait()
                await asyncio.sleep(REDISCOVER_SECONDS)
                self._rediscover.clear()
                try:
                    self._follow(tasks, (await discover(self._client)).resources)
                except (ApiError, OSError) as error:
                    log.warning("discovery: %s", error)
                    await asyncio.sleep(DISCOVERY_RETRY_SECONDS)
                    self._rediscover.set()

    def _follow(self, tasks: asyncio.TaskGroup, served: list[tuple[Resource, list[str]]]) -> None:
        wanted = {
            resource
            for resource, verbs in served
            if set(verbs) >= NEEDED_VERBS and (resource.group, resource.plural) not in IGNORED
        }
        self._kinds = {(resource.group, resource.kind): resource for resource, _ in served}
        for resource in self._followed.keys() - wanted:
            self._followed.pop(resource).cancel()
        for resource in wanted - self._followed.keys():
            informer = Informer(self._metadata_client, resource, keep=_bare)
            informer.add_handler(partial(self._changed, resource))
            task = tasks.create_task(self._keep_following(informer), name=f"gc {resource.plural}")
            self._followed[resource] = task

    async def _keep_following(self, informer: Informer) -> None:
        """What named an owner of this kind before the kind was known, or before its objects were, may have
        lost it unseen: it is looked at again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(informer.run())
            await informer.wait_synced()
            for item in self._graph.awaiting(informer.resource.group, informer.resource.kind):
                self.controller.queue.add(item.uid)

    def _changed(self, resource: Resource, old: Object | None, new: Object | None) -> None:
        if new is None:
            assert old is not None
            self._gone(old["metadata"]["uid"])
            return
        item = Item(resource, new["metadata"])
        before = self._graph.get(item.uid)
        self._graph.set(item)
        if item.owners or item.deleting:
            self.controller.queue.add(item.uid)
        if item.deleting and (before is None or not before.deleting):
            self._queue_dependents(item.uid)
        if before is not None:
            for owner in plan.blocked_owners(before) - plan.blocked_owners(item):
                self.controller.queue.add(owner)

    def _gone(self, uid: str) -> None:
        item = self._graph.remove(uid)
        self._queue_dependents(uid)
        for owner in item.owners if item else ():
            self.controller.queue.add(owner["uid"])

    def _queue_dependents(self, uid: str) -> None:
        for dependent in self._graph.dependents(uid):
            self.controller.queue.add(dependent.uid)

    async def reconcile(self, key: str) -> float | None:
        item = self._graph.get(key)
        if item is None:
            return None
        absent = set() if item.deleting else await self._absent_owners(item)
        wanted = plan.step(item, self._graph, absent)
        try:
            await self._take(wanted, item)
        except (NotFound, Conflict):
            return None  # it changed or went: its watch event brings it back
        return None

    async def _take(self, wanted: plan.Step, item: Item) -> None:
        act = wanted.act
        if act is plan.Act.RELEASE:
            await self._set_owners(item, list(wanted.keep))
        elif act is plan.Act.UNBLOCK:
            await self._set_owners(item, list(wanted.keep))
            await self._delete(item, plan.Act.DELETE_FOREGROUND)
        elif act in (plan.Act.DELETE_BACKGROUND, plan.Act.DELETE_FOREGROUND, plan.Act.DELETE_ORPHAN):
            await self._delete(item, act)
        elif act is plan.Act.DELETE_DEPENDENTS:
            for dependent in plan.blocking(item, self._graph):
                # One that waits for dependents of its own is on its way: two in a circle would spin.
                if not dependent.waits_for_dependents:
                    self.controller.queue.add(dependent.uid)
        elif act is plan.Act.FINISH_FOREGROUND:
            await self._drop_finalizer(item, FOREGROUND)
        elif act is plan.Act.FINISH_ORPHAN:
            for dependent in self._graph.dependents(item.uid):
                await self._set_owners(dependent, [o for o in dependent.owners if o["uid"] != item.uid])
            await self._drop_finalizer(item, ORPHAN)

    async def _delete(self, item: Item, act: plan.Act) -> None:
        await self._client.delete(
            item.resource, item.name, item.namespace, propagation_policy=act.value, uid=item.uid
        )

    async def _absent_owners(self, item: Item) -> set[str]:
        """Of the owners that the graph does not show, those that the server does not have either."""
        absent = set()
        for owner in plan.unknown_owners(item, self._graph):
            if await self._is_absent(owner, item):
                absent.add(owner["uid"])
        return absent

    async def _is_absent(self, owner: Object, item: Item) -> bool:
        group, _ = split_api_version(owner["apiVersion"])
        resource = self._kinds.get((group, owner["kind"]))
        if resource is None:
            return False  # a kind that nobody serves now may be served later: nothing is deleted for it
        if resource.namespaced and not item.namespace:
            return False
        try:
            found = await self._metadata_client.get(resource, owner["name"], item.namespace)
        except NotFound:
            return True
        return bool(found["metadata"]["uid"] != owner["uid"])

    async def _set_owners(self, item: Item, owners: list[Object]) -> None:
        change = {"ownerReferences": owners or None, "uid": item.uid}
        await self._patch(item, change)

    async def _drop_finalizer(self, item: Item, finalizer: str) -> None:
        left = [one for one in item.metadata.get("finalizers") or [] if one != finalizer]
        await self._patch(item, {"finalizers": left or None})

    async def _patch(self, item: Item, change: Object) -> None:
        """Of the version that was looked at: a Conflict means that there is something newer to look at."""
        change["resourceVersion"] = item.metadata["resourceVersion"]
        await self._client.patch(item.resource, item.name, {"metadata": change}, item.namespace)
