"""Audit events to somebody else's server: POSTs of an EventList (upstream: the audit webhook backend).

In mode `batch` requests never wait: events are sent together, once there are enough of them or the oldest
has waited long enough, no faster than the throttle allows. What waits, and what is being sent, is bounded;
events beyond that are dropped, counted and told of once. In the blocking modes a request waits until its
event was taken. A batch that is not taken is sent again, five times in all, ever later; then it is dropped.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from random import Random

from kubeade.apiserver.audit.delivery import Batching, Delivery
from kubeade.apiserver.audit.lines import Lines
from kubeade.apiserver.audit.trail import AuditEvent
from kubeade.apiserver.webhooks.remote import RemoteError, WebhookPlace
from kubeade.lib.backoff import Backoff

_log = logging.getLogger(__name__)

ATTEMPTS = 5
REQUEST_SECONDS = 30.0
_JITTER = 0.2
_SENT_AT_ONCE = 8
_CLOSING_SECONDS = 10.0


class AuditWebhook:
    """A `Sink`. What is used of the loop is there from the first event on."""

    name = "webhook"

    def __init__(self, place: WebhookPlace, lines: Lines, delivery: Delivery, random: Random) -> None:
        self._place = place
        self._lines = lines
        self._delivery = delivery
        self._random = random
        self._backoff = Backoff(delivery.initial_backoff_seconds, float("inf"), 1.5)
        self._waiting: deque[AuditEvent] = deque()
        self._arrived = asyncio.Event()
        self._turn = asyncio.Lock()
        self._sending = asyncio.Semaphore(_SENT_AT_ONCE)
        self._tasks: set[asyncio.Task[bool]] = set()
        self._batching: asyncio.Task[None] | None = None
        self._closing = False
        self.events = 0
        self.dropped = 0

    def put(self, event: AuditEvent) -> "asyncio.Task[bool] | None":
        if self._delivery.mode != "batch":
            self.events += 1
            return self._started([event])
        if self._batching is None:
            self._batching = asyncio.ensure_future(self._batch())
        if len(self._waiting) >= self._delivery.batching.buffered_events:
            self._drop(1, "events come faster than they are taken")
            return None
        self.events += 1
        self._waiting.append(event)
        self._arrived.set()
        return None

    @property
    def strict(self) -> bool:
        """Whether a request fails whose arrival could not be told."""
        return self._delivery.mode == "blocking-strict"

    async def close(self) -> None:
        """Send what waits, for a while."""
        self._closing = True
        self._arrived.set()
        running = [*self._tasks, *([self._batching] if self._batching else [])]
        if running:
            _, late = await asyncio.wait(running, timeout=_CLOSING_SECONDS)
            late |= self._tasks
            for task in late:
                task.cancel()
            if late:
                _log.error("the server stops before all audit events were taken")
        await self._place.remote.close()

    async def _batch(self) -> None:
        throttle = _Throttle(self._delivery.batching)
        while self._waiting or not self._closing:
            await self._filled()
            events = self._taken()
            if events:
                if not self._closing:
                    await throttle.wait()
                await self._sending.acquire()
                self._started(events).add_done_callback(lambda _: self._sending.release())
        await asyncio.gather(*self._tasks)

    async def _filled(self) -> None:
        """Until a batch is full, or its time is up. The first event starts the clock."""
        batching = self._delivery.batching
        await self._arrived.wait()
        until = asyncio.get_running_loop().time() + batching.longest_wait_seconds
        while len(self._waiting) < batching.most_events and not self._closing:
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._arrived.wait()
            except TimeoutError:
                break
        self._arrived.set()

    def _taken(self) -> list[AuditEvent]:
        most = self._delivery.batching.most_events
        events = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if not self._waiting and not self._closing:
            self._arrived.clear()
        return events

    def _started(self, events: list[AuditEvent]) -> "asyncio.Task[bool]":
        task = asyncio.ensure_future(self._deliver(events))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _deliver(self, events: list[AuditEvent]) -> bool:
        async with self._turn:  # the lines are of one thread at a time
            lines = await asyncio.to_thread(self._lines.encode, events)
        if len(lines) < len(events):
            self._drop(len(events) - len(lines), "they are too large")
        taken = True
        for batch in self._lines.batches(lines):
            if not await self._sent(batch):
                taken = False
        return taken

    async def _sent(self, lines: Sequence[bytes]) -> bool:
        body = b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[%s]}' % b",".join(
            lines
        )
        error = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                seconds = self._backoff.delay_seconds(attempt)
                await asyncio.sleep(seconds * (1 + _JITTER * self._random.random()))
            try:
                await self._place.remote.deliver(self._place.url, body, REQUEST_SECONDS)
            except RemoteError as refused:
                error = str(refused)
            else:
                return True
        self._drop(len(lines), error)
        return False

    def _drop(self, count: int, why: str) -> None:
        if not self.dropped:
            _log.error("events are missing at the audit webhook: %s", why)
        self.dropped += count


class _Throttle:
    """A bucket of tokens, one for each batch."""

    def __init__(self, batching: Batching) -> None:
        self._rate = batching.batches_per_second
        self._burst = float(batching.burst)
        self._tokens = self._burst
        self._at = 0.0

    async def wait(self) -> None:
        if self._rate is None:
            return
        now = asyncio.get_running_loop().time()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
        self._at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / self._rate)
