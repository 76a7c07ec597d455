"""Writes pod statuses to the API server: only what changed, only the newest, many pods at once.

`publish` never waits. While a write is under way newer statuses replace each other; the last one is always
written. A pod that is gone, or was replaced by another of its name, is no error.
"""

import asyncio
import logging
from dataclasses import dataclass

from kubeade.api.errors import ApiError, Conflict, NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import PODS
from kubeade.client.client import Client, PatchType
from kubeade.kubelet import pods
from kubeade.kubelet.status_patch import status_patch
from kubeade.lib.backoff import Backoff

log = logging.getLogger(__name__)

PARALLEL_WRITES = 32
RETRY_BACKOFF = Backoff(initial_seconds=0.2, limit_seconds=10.0)


@dataclass(slots=True)
class _Entry:
    """`server` is the status as the server last showed it, at `version`."""

    server: Object
    version: int
    pending: tuple[Object, Object] | None = None
    task: asyncio.Task[None] | None = None


class StatusWriter:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._entries: dict[str, _Entry] = {}
        self._slots = asyncio.Semaphore(PARALLEL_WRITES)

    def observe(self, pod: Object) -> None:
        """The server showed this pod: later changes are computed against it."""
        version = _version(pod)
        entry = self._entries.get(pods.uid_of(pod))
        if entry is None:
            self._entries[pods.uid_of(pod)] = _Entry(pod.get("status") or {}, version)
        elif version > entry.version:
            entry.server, entry.version = pod.get("status") or {}, version

    def publish(self, pod: Object, status: Object) -> None:
        """Have the server show `status`, soon."""
        self.observe(pod)
        entry = self._entries[pods.uid_of(pod)]
        if entry.task is None and status_patch(entry.server, status) is None:
            return
        entry.pending = (pod, status)
        if entry.task is None:
            entry.task = asyncio.create_task(self._write(entry), name="pod status")

    async def flush(self, uid: str) -> None:
        """Return once everything published for the pod is written."""
        entry = self._entries.get(uid)
        if entry is not None and entry.task is not None:
            await asyncio.wait([entry.task])

    def forget(self, uid: str) -> None:
        entry = self._entries.pop(uid, None)
        if entry is not None and entry.task is not None:
            entry.task.cancel()

    async def _write(self, entry: _Entry) -> None:
        failures = 0
        try:
            while entry.pending is not None:
                pod, status = entry.pending
                entry.pending = None
                try:
                    await self._patch(entry, pod, status)
                    failures = 0
                except (NotFound, Conflict) as error:
                    log.debug("status of %s: %s", pods.full_name(pod), error)
                except (ApiError, OSError, TimeoutError) as error:
                    failures += 1
                    log.warning("status of %s: %s", pods.full_name(pod), error)
                    entry.pending = entry.pending or (pod, status)
                    await asyncio.sleep(RETRY_BACKOFF.delay_seconds(failures))
        finally:
            entry.task = None

    async def _patch(self, entry: _Entry, pod: Object, status: Object) -> None:
        change = status_patch(entry.server, status)
        if change is None:
            return
        metadata = pod["metadata"]
        body = {"metadata": {"uid": metadata["uid"]}, "status": change}
        async with self._slots:
            answer = await self._client.patch(
                PODS,
                metadata["name"],
                body,
                metadata["namespace"],
                type=PatchType.STRATEGIC,
                subresource="status",
            )
        if _version(answer) > entry.version:
            entry.server, entry.version = answer.get("status") or {}, _version(answer)


def _version(pod: Object) -> int:
    text = str(pod["metadata"].get("resourceVersion") or "0")
    return int(text) if text.isdecimal() else 0
