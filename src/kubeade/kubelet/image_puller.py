"""Sees to it that a container's image is on the node, by its pull policy.

Pulls run in parallel up to a limit; equal pulls at one time are one pull. A failed pull is not repeated
before its back-off ends. Events and messages are upstream's (pkg/kubelet/images).
"""

import asyncio

from kubeade.api.resource import Object
from kubeade.api.resources import SECRETS
from kubeade.cri.service import CriError, ImageService, InvalidArgument, Unauthenticated
from kubeade.cri.types import AuthConfig, Image
from kubeade.kubelet import pods
from kubeade.kubelet.container_backoff import FailureBackoff
from kubeade.kubelet.credentials import credentials_for
from kubeade.kubelet.failures import StartFailure
from kubeade.kubelet.referenced_objects import ReferencedObjects
from kubeade.lib.backoff import Backoff
from kubeade.lib.clock import Clock
from kubeade.reconcile.events import NORMAL, WARNING, EventRecorder

RECHECK_SECONDS = 5.0
"""After a failed pull the pod is looked at again soon, so that it shows ImagePullBackOff."""


class ImagePuller:
    def __init__(
        self,
        images: ImageService,
        objects: ReferencedObjects,
        events: EventRecorder,
        clock: Clock,
        *,
        backoff: Backoff,
        parallel: int,
    ) -> None:
        self._images = images
        self._objects = objects
        self._events = events
        self._clock = clock
        self._backoff = FailureBackoff(backoff)
        self._last_errors: dict[str, str] = {}
        self._slots = asyncio.Semaphore(parallel)

    async def ensure(self, pod: Object, container: Object) -> Image:
        """The image, pulled if its policy says so. Raises StartFailure."""
        name = container.get("image", "")
        policy = container.get("imagePullPolicy") or "IfNotPresent"
        if policy != "Always":
            image = await self._inspect(pod, container)
            if image is not None:
                self._tell(pod, container, NORMAL, "Pulled", f"{_quoted(name)} already present on machine")
                return image
        if policy == "Never":
            message = f"{_quoted(name)} is not present with pull policy of Never"
            self._tell(pod, container, WARNING, "ErrImageNeverPull", message)
            raise StartFailure("ErrImageNeverPull", message)
        return await self._pull(pod, container)

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        self._backoff.forget(f"{uid}_")
        for key in [each for each in self._last_errors if each.startswith(f"{uid}_")]:
            del self._last_errors[key]

    async def _inspect(self, pod: Object, container: Object) -> Image | None:
        name = container.get("image", "")
        try:
            return await self._images.image_status(name)
        except InvalidArgument as error:
            message = f'Failed to apply default image tag "{name}": {error}'
            self._tell(pod, container, WARNING, "InspectFailed", message)
            raise StartFailure("InvalidImageName", message) from error
        except CriError as error:
            message = f'Failed to inspect image "{name}": {error}'
            self._tell(pod, container, WARNING, "InspectFailed", message)
            raise StartFailure("ImageInspectError", message) from error

    async def _pull(self, pod: Object, container: Object) -> Image:
        name = container["image"]
        key = f"{pods.uid_of(pod)}_{name}"
        wait_seconds = self._backoff.since_update(key, self._clock.now())
        if wait_seconds > 0:
            message = f'Back-off pulling image "{name}"'
            self._tell(pod, container, NORMAL, "BackOff", message)
            before = self._last_errors.get(key)
            detail = f"{message}: {before}" if before else message
            raise StartFailure("ImagePullBackOff", detail, retry_seconds=wait_seconds)
        self._tell(pod, container, NORMAL, "Pulling", f'Pulling image "{name}"')
        started = self._clock.now()
        try:
            image = await self._pull_with_credentials(pod, name)
        except CriError as error:
            self._tell(pod, container, WARNING, "Failed", f'Failed to pull image "{name}": {error}')
            self._backoff.failed(key, self._clock.now())
            reason = "InvalidImageName" if isinstance(error, InvalidArgument) else "ErrImagePull"
            self._last_errors[key] = f"{reason}: {error}"
            raise StartFailure(reason, str(error), retry_seconds=RECHECK_SECONDS) from error
        took = f"{(self._clock.now() - started).total_seconds():.3f}s"
        text = f'Successfully pulled image "{name}" in {took} ({took} including waiting).'
        self._tell(pod, container, NORMAL, "Pulled", f"{text} Image size: {image.size} bytes.")
        return image

    async def _pull_with_credentials(self, pod: Object, name: str) -> Image:
        candidates: list[AuthConfig | None] = [*credentials_for(name, self._secrets(pod)), None]
        refused: CriError | None = None
        async with self._slots:
            for auth in candidates:
                try:
                    await self._images.pull_image(name, auth)
                    break
                except Unauthenticated as error:
                    refused = refused or error
            else:
                assert refused is not None
                raise refused
        image = await self._images.image_status(name)
        if image is None:
            raise CriError(f"image {name} is not there after it was pulled")
        return image

    def _secrets(self, pod: Object) -> list[Object]:
        namespace = pods.namespace_of(pod)
        names = [each.get("name", "") for each in pod["spec"].get("imagePullSecrets") or []]
        found = {name: self._objects.get(SECRETS, namespace, name) for name in names}
        missing = [name for name, secret in found.items() if secret is None]
        if missing:
            words = "Unable to retrieve some image pull secrets"
            message = f"{words} ({', '.join(missing)}); attempting to pull the image may not succeed."
            self._events.event(pod, WARNING, "FailedToRetrieveImagePullSecret", message)
        return [secret for secret in found.values() if secret is not None]

    def _tell(self, pod: Object, container: Object, type: str, reason: str, message: str) -> None:
        self._events.event(pod, type, reason, message, field_path=pods.field_path(pod, container))


def _quoted(image: str) -> str:
    return f'Container image "{image}"'
