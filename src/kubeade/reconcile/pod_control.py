"""Makes and deletes pods for an owner, and tells of it in events (upstream: controller.RealPodControl)."""

import asyncio
from collections.abc import Iterable

from kubeade.api.errors import ApiError, Forbidden, NotFound
from kubeade.api.ownership import controller_reference
from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.api.resources import PODS
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import NORMAL, WARNING
from kubeade.reconcile.own_writes import OwnWrites


def pod_from_template(template: Object, owner: Object) -> Object:
    """A pod as the template says, controlled by `owner`; its name is the server's to complete."""
    metadata = part(template, "metadata")
    pod_metadata: Object = {
        "generateName": f"{owner['metadata']['name']}-",
        "namespace": owner["metadata"]["namespace"],
        "labels": dict(part(metadata, "labels")),
        "annotations": dict(part(metadata, "annotations")),
        "ownerReferences": [controller_reference(owner)],
    }
    if metadata.get("finalizers"):
        pod_metadata["finalizers"] = list(metadata["finalizers"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": pod_metadata, "spec": dict(template["spec"])}


class PodControl:
    """`writes` learns of what was done, under the owner's key."""

    def __init__(self, environment: Environment, writes: OwnWrites) -> None:
        self._client = environment.client
        self._events = environment.events
        self._writes = writes

    async def create(self, key: str, owner: Object, pod: Object) -> Object:
        """Raises what the server answers; a namespace that is going away is no news."""
        try:
            made = await self._client.create(PODS, pod, owner["metadata"]["namespace"])
        except ApiError as error:
            if not is_namespace_terminating(error):
                self._events.event(owner, WARNING, "FailedCreate", f"Error creating: {error.message}")
            raise
        self._writes.wrote(key, made)
        self._events.event(owner, NORMAL, "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
        return made

    async def delete(self, key: str, owner: Object, pod: Object) -> None:
        metadata = pod["metadata"]
        try:
            await self._client.delete(PODS, metadata["name"], metadata["namespace"], uid=metadata["uid"])
        except NotFound:
            self._writes.deleted(key, pod)
            return
        except ApiError as error:
            self._events.event(owner, WARNING, "FailedDelete", f"Error deleting: {error.message}")
            raise
        self._writes.deleted(key, pod)
        self._events.event(owner, NORMAL, "SuccessfulDelete", f"Deleted pod: {metadata['name']}")

    async def delete_all(self, key: str, owner: Object, pods: Iterable[Object]) -> None:
        """All at once; the first failure is raised after the last attempt."""
        calls = [self.delete(key, owner, pod) for pod in pods]
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome


def is_namespace_terminating(error: ApiError) -> bool:
    causes = error.details.get("causes") or []
    return isinstance(error, Forbidden) and any(c.get("reason") == "NamespaceTerminating" for c in causes)
