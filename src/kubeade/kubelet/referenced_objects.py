"""Config maps and secrets that the node's pods refer to, each watched by itself.

Only what a pod here names is read (that is all a node may see). A change pokes the pods that use it. The
watch of an object ends with the last pod that refers to it.
"""

import asyncio
from collections.abc import Callable

from kubeade.api.resource import Object, Resource
from kubeade.client.client import Client
from kubeade.kubelet.payload import Reference
from kubeade.reconcile.informer import Informer

SYNC_TIMEOUT_SECONDS = 10.0


class NotSynced(Exception):
    """The API server did not say in time whether the object exists."""


class _Watched:
    def __init__(self, informer: Informer, task: asyncio.Task[None]) -> None:
        self.informer = informer
        self.task = task
        self.users: set[str] = set()


class ReferencedObjects:
    """`on_change` is called with the uid of each pod that refers to an object that changed."""

    def __init__(self, client: Client, on_change: Callable[[str], None]) -> None:
        self._client = client
        self._on_change = on_change
        self._watched: dict[Reference, _Watched] = {}
        self._of_pod: dict[str, set[Reference]] = {}

    async def track(self, uid: str, references: set[Reference]) -> None:
        """Watch exactly these for the pod; returns when each is known. Raises NotSynced."""
        before = self._of_pod.get(uid, set())
        self._of_pod[uid] = set(references)
        for reference in references - before:
            self._watch(reference).users.add(uid)
        for reference in before - references:
            self._leave(reference, uid)
        try:
            async with asyncio.timeout(SYNC_TIMEOUT_SECONDS):
                for reference in references:
                    await self._watched[reference].informer.wait_synced()
        except TimeoutError:
            kinds = sorted({each.resource.kind.lower() for each in references})
            what = ", ".join(kinds)
            raise NotSynced(f"failed to sync {what} cache: timed out waiting for the condition") from None

    def release(self, uid: str) -> None:
        """The pod is gone from this node."""
        for reference in self._of_pod.pop(uid, set()):
            self._leave(reference, uid)

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """The object as last seen; None if there is none, or if no tracked pod refers to it."""
        watched = self._watched.get(Reference(resource, namespace, name))
        return None if watched is None else watched.informer.get(f"{namespace}/{name}")

    def close(self) -> None:
        for watched in self._watched.values():
            watched.task.cancel()
        self._watched.clear()

    def _watch(self, reference: Reference) -> _Watched:
        watched = self._watched.get(reference)
        if watched is None:
            informer = Informer(
                self._client,
                reference.resource,
                reference.namespace,
                field_selector=f"metadata.name={reference.name}",
            )
            task = asyncio.create_task(informer.run(), name=f"watch {reference.name}")
            watched = self._watched[reference] = _Watched(informer, task)
            informer.add_handler(lambda old, new: self._changed(watched))
        return watched

    def _leave(self, reference: Reference, uid: str) -> None:
        watched = self._watched[reference]
        watched.users.discard(uid)
        if not watched.users:
            watched.task.cancel()
            del self._watched[reference]

    def _changed(self, watched: _Watched | None) -> None:
        if watched is not None and watched.informer.has_synced:
            for uid in list(watched.users):
                self._on_change(uid)
