"""Reads from the runtime what it holds for a pod."""

import asyncio
import contextlib
from pathlib import Path

from kubeade.cri.service import NotFound, RuntimeService
from kubeade.cri.types import ContainerState, ContainerStatus
from kubeade.kubelet.observed import (
    POD_UID_LABEL,
    TERMINATION_FILE_ANNOTATION,
    TERMINATION_POLICY_ANNOTATION,
    ObservedPod,
)

MESSAGE_LIMIT_BYTES = 4096
LOG_MESSAGE_LIMIT_BYTES = 2048
LOG_MESSAGE_LINES = 80


class Observer:
    """Lists by the pod's uid, so that a restarted kubelet finds what its predecessor started."""

    def __init__(self, runtime: RuntimeService) -> None:
        self._runtime = runtime

    async def observe(self, uid: str, log_directory: Path) -> ObservedPod:
        """Sandboxes and containers of the pod, newest first."""
        labels = {POD_UID_LABEL: uid}
        sandboxes = await self._runtime.list_pod_sandboxes(labels)
        summaries = await self._runtime.list_containers(labels=labels)
        found = await asyncio.gather(*(self._container(each.id) for each in summaries))
        containers = [each for each in found if each is not None]
        for container in containers:
            _add_termination_message(container, log_directory)
        sandboxes.sort(key=lambda each: (each.created_at, each.metadata.attempt), reverse=True)
        containers.sort(key=lambda each: (each.created_at, each.metadata.attempt), reverse=True)
        return ObservedPod(sandboxes, containers)

    async def _container(self, container_id: str) -> ContainerStatus | None:
        with contextlib.suppress(NotFound):
            return await self._runtime.container_status(container_id)
        return None


def _add_termination_message(container: ContainerStatus, log_directory: Path) -> None:
    """What an exited container left at its terminationMessagePath, or the end of its log."""
    if container.state is not ContainerState.EXITED:
        return
    message = _tail(container.annotations.get(TERMINATION_FILE_ANNOTATION), MESSAGE_LIMIT_BYTES)
    policy = container.annotations.get(TERMINATION_POLICY_ANNOTATION)
    if not message and policy == "FallbackToLogsOnError" and container.exit_code != 0:
        path = log_directory / container.metadata.name / f"{container.metadata.attempt}.log"
        message = _tail_of_log(path)
    if message:
        container.message = message if not container.message else f"{container.message}: {message}"


def _tail(path: str | Path | None, limit_bytes: int) -> str:
    if not path:
        return ""
    try:
        with Path(path).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - limit_bytes))
            return file.read(limit_bytes).decode(errors="replace")
    except OSError:
        return ""


def _tail_of_log(path: Path) -> str:
    """The last lines of a log in the CRI's format, without its time stamps."""
    lines = _tail(path, 64 * 1024).splitlines()[-LOG_MESSAGE_LINES:]
    texts = [line.split(" ", 3) for line in lines]
    text = "".join(parts[3] + ("\n" if parts[2] == "F" else "") for parts in texts if len(parts) == 4)
    return text.encode()[-LOG_MESSAGE_LIMIT_BYTES:].decode(errors="replace")
