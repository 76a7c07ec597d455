"""Binds claims and volumes to each other, in both directions, and keeps their phases.

The volume is written first: once its claimRef names the claim, no other claim can have it, and a crash in
between is repaired by the next pass. Upstream: pkg/controller/volume/persistentvolume.
"""

from kubeade.api import volume_matching
from kubeade.api.ownership import is_being_deleted
from kubeade.api.parts import part, text
from kubeade.api.resource import Object
from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES
from kubeade.controllers.persistentvolume import plan
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL, WARNING
from kubeade.reconcile.informer import key_of
from kubeade.reconcile.own_writes import OwnWrites

CLAIM_LOST = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"


class PersistentVolumeController:
    """A key with a slash is a claim, one without is a volume. One worker: no two claims get one volume."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._events = environment.client, environment.events
        self._claims = environment.informers.of(PERSISTENT_VOLUME_CLAIMS)
        self._volumes = environment.informers.of(PERSISTENT_VOLUMES)
        self._classes = environment.informers.of(STORAGE_CLASSES)
        self._claim_writes = OwnWrites(self._claims)
        self._volume_writes = OwnWrites(self._volumes)
        self.controller = Controller("persistent-volume-binder", self, workers=1)
        self._claims.add_handler(self._claim_changed)
        self._volumes.add_handler(self._volume_changed)
        self._classes.add_handler(self._class_changed)

    async def reconcile(self, key: str) -> float | None:
        wait_seconds = self._claim_writes.wait_seconds("") or self._volume_writes.wait_seconds("")
        if wait_seconds:
            return 0.002  # all keys compete for the same volumes: each sees what was written for the others
        if "/" not in key:
            volume = self._volumes.get(key)
            if volume is not None:
                await self._tend_volume(volume)
            return None
        claim = self._claims.get(key)
        if claim is None or is_being_deleted(claim):
            return None
        if plan.is_bound(claim):
            await self._keep(claim)
        else:
            await self._place(claim)
        return None

    async def _tend_volume(self, volume: Object) -> None:
        reference = part(volume, "spec", "claimRef")
        claim = self._claims.get(f"{reference.get('namespace')}/{reference.get('name')}")
        if claim is not None and self._is_stray(volume, claim):
            annotations = dict(part(volume, "metadata", "annotations"))
            annotations.pop(volume_matching.BOUND_BY_CONTROLLER, None)
            spec = {key: value for key, value in volume["spec"].items() if key != "claimRef"}
            metadata = {**volume["metadata"], "annotations": annotations}
            volume = await self._write_volume({**volume, "metadata": metadata, "spec": spec})
        phase, message = plan.volume_status(volume, claim)
        await self._set_volume_phase(volume, phase, message)

    def _is_stray(self, volume: Object, claim: Object) -> bool:
        """Bound by us to a claim that meanwhile has another volume."""
        elsewhere = text(claim, "spec", "volumeName") not in ("", volume["metadata"]["name"])
        return elsewhere and volume_matching.BOUND_BY_CONTROLLER in part(volume, "metadata", "annotations")

    async def _keep(self, claim: Object) -> None:
        volume = self._volumes.get(text(claim, "spec", "volumeName"))
        if volume is None:
            await self._lose(claim, "ClaimLost", CLAIM_LOST)
        elif not part(volume, "spec", "claimRef") or volume_matching.is_reserved_for(volume, claim):
            await self._bind(claim, volume)
        else:
            await self._lose(claim, "ClaimMisbound", MISBOUND)

    async def _lose(self, claim: Object, reason: str, message: str) -> None:
        if text(claim, "status", "phase") != "Lost":
            await self._set_claim_phase(claim, "Lost", None)
            self._events.event(claim, WARNING, reason, message)

    async def _place(self, claim: Object) -> None:
        wanted = text(claim, "spec", "volumeName")
        if wanted:
            volume = self._volumes.get(wanted)
            if volume is not None and self._may_have(claim, volume):
                await self._bind(claim, volume)
                return
        else:
            volume = plan.best_volume(claim, self._volumes, delayed=self._is_delayed(claim))
            if volume is not None:
                await self._bind(claim, volume)
                return
            await self._ask_for_volume(claim)
            return
        await self._set_claim_phase(claim, "Pending", None)

    def _may_have(self, claim: Object, volume: Object) -> bool:
        """A claim that names its volume gets that one, if it suits and is nobody else's."""
        reference, name = part(volume, "spec", "claimRef"), volume["metadata"]["name"]
        if reference and not volume_matching.is_reserved_for(volume, claim):
            message = f'volume "{name}" already bound to a different claim.'
            self._events.event(claim, WARNING, "FailedBinding", message)
            return False
        why = "" if reference else volume_matching.unsuitable(claim, volume)
        if why:
            message = f'Cannot bind to requested volume "{name}": {why}'
            self._events.event(claim, WARNING, "VolumeMismatch", message)
        return not why

    def _is_delayed(self, claim: Object) -> bool:
        """Until the scheduler has chosen the node of its first consumer."""
        if volume_matching.SELECTED_NODE in part(claim, "metadata", "annotations"):
            return False
        storage_class = self._classes.get(volume_matching.class_of(claim))
        return text(storage_class, "volumeBindingMode") == "WaitForFirstConsumer"

    async def _ask_for_volume(self, claim: Object) -> None:
        """Nothing suits: say what is being waited for, and tell an external provisioner."""
        name = volume_matching.class_of(claim)
        found = self._classes.get(name)
        if not name:
            message = "no persistent volumes available for this claim and no storage class is set"
            self._events.event(claim, NORMAL, "FailedBinding", message)
        elif found is None:
            message = f'storageclass.storage.k8s.io "{name}" not found'
            self._events.event(claim, WARNING, "ProvisioningFailed", message)
        elif self._is_delayed(claim):
            message = "waiting for first consumer to be created before binding"
            self._events.event(claim, NORMAL, "WaitForFirstConsumer", message)
        elif found["provisioner"] != volume_matching.NO_PROVISIONER:
            claim = await self._tell_provisioner(claim, found["provisioner"])
        await self._set_claim_phase(claim, "Pending", None)

    async def _tell_provisioner(self, claim: Object, provisioner: str) -> Object:
        annotations = part(claim, "metadata", "annotations")
        told = {plan.STORAGE_PROVISIONER: provisioner, plan.BETA_STORAGE_PROVISIONER: provisioner}
        if told.items() <= annotations.items():
            return claim
        message = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or "
            "manually by the system administrator. If volume creation is delayed, please verify that the "
            "provisioner is running and correctly registered."
        )
        self._events.event(claim, NORMAL, "ExternalProvisioning", message)
        metadata = {**claim["metadata"], "annotations": {**annotations, **told}}
        return await self._write_claim({**claim, "metadata": metadata})

    async def _bind(self, claim: Object, volume: Object) -> None:
        reserved = volume_matching.reserved(volume, claim)
        if reserved is not volume:
            volume = await self._write_volume(reserved)
        await self._set_volume_phase(volume, "Bound", "")
        bound = plan.bound_claim(claim, volume)
        if bound is not claim:
            claim = await self._write_claim(bound)
        await self._set_claim_phase(claim, "Bound", volume)

    async def _write_volume(self, volume: Object, subresource: str = "") -> Object:
        written = await self._client.update(PERSISTENT_VOLUMES, volume, subresource=subresource)
        self._volume_writes.wrote("", written)
        return written

    async def _write_claim(self, claim: Object, subresource: str = "") -> Object:
        written = await self._client.update(PERSISTENT_VOLUME_CLAIMS, claim, subresource=subresource)
        self._claim_writes.wrote("", written)
        return written

    async def _set_volume_phase(self, volume: Object, phase: str, message: str) -> None:
        status = part(volume, "status")
        if (status.get("phase"), status.get("message") or "") == (phase, message):
            return
        wanted = {key: value for key, value in status.items() if key != "message"}
        wanted["phase"] = phase
        if message:
            wanted["message"] = message
            reason = "VolumeFailedRecycle" if "recycler" in message else "VolumeFailedDelete"
            self._events.event(volume, WARNING, reason, message)
        await self._write_volume({**volume, "status": wanted}, "status")

    async def _set_claim_phase(self, claim: Object, phase: str, volume: Object | None) -> None:
        wanted = plan.claim_status(claim, phase, volume)
        if wanted != part(claim, "status"):
            await self._write_claim({**claim, "status": wanted}, "status")

    def _claim_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old or {}
        self.controller.queue.add(key_of(item))
        name = text(item, "spec", "volumeName")
        if name:
            self.controller.queue.add(name)

    def _volume_changed(self, old: Object | None, new: Object | None) -> None:
        item = new or old or {}
        self.controller.queue.add(item["metadata"]["name"])
        reference = part(item, "spec", "claimRef")
        if reference:
            self.controller.queue.add(f"{reference.get('namespace')}/{reference.get('name')}")
        elif new is not None and text(new, "status", "phase") == "Available":
            self._queue_unbound()

    def _class_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self._queue_unbound()

    def _queue_unbound(self) -> None:
        for claim in self._claims:
            if not plan.is_bound(claim):
                self.controller.queue.add(key_of(claim))
