"""/containerLogs/{namespace}/{pod}/{container}: the log of a container, as far as it goes or for as long."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

from kubeade.cri.service import CriError, RuntimeService
from kubeade.cri.types import ContainerState
from kubeade.kubelet.pod_access import PodAccess, Unavailable
from kubeade.kubelet.server.log_file import read_log
from kubeade.kubelet.server.log_lines import LogOptions
from kubeade.lib.http.message import Response

_STREAMS = {"": "", "All": "", "Stdout": "stdout", "Stderr": "stderr"}


def read_options(query: Mapping[str, str], now: datetime) -> LogOptions:
    """Raises ValueError for what the API server would not have let through."""
    since = None
    if "sinceSeconds" in query:
        since = now - timedelta(seconds=_number(query, "sinceSeconds") or 0)
    elif "sinceTime" in query:
        since = datetime.fromisoformat(query["sinceTime"])
    if query.get("stream", "") not in _STREAMS:
        raise ValueError(f"invalid stream type {query['stream']!r}")
    return LogOptions(
        follow=is_true(query.get("follow", "")),
        timestamps=is_true(query.get("timestamps", "")),
        tail_lines=_number(query, "tailLines"),
        limit_bytes=_number(query, "limitBytes"),
        since=since,
        stream=_STREAMS[query.get("stream", "")],
    )


async def serve_log(
    access: PodAccess, where: tuple[str, str, str], options: LogOptions, *, previous: bool
) -> Response:
    """Raises Unavailable."""
    namespace, pod, container = where
    path, status = await access.find_log(namespace, pod, container, previous=previous)
    if not path.exists():
        why = "it was removed, or the container is simulated"
        raise Unavailable(f'container "{container}" in pod "{pod}" has no log file: {why}')
    follower = _Follower(access.runtime, status.id)
    body = follower.stream(read_log(path, options, follower.is_running, follower.changed), options)
    return Response(200, [("content-type", "text/plain")], body)


class _Follower:
    """Knows whether the container still runs; its events wake the reader."""

    def __init__(self, runtime: RuntimeService, container_id: str) -> None:
        self._runtime = runtime
        self._id = container_id
        self.changed = asyncio.Event()

    async def is_running(self) -> bool:
        try:
            status = await self._runtime.container_status(self._id)
        except CriError:
            return False
        return status.state is ContainerState.RUNNING

    async def stream(self, parts: AsyncIterator[bytes], options: LogOptions) -> AsyncIterator[bytes]:
        watching = asyncio.create_task(self._watch()) if options.follow else None
        await asyncio.sleep(0)  # let it subscribe: an end after this is not missed
        try:
            async for part in parts:
                yield part
        finally:
            if watching is not None:
                watching.cancel()

    async def _watch(self) -> None:
        async for event in self._runtime.container_events():
            if event.container_id == self._id:
                self.changed.set()


def is_true(text: str) -> bool:
    """As Go's query conversion reads booleans: anything but these is true once it is there."""
    return text.lower() not in {"", "0", "false", "f"}


def _number(query: Mapping[str, str], name: str) -> int | None:
    if name not in query:
        return None
    number = int(query[name])
    if number < 0:
        raise ValueError(f"{name} must not be negative")
    return number
