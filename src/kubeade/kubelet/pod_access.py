"""Finds pods and containers of this node by name, for whoever serves logs, exec and port forwarding.

Names are looked up in what the kubelet knows, never in paths that a caller gives: a name with `..` in it
finds nothing. Messages are upstream's (validateContainerLogStatus).
"""

from collections.abc import Callable
from pathlib import Path

from kubeade.api.resource import Object
from kubeade.cri.service import RuntimeService
from kubeade.cri.types import ContainerState, ContainerStatus
from kubeade.kubelet import pods
from kubeade.kubelet.identity import bare_container_id
from kubeade.kubelet.pod_context import PodContext

STATUS_LISTS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
WAITING_WORDS = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


class Unavailable(Exception):
    """What was asked for cannot be had now; the message says why (HTTP 400)."""


class Unknown(Unavailable):
    """No such pod or container on this node (HTTP 404)."""


class PodAccess:
    """`find` gives the pod of a name, `contexts` all pods of this node."""

    def __init__(
        self,
        runtime: RuntimeService,
        find: Callable[[str, str], PodContext | None],
        contexts: Callable[[], list[PodContext]],
    ) -> None:
        self.runtime = runtime
        self._find = find
        self.contexts = contexts

    def pods(self) -> list[Object]:
        """Every pod of this node with its current status."""
        return [context.current_pod for context in self.contexts()]

    async def find_container(self, namespace: str, pod: str, container: str = "", uid: str = "") -> str:
        """The id of the running container, the first one where no name is given. Raises Unavailable."""
        context = self._context(namespace, pod, uid)
        name = container or str(pods.app_containers(context.pod)[0]["name"])
        found = (await context.observe()).latest(name)
        if found is None:
            raise Unknown(f'container not found ("{name}")')
        if found.state is not ContainerState.RUNNING:
            raise Unavailable(f"container {name} is not running")
        return found.id

    async def find_sandbox(self, namespace: str, pod: str, uid: str = "") -> tuple[str, str]:
        """The id of the pod's sandbox, for port forwarding, and the pod's uid. Raises Unavailable."""
        context = self._context(namespace, pod, uid)
        sandbox = (await context.observe()).ready_sandbox
        if sandbox is None:
            raise Unavailable(f'pod "{pod}" has no sandbox')
        return sandbox.id, context.uid

    async def find_log(
        self, namespace: str, pod: str, container: str, *, previous: bool = False
    ) -> tuple[Path, ContainerStatus]:
        """The log file of a container's newest run, or of the one before. Raises Unavailable.

        With the file comes the run it belongs to: whether it still goes on decides how following ends.
        """
        context = self._context(namespace, pod)
        wanted = self._log_owner(context, container, previous=previous)
        observed = await context.observe()
        for status in observed.of_name(container):
            if status.id == wanted:
                return context.log_directory / container / f"{status.metadata.attempt}.log", status
        raise Unavailable(f"unable to retrieve container logs for {wanted}")

    def _context(self, namespace: str, pod: str, uid: str = "") -> PodContext:
        context = self._find(namespace, pod)
        if context is None or uid not in ("", context.uid, _shown_uid(context)):
            raise Unknown(f'pod "{pod}" not found')
        return context

    def _log_owner(self, context: PodContext, name: str, *, previous: bool) -> str:
        """The id of the container whose log is meant."""
        pod = context.pod["metadata"]["name"]
        where = f'container "{name}" in pod "{pod}"'
        statuses = [each for key in STATUS_LISTS for each in context.status.get(key) or []]
        status = next((each for each in statuses if each["name"] == name), None)
        if status is None:
            raise Unavailable(f"{where} is not available")
        state, last = status["state"], status.get("lastState") or {}
        last_id = (last.get("terminated") or {}).get("containerID", "")
        if previous:
            if not last_id:
                raise Unavailable(f'previous terminated container "{name}" in pod "{pod}" not found')
            return bare_container_id(last_id)
        own_id = status.get("containerID", "") if "running" in state else ""
        own_id = own_id or (state.get("terminated") or {}).get("containerID", "") or last_id
        if own_id:
            return bare_container_id(own_id)
        raise Unavailable(f"{where} {_why_no_log(state)}")


def _shown_uid(context: PodContext) -> str:
    """The uid that the API shows for a static pod."""
    return pods.uid_of(context.mirror) if context.mirror is not None else context.uid


def _why_no_log(state: Object) -> str:
    if "terminated" in state:
        return "is terminated"
    reason = (state.get("waiting") or {}).get("reason", "")
    return f"is waiting to start: {WAITING_WORDS.get(reason, reason or 'no logs yet')}"
