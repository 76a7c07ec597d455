"""Says what happened to an object, as core/v1 Events, without ever making the caller wait.

`EventRecorder.event` only queues; `run` writes in the background, in order. The queue is bounded: when the
server cannot keep up, the newest events are dropped (and that is logged), never the work they speak of.
Equal and similar events are counted together by `event_correlator`.
"""

import asyncio
import logging

from kubeade.api.errors import ApiError, NotFound
from kubeade.api.resource import Object
from kubeade.api.resources import EVENTS
from kubeade.client.client import Client, PatchType
from kubeade.lib.backoff import Backoff
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_time, parse_time
from kubeade.reconcile.event_correlator import EventCorrelator, Verdict, Written

log = logging.getLogger(__name__)

NORMAL = "Normal"
WARNING = "Warning"

QUEUE_LIMIT = 4096
WRITE_TRIES = 5
WRITE_BACKOFF = Backoff(initial_seconds=0.5, limit_seconds=10.0)


def reference_to(about: Object, field_path: str = "") -> Object:
    """The ObjectReference of an object; `field_path` narrows it, as `spec.containers{app}`."""
    metadata = about["metadata"]
    reference = {
        "kind": about.get("kind", ""),
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata.get("uid", ""),
        "apiVersion": about.get("apiVersion", ""),
        "resourceVersion": metadata.get("resourceVersion", ""),
        "fieldPath": field_path,
    }
    return {key: value for key, value in reference.items() if value}


class EventRecorder:
    """Records events of one component; `host` is the node's name for components of a node."""

    def __init__(self, client: Client, component: str, clock: Clock, *, host: str = "") -> None:
        self._client = client
        self._clock = clock
        self._source = {"component": component, "host": host} if host else {"component": component}
        self._correlator = EventCorrelator()
        self._queue: asyncio.Queue[Object] = asyncio.Queue(QUEUE_LIMIT)
        self._last_stamp = 0
        self._dropped = 0

    def event(
        self,
        about: Object,
        type: str,
        reason: str,
        message: str,
        *,
        field_path: str = "",
        annotations: dict[str, str] | None = None,
    ) -> None:
        """Queue an event about an object (with apiVersion and kind). `type` is NORMAL or WARNING."""
        event = self._compose(about, type, reason, message, field_path)
        if annotations:
            event["metadata"]["annotations"] = annotations
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self._dropped += 1
            if self._dropped.bit_count() == 1:
                log.warning("%d events dropped: the server does not keep up", self._dropped)

    async def run(self) -> None:
        """Write queued events until cancelled."""
        while True:
            event = await self._queue.get()
            try:
                await self._write_with_retries(event)
            finally:
                self._queue.task_done()

    async def flush(self) -> None:
        """Return once everything queued so far is written; `run` must be running."""
        await self._queue.join()

    def _compose(self, about: Object, type: str, reason: str, message: str, field_path: str) -> Object:
        reference = reference_to(about, field_path)
        now = format_time(self._clock.now())
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{reference['name']}.{self._stamp():x}",
                "namespace": reference.get("namespace", "default"),
            },
            "involvedObject": reference,
            "reason": reason,
            "message": message[:1024],
            "source": self._source,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type,
            "reportingComponent": self._source["component"],
            "reportingInstance": self._source.get("host", ""),
        }

    def _stamp(self) -> int:
        """Nanoseconds since the epoch, never the same twice: it makes the event's name unique."""
        now = int(self._clock.now().timestamp() * 1e6) * 1000
        self._last_stamp = max(now, self._last_stamp + 1)
        return self._last_stamp

    async def _write_with_retries(self, event: Object) -> None:
        verdict = self._correlator.judge(event, parse_time(event["lastTimestamp"]))
        if verdict is None:
            return
        for tries in range(1, WRITE_TRIES + 1):
            try:
                await self._write(event, verdict)
            except ApiError as error:
                log.debug("event %s refused: %s", event["metadata"]["name"], error)
                return
            except (OSError, TimeoutError) as error:
                log.info("event %s not written: %s", event["metadata"]["name"], error)
                await asyncio.sleep(WRITE_BACKOFF.delay_seconds(tries))
            else:
                return

    async def _write(self, event: Object, verdict: Verdict) -> None:
        if verdict.earlier is not None:
            try:
                await self._count(event, verdict, verdict.earlier)
                return
            except NotFound:
                self._correlator.forget(verdict)
        metadata = event["metadata"]
        await self._client.create(EVENTS, {**event, "message": verdict.message}, metadata["namespace"])
        self._correlator.remember(verdict, Written(metadata["name"], 1, event["firstTimestamp"]))

    async def _count(self, event: Object, verdict: Verdict, earlier: Written) -> None:
        count = earlier.count + 1
        change = {"count": count, "lastTimestamp": event["lastTimestamp"], "message": verdict.message}
        namespace = event["metadata"]["namespace"]
        await self._client.patch(EVENTS, earlier.name, change, namespace, type=PatchType.STRATEGIC)
        self._correlator.remember(verdict, Written(earlier.name, count, earlier.first_timestamp))
