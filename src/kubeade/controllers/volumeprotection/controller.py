"""Takes the protecting finalizer from claims that no pod uses and from volumes that are not bound.

The finalizers are put on by the API server's admission. Two controllers, since upstream gives each an
identity of its own.
"""

from kubeade.api.errors import NotFound
from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import text
from kubeade.api.resource import Object
from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS
from kubeade.controllers.volumeprotection import plan
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.informer import key_of

CLAIM_INDEX = "claim"


class ClaimProtectionController:
    """One key is one claim."""

    def __init__(self, environment: Environment) -> None:
        self._client = environment.client
        self._claims = environment.informers.of(PERSISTENT_VOLUME_CLAIMS)
        self._pods = environment.informers.of(PODS)
        self._pods.add_index(CLAIM_INDEX, _claim_keys)
        self.controller = Controller("pvc-protection", self)
        self._claims.add_handler(self._claim_changed)
        self._pods.add_handler(self._pod_changed)

    async def reconcile(self, key: str) -> float | None:
        claim = self._claims.get(key)
        if claim is None or not is_being_deleted(claim):
            return None
        if plan.is_used(claim, self._pods.by_index(CLAIM_INDEX, key)):
            return None
        freed = plan.without(claim, plan.CLAIM_FINALIZER)
        if freed is None or await self._is_used_now(claim):
            return None
        await self._client.update(PERSISTENT_VOLUME_CLAIMS, freed)
        return None

    async def _is_used_now(self, claim: Object) -> bool:
        """The copy may be behind: before data can be lost, the server is asked."""
        pods = (await self._client.list(PODS, claim["metadata"]["namespace"])).items
        return plan.is_used(claim, pods)

    def _claim_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and is_being_deleted(new):
            self.controller.queue.add(key_of(new))

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        for key in _claim_keys(new or old or {}):
            claim = self._claims.get(key)
            if claim is not None and is_being_deleted(claim):
                self.controller.queue.add(key)


class VolumeProtectionController:
    """One key is one volume."""

    def __init__(self, environment: Environment) -> None:
        self._client = environment.client
        self._volumes = environment.informers.of(PERSISTENT_VOLUMES)
        self.controller = Controller("pv-protection", self)
        self._volumes.add_handler(self._volume_changed)

    async def reconcile(self, key: str) -> float | None:
        volume = self._volumes.get(key)
        if volume is None or not is_being_deleted(volume) or text(volume, "status", "phase") == "Bound":
            return None
        freed = plan.without(volume, plan.VOLUME_FINALIZER)
        if freed is not None:
            try:
                await self._client.update(PERSISTENT_VOLUMES, freed)
            except NotFound:
                return None
        return None

    def _volume_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and is_being_deleted(new):
            self.controller.queue.add(key_of(new))


def _claim_keys(pod: Object) -> list[str]:
    return [f"{pod['metadata']['namespace']}/{name}" for name in plan.claims_of(pod)]
