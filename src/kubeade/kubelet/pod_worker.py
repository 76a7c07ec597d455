"""One task per pod: running, terminating, terminated, removed, in this order and never back.

        sync_running ──(deleted, failed, finished, gone)──▶ terminating ──▶ sync_terminated ──▶ removed
                                                                              │        ▲
                                                                              └ wait ──┘ until deleted

A poke (a change of the pod, of a container, a probe's verdict, of a config map) makes it look again. Deletion
interrupts what is under way, such as an image pull. A shorter grace period replaces a longer one.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

from kubeade.api.errors import ApiError
from kubeade.api.resource import Object
from kubeade.cri.service import CriError
from kubeade.kubelet import pods
from kubeade.kubelet.pod_context import NodeServices, PodContext, with_type
from kubeade.kubelet.stopper import stop_pod
from kubeade.kubelet.sync_running import RetryAfter, sync_running
from kubeade.kubelet.sync_terminated import remove_pod, sync_terminated

log = logging.getLogger(__name__)

EVICTED = "Evicted"
EVICTION_GRACE_SECONDS = 1


class PodWorker:
    def __init__(self, pod: Object, node: NodeServices) -> None:
        self._poked = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failures = 0
        self.context = PodContext(pod, node, self.poke)

    def poke(self) -> None:
        """Look again, soon."""
        self._poked.set()

    def update(self, pod: Object) -> None:
        """The API shows the pod anew; `pod` asks for what it is granted."""
        self.context.pod = with_type(pod)
        self.context.node.statuses.observe(pod)
        if pods.is_deleted(pod):
            self._stopping.set()
        self.poke()

    def vanish(self) -> None:
        """The API shows the pod no longer: stop it and remove it."""
        self.context.gone = True
        self._stopping.set()
        self.poke()

    def reject(self, reason: str, message: str) -> None:
        """The node cannot take the pod: it fails without having started."""
        self.context.failure = (reason, message)
        self._stopping.set()

    def evict(self, message: str, *, disrupts: bool = True) -> None:
        """The node cannot keep the pod: it fails, and has a second to end."""
        self.context.say_warning(EVICTED, message)
        self.context.failure = (EVICTED, message)
        self.context.disruption = message if disrupts else ""
        self.context.grace_seconds = EVICTION_GRACE_SECONDS
        self._stopping.set()
        self.poke()

    async def run(self) -> None:
        """Until the pod is removed from this node."""
        if self.context.should_stop:
            self._stopping.set()
        await self._run_until_stopped()
        await self._persistently(self._terminate)
        await self._persistently(lambda: sync_terminated(self.context))
        while not (self.context.gone or pods.is_deleted(self.context.pod)):
            await self._wait(None)
        await self._persistently(lambda: remove_pod(self.context))

    async def _run_until_stopped(self) -> None:
        while not self.context.should_stop:
            self._poked.clear()
            wait_seconds = await self._interruptible(self._sync())
            if not self.context.should_stop:
                await self._wait(wait_seconds)

    async def _sync(self) -> float:
        """One round; the seconds until the next. Failures lengthen them."""
        try:
            wait_seconds = await sync_running(self.context)
        except RetryAfter as retry:
            if retry.seconds is not None:
                return retry.seconds
        except (ApiError, CriError, OSError, TimeoutError) as error:
            log.warning("pod %s: %s", pods.full_name(self.context.pod), error)
            self.context.say_warning("FailedSync", f"error syncing pod: {error}")
        except Exception:  # a bug met by one pod must not stop it for ever; it is shown whole
            log.exception("pod %s", pods.full_name(self.context.pod))
        else:
            self._failures = 0
            return wait_seconds
        self._failures += 1
        return self.context.node.config.retry_backoff.delay_seconds(self._failures)

    async def _interruptible(self, work: Coroutine[Any, Any, float]) -> float:
        """Do the work, or give it up when the pod is to be stopped."""
        task = asyncio.create_task(work)
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else 0.0
        finally:
            stop.cancel()
            task.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    async def _wait(self, seconds: float | None) -> None:
        """Until a poke, or for as long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._poked.wait()
                self._poked.clear()

    async def _terminate(self) -> None:
        """Stop everything, and keep reporting while that takes its time."""
        grace = pods.grace_period_seconds(self.context.pod)
        stopping = asyncio.create_task(self._stop())
        try:
            while not stopping.done():
                poked = asyncio.create_task(self._poked.wait())
                await asyncio.wait([stopping, poked], return_when=asyncio.FIRST_COMPLETED)
                poked.cancel()
                self._poked.clear()
                if stopping.done():
                    break
                await self._report()
                shorter = pods.grace_period_seconds(self.context.pod)
                if shorter < grace:
                    grace = shorter
                    stopping.cancel()
                    stopping = asyncio.create_task(self._stop())
            await stopping
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)

    async def _stop(self) -> None:
        await stop_pod(self.context, await self.context.observe(), self.context.grace_seconds)

    async def _report(self) -> None:
        observed = await self.context.observe()
        self.context.report(observed)
        self.context.follow_probes(observed)

    async def _persistently(self, step: Any) -> None:
        """Repeat a step until it succeeds: nothing of a pod is left behind because of one error."""
        failures = 0
        while True:
            try:
                await step()
                return
            except* (ApiError, CriError, OSError, TimeoutError) as group:
                failures += 1
                log.warning("stopping pod %s: %s", pods.full_name(self.context.pod), group.exceptions[0])
            await self._wait(self.context.node.config.retry_backoff.delay_seconds(failures))
