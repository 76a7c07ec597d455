"""Keeps the node's static pods running, and a mirror of each in the API, so that everybody can see them.

The files are what is ordered. Deleting a mirror stops nothing: it comes back. A mirror whose file has gone
or changed is deleted.
"""

import asyncio
import logging
from collections.abc import Callable

from kubeade.api.errors import AlreadyExists, ApiError, Conflict, NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import PODS
from kubeade.client.client import Client
from kubeade.kubelet import pods
from kubeade.kubelet.pod_workers import PodWorkers
from kubeade.kubelet.static.manifests import HASH_ANNOTATION, Manifests
from kubeade.reconcile.informer import Informer, key_of

log = logging.getLogger(__name__)

PERIOD_SECONDS = 5.0


class StaticPods:
    """`node` gives this node's Node, the owner of mirrors; empty while it is not registered."""

    def __init__(
        self,
        manifests: Manifests,
        client: Client,
        workers: PodWorkers,
        informer: Informer,
        node: Callable[[], Object],
    ) -> None:
        self._manifests = manifests
        self._client = client
        self._workers = workers
        self._informer = informer
        self._node = node
        self._pods: dict[str, Object] = {}

    def load(self) -> None:
        """Read the files; start what is new, stop what is gone."""
        found = self._manifests.read()
        for uid in [each for each in self._pods if each not in found]:
            self._workers.end_static(uid)
            del self._pods[uid]
        for uid, pod in found.items():
            if uid not in self._pods and self._workers.find(pods.namespace_of(pod), _name(pod)) is None:
                self._workers.begin_static(pod, self._mirror_of(pod))
                self._pods[uid] = pod

    async def run(self) -> None:
        """Until cancelled."""
        await self._informer.wait_synced()
        while True:
            self._workers.static_changed.clear()
            try:
                self.load()
                await self._keep_mirrors()
            except (ApiError, OSError, TimeoutError) as error:
                log.warning("static pods: %s", error)
            try:
                async with asyncio.timeout(PERIOD_SECONDS):
                    await self._workers.static_changed.wait()
            except TimeoutError:
                pass

    async def _keep_mirrors(self) -> None:
        wanted = {key_of(pod): pod for pod in self._pods.values()}
        for mirror in [each for each in self._informer if pods.is_mirror(each)]:
            pod = wanted.get(key_of(mirror))
            if pod is None or pods.is_deleted(mirror) or not _mirrors(mirror, pod):
                await self._delete(mirror)
        for pod in self._pods.values():
            if self._informer.get(key_of(pod)) is None:
                await self._create(pod)

    async def _create(self, pod: Object) -> None:
        node = self._node()
        if not node:
            return
        metadata = pod["metadata"]
        owner = {
            "apiVersion": "v1",
            "kind": "Node",
            "name": node["metadata"]["name"],
            "uid": node["metadata"]["uid"],
            "controller": True,
        }
        annotations = {
            **metadata["annotations"],
            pods.MIRROR_ANNOTATION: metadata["annotations"][HASH_ANNOTATION],
        }
        kept = {key: metadata[key] for key in ("name", "namespace", "labels") if key in metadata}
        mirror = {**pod, "metadata": {**kept, "annotations": annotations, "ownerReferences": [owner]}}
        try:
            await self._client.create(PODS, mirror, metadata["namespace"])
        except AlreadyExists:
            log.debug("static pod %s: its mirror is there, or another pod of that name", pods.full_name(pod))

    async def _delete(self, mirror: Object) -> None:
        metadata = mirror["metadata"]
        try:
            await self._client.delete(
                PODS, metadata["name"], metadata["namespace"], grace_period_seconds=0, uid=metadata["uid"]
            )
        except (NotFound, Conflict):
            return  # gone already, or replaced: the informer will show it

    def _mirror_of(self, pod: Object) -> Object | None:
        mirror = self._informer.get(key_of(pod))
        return mirror if mirror is not None and pods.is_mirror(mirror) and _mirrors(mirror, pod) else None


def _mirrors(mirror: Object, pod: Object) -> bool:
    shown = (mirror["metadata"].get("annotations") or {}).get(pods.MIRROR_ANNOTATION)
    return bool(shown == pod["metadata"]["annotations"][HASH_ANNOTATION])


def _name(pod: Object) -> str:
    return str(pod["metadata"]["name"])
