"""Makes a claim for every generic ephemeral volume of a pod; the pod owns it, so both go together.

Upstream: pkg/controller/volume/ephemeral.
"""

from kubeade.api.errors import AlreadyExists
from kubeade.api.ownership import controller_reference, is_being_deleted, is_controlled_by
from kubeade.api.parts import part, parts
from kubeade.api.resource import Object
from kubeade.api.resources import PERSISTENT_VOLUME_CLAIMS, PODS
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import WARNING
from kubeade.reconcile.informer import key_of


class EphemeralVolumeController:
    """One key is one pod."""

    def __init__(self, environment: Environment) -> None:
        self._client, self._events = environment.client, environment.events
        self._pods = environment.informers.of(PODS)
        self._claims = environment.informers.of(PERSISTENT_VOLUME_CLAIMS)
        self.controller = Controller("ephemeral-volume", self)
        self._pods.add_handler(self._pod_changed)
        self._claims.add_handler(self._claim_changed)

    async def reconcile(self, key: str) -> float | None:
        pod = self._pods.get(key)
        if pod is None or is_being_deleted(pod):
            return None
        for volume in parts(pod, "spec", "volumes"):
            if "ephemeral" in volume:
                await self._ensure(pod, volume)
        return None

    async def _ensure(self, pod: Object, volume: Object) -> None:
        metadata = pod["metadata"]
        name = f"{metadata['name']}-{volume['name']}"
        claim = self._claims.get(f"{metadata['namespace']}/{name}")
        if claim is not None:
            self._check_owner(pod, claim)
            return
        try:
            await self._client.create(
                PERSISTENT_VOLUME_CLAIMS, claim_for(pod, volume, name), metadata["namespace"]
            )
        except AlreadyExists:
            self.controller.queue.add_rate_limited(key_of(pod))

    def _check_owner(self, pod: Object, claim: Object) -> None:
        if not is_controlled_by(claim, pod):
            names = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
            owner = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            message = f"PVC {names} was not created for pod {owner} (pod is not owner)"
            self._events.event(pod, WARNING, "FailedBinding", message)

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        if new is not None and old is None and _has_ephemeral(new):
            self.controller.queue.add(key_of(new))

    def _claim_changed(self, old: Object | None, new: Object | None) -> None:
        """A claim that was deleted under a living pod is made again."""
        if new is None and old is not None:
            for reference in parts(old, "metadata", "ownerReferences"):
                if reference.get("kind") == "Pod":
                    self.controller.queue.add(f"{old['metadata']['namespace']}/{reference['name']}")


def claim_for(pod: Object, volume: Object, name: str) -> Object:
    template = part(volume, "ephemeral", "volumeClaimTemplate")
    copied = {key: part(template, "metadata", key) for key in ("labels", "annotations")}
    metadata = {
        "name": name,
        "namespace": pod["metadata"]["namespace"],
        "ownerReferences": [controller_reference({"apiVersion": "v1", "kind": "Pod", **pod})],
        **{key: value for key, value in copied.items() if value},
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": part(template, "spec"),
    }


def _has_ephemeral(pod: Object) -> bool:
    return any("ephemeral" in volume for volume in parts(pod, "spec", "volumes"))
