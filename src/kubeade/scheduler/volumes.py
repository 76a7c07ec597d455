"""Carries out what a decision means for a pod's claims, before the pod is bound.

A volume is reserved for its claim, and a claim without one gets the chosen node as an annotation, which its
provisioner waits for. The controller of volumes completes both; the pod is bound once all its claims are.
Upstream: VolumeBinding's Reserve and PreBind.
"""

import asyncio

from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES
from kubeade.api.volume_matching import SELECTED_NODE, reserved
from kubeade.client.client import Client
from kubeade.reconcile.informer import Informers, key_of
from kubeade.scheduler.cluster import Cluster
from kubeade.scheduler.plugins.volume_binding import Bindings, is_bound

BINDING_TIMEOUT_SECONDS = 600.0


class VolumeBinder:
    """Volumes that are promised count as taken from `assume` on, before the API shows it."""

    def __init__(self, client: Client, informers: Informers, cluster: Cluster) -> None:
        self._client = client
        self._cluster = cluster
        self._claims = informers.of(PERSISTENT_VOLUME_CLAIMS)
        self._volumes = informers.of(PERSISTENT_VOLUMES)
        self._changed = asyncio.Event()
        self._claims.add_handler(lambda old, new: self._changed.set())

    def assume(self, bindings: Bindings) -> None:
        for claim, volume in bindings.volumes:
            self._cluster.volumes[key_of(volume)] = reserved(volume, claim)

    def forget(self, bindings: Bindings) -> None:
        """They did not come about: what the API shows counts again."""
        for _, volume in bindings.volumes:
            shown = self._volumes.get(key_of(volume))
            if shown is not None:
                self._cluster.volumes[key_of(volume)] = shown

    async def bind(self, bindings: Bindings, node_name: str) -> None:
        """Return once every claim is bound. Raises ApiError, OSError, TimeoutError."""
        for claim, volume in bindings.volumes:
            wanted = reserved(volume, claim)
            if wanted is not volume:
                await self._client.update(PERSISTENT_VOLUMES, wanted)
        for claim in bindings.provisioned:
            await self._select_node(claim, node_name)
        claims = [*(claim for claim, _ in bindings.volumes), *bindings.provisioned]
        async with asyncio.timeout(BINDING_TIMEOUT_SECONDS):
            while not all(self._is_done(claim) for claim in claims):
                self._changed.clear()
                await self._changed.wait()

    async def _select_node(self, claim: Object, node_name: str) -> None:
        metadata = claim["metadata"]
        if text(metadata, "annotations", SELECTED_NODE) == node_name:
            return
        change = {
            "metadata": {
                "annotations": {SELECTED_NODE: node_name},
                "resourceVersion": metadata["resourceVersion"],
            }
        }
        await self._client.patch(PERSISTENT_VOLUME_CLAIMS, metadata["name"], change, metadata["namespace"])

    def _is_done(self, claim: Object) -> bool:
        """A claim that is gone is waited for no longer: the binding of its pod will say what is wrong."""
        now = self._claims.get(key_of(claim))
        return now is None or now["metadata"]["uid"] != claim["metadata"]["uid"] or is_bound(now)
