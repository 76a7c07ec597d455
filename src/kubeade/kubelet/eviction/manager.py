"""Looks every ten seconds at what the node has left, relieves it, and evicts at most one pod a round.

As long as nothing is short and no pod limits its storage, a look costs a few reads of /proc. Images that
nobody uses go before pods do. Local storage limits of pods are kept here, too: nothing else can.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from kubeade.api.resource import Object
from kubeade.cri.service import CriError
from kubeade.kubelet.eviction.images import ImageCollector
from kubeade.kubelet.eviction.pressure import Pressure
from kubeade.kubelet.eviction.ranking import (
    Verdict,
    eviction_message,
    limits_storage,
    over_storage_limit,
    ranked,
)
from kubeade.kubelet.eviction.signals import DISK, Shortage, conditions_of, shortages, signals
from kubeade.kubelet.pod_worker import PodWorker
from kubeade.kubelet.stats.machine import measure_machine
from kubeade.kubelet.stats.usage import UsageReader
from kubeade.lib.clock import Clock
from kubeade.reconcile.events import WARNING, EventRecorder

log = logging.getLogger(__name__)

PERIOD_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the manager works with; `node` is the Node that its events are about."""

    usage: UsageReader
    images: ImageCollector
    pressure: Pressure
    clock: Clock
    events: EventRecorder
    node: Callable[[], Object]
    workers: Callable[[], list[PodWorker]]


class EvictionManager:
    def __init__(self, surroundings: Surroundings) -> None:
        self._all = surroundings
        self._thresholds = surroundings.usage.config.eviction_hard

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self.look()
            except (CriError, OSError) as error:
                log.warning("looking at what the node has left: %s", error)

    async def look(self) -> None:
        """One round."""
        await self._all.images.collect_if_due()
        crossed = await self._crossed()
        self._all.pressure.see(conditions_of(crossed), self._all.clock.now())
        if await self._keep_storage_limits() or not crossed:
            return
        worst = crossed[0]
        resource = worst.resource
        self._all.events.event(
            self._all.node(), WARNING, "EvictionThresholdMet", f"Attempting to reclaim {resource}"
        )
        if resource in (DISK, "inodes") and await self._all.images.collect_all():
            crossed = await self._crossed()
            if worst.signal not in {each.signal for each in crossed}:
                return
        await self._evict_one(worst)

    async def _crossed(self) -> list[Shortage]:
        disk, images = await self._all.usage.rooms()
        return shortages(signals(measure_machine(), disk, images), self._thresholds)

    async def _keep_storage_limits(self) -> bool:
        """Evict every pod that holds more than it may; whether there was one."""
        evicted = False
        for worker in self._active():
            if limits_storage(worker.context.pod):
                used = await self._all.usage.read_pod(worker.context, age_seconds=PERIOD_SECONDS / 2)
                verdict = over_storage_limit(used)
                if verdict is not None:
                    worker.evict(verdict.message, disrupts=verdict.disrupts)
                    evicted = True
        return evicted

    async def _evict_one(self, shortage: Shortage) -> None:
        by_uid = {worker.context.uid: worker for worker in self._active()}
        found = [await self._all.usage.read_pod(each.context) for each in by_uid.values()]
        order = ranked(found, shortage.resource)
        if not order:
            log.warning("short of %s, but there is no pod to evict", shortage.resource)
            return
        verdict = Verdict(eviction_message(order[0], shortage))
        by_uid[order[0].pod["metadata"]["uid"]].evict(verdict.message)

    def _active(self) -> list[PodWorker]:
        return [each for each in self._all.workers() if not each.context.should_stop]
