"""Runs the probes of one pod: a task for each probe of each running container.

Startup comes first; the others begin when it has passed. A verdict turns after as many equal answers in a
row as the probe's threshold says, and then the pod's worker is woken through `ProbeResults`. While a new
container has not been found ready yet, cheap probes are repeated quickly for the length of one period: these
early answers count only when they succeed.
"""

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta

from kubeade.api.resource import Object
from kubeade.cri.service import RuntimeService
from kubeade.cri.types import ContainerState, ContainerStatus
from kubeade.kubelet import pods
from kubeade.kubelet.observed import ObservedPod
from kubeade.kubelet.probe_results import ProbeResults
from kubeade.kubelet.probes.attempt import Subject, Verdict, attempt
from kubeade.kubelet.probes.http_get import ProbeError
from kubeade.lib.backoff import Backoff
from kubeade.lib.clock import Clock
from kubeade.reconcile.events import WARNING, EventRecorder

log = logging.getLogger(__name__)

PROBES = {"startup": "startupProbe", "readiness": "readinessProbe", "liveness": "livenessProbe"}
RETRY_SECONDS = 1.0
EARLY_BACKOFF = Backoff(initial_seconds=0.1, limit_seconds=2.0)


class ProbeManager:
    def __init__(
        self, runtime: RuntimeService, events: EventRecorder, results: ProbeResults, clock: Clock
    ) -> None:
        self._runtime = runtime
        self._events = events
        self._results = results
        self._clock = clock
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._started: dict[str, asyncio.Event] = {}
        self._pod: Object = {}
        self._address = ""
        self.counts: Counter[tuple[str, str, str]] = Counter()
        """How often a probe of a kind and a container ended how (successful, failed, unknown)."""

    def follow(self, pod: Object, observed: ObservedPod, address: str) -> None:
        """Probe exactly the containers that run now. A pod being deleted keeps its readiness probes only."""
        self._pod, self._address = pod, address
        running = {each.id: each for each in observed.containers if each.state is ContainerState.RUNNING}
        kinds = ("readiness",) if pods.is_deleted(pod) else tuple(PROBES)
        for container_id, kind in list(self._tasks):
            if container_id not in running or kind not in kinds:
                self._tasks.pop((container_id, kind)).cancel()
        for container_id in [each for each in self._results if each not in running]:
            self._results.forget(container_id)
            self._started.pop(container_id, None)
        for status in running.values():
            container = pods.container_named(pod, status.metadata.name)
            if container is not None:
                self._begin(container, status, kinds)

    def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def _begin(self, container: Object, status: ContainerStatus, kinds: tuple[str, ...]) -> None:
        for kind in kinds:
            key = (status.id, kind)
            if container.get(PROBES[kind]) and key not in self._tasks:
                name = f"{kind} probe of {status.metadata.name}"
                self._tasks[key] = asyncio.create_task(self._run(container, status, kind), name=name)

    async def _run(self, container: Object, status: ContainerStatus, kind: str) -> None:
        """A bug met by one attempt must not end the probing: a pod that nobody asks never becomes ready."""
        while True:
            try:
                await self._run_series(container, status, kind)
                return
            except Exception:
                log.exception("%s probe of %s", kind, status.metadata.name)
            await asyncio.sleep(RETRY_SECONDS)

    async def _run_series(self, container: Object, status: ContainerStatus, kind: str) -> None:
        probe = container[PROBES[kind]]
        if kind != "startup" and container.get("startupProbe"):
            await self._started.setdefault(status.id, asyncio.Event()).wait()
        await self._sleep_until(status, float(probe.get("initialDelaySeconds") or 0))
        await _Series(self, container, status.id, kind).run(self._is_young(status, probe))

    async def _sleep_until(self, status: ContainerStatus, delay_seconds: float) -> None:
        age = (self._clock.now() - _moment(status.started_at)).total_seconds()
        await asyncio.sleep(max(0.0, delay_seconds - age))

    def _is_young(self, status: ContainerStatus, probe: Object) -> bool:
        period = timedelta(seconds=float(probe.get("periodSeconds") or 10))
        delay = timedelta(seconds=float(probe.get("initialDelaySeconds") or 0))
        return self._clock.now() - _moment(status.started_at) < delay + period

    def decide(self, container_id: str, kind: str, *, passed: bool) -> None:
        """Record a verdict that has reached its threshold."""
        self._results.set(container_id, kind, passed=passed)
        if kind == "startup" and passed:
            self._started.setdefault(container_id, asyncio.Event()).set()

    async def probe(self, container: Object, container_id: str, kind: str, *, quiet: bool) -> bool | None:
        """One attempt; None when it could not be made. Tells of failures unless `quiet`."""
        subject = Subject(container, container_id, self._address)
        word = kind.capitalize()
        try:
            verdict = await attempt(container[PROBES[kind]], subject, self._runtime)
        except ProbeError as error:
            text = f"{word} probe errored and resulted in unknown state: {error}"
            self._tell(container, "Unhealthy", text)
            self.counts[word, container["name"], "unknown"] += 1
            return None
        self.counts[word, container["name"], "successful" if verdict.passed else "failed"] += 1
        self._tell_verdict(container, word, verdict, quiet=quiet)
        return verdict.passed

    def _tell_verdict(self, container: Object, word: str, verdict: Verdict, *, quiet: bool) -> None:
        if verdict.warning:
            self._tell(container, "ProbeWarning", f"{word} probe warning: {verdict.output}")
        elif not verdict.passed and not quiet:
            self._tell(container, "Unhealthy", f"{word} probe failed: {verdict.output}")

    def _tell(self, container: Object, reason: str, message: str) -> None:
        where = pods.field_path(self._pod, container)
        self._events.event(self._pod, WARNING, reason, message, field_path=where)


class _Series:
    """The attempts of one probe, one after the other."""

    def __init__(self, manager: ProbeManager, container: Object, container_id: str, kind: str) -> None:
        probe = container[PROBES[kind]]
        self._manager = manager
        self._container = container
        self._container_id = container_id
        self._kind = kind
        self._period_seconds = float(probe.get("periodSeconds") or 10)
        self._thresholds = {
            True: int(probe.get("successThreshold") or 1),
            False: int(probe.get("failureThreshold") or 3),
        }
        self._is_cheap = "exec" not in probe
        self._last: bool | None = None
        self._in_a_row = 0

    async def run(self, is_young: bool) -> None:
        if is_young and self._is_cheap and self._kind != "liveness" and await self._run_early():
            if self._kind == "startup":
                return
            await asyncio.sleep(self._period_seconds)
        while True:
            if self._count(await self._attempt(quiet=False)):
                return
            await asyncio.sleep(self._period_seconds)

    async def _run_early(self) -> bool:
        """Ask often for one period; True when it has passed."""
        loop = asyncio.get_running_loop()
        end, tries = loop.time() + self._period_seconds, 0
        while True:
            if await self._attempt(quiet=True):
                self._count(True)
                if self._in_a_row >= self._thresholds[True]:
                    return True
            else:
                self._in_a_row = 0
            tries += 1
            delay = EARLY_BACKOFF.delay_seconds(tries)
            if loop.time() + delay >= end:
                await asyncio.sleep(max(0.0, end - loop.time()))
                return False
            await asyncio.sleep(delay)

    async def _attempt(self, *, quiet: bool) -> bool | None:
        return await self._manager.probe(self._container, self._container_id, self._kind, quiet=quiet)

    def _count(self, passed: bool | None) -> bool:
        """Count an answer; True when this series is over."""
        if passed is None:
            return False
        self._in_a_row = self._in_a_row + 1 if passed == self._last else 1
        self._last = passed
        if self._in_a_row < self._thresholds[passed]:
            return False
        self._manager.decide(self._container_id, self._kind, passed=passed)
        return self._kind == "startup" or (self._kind == "liveness" and not passed)


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
