"""Pods that wait for a node: those to try now (by priority, then age), those backing off, those that fit
nowhere yet.

A pod that fits nowhere is tried again when something in the cluster changed that could help, and at the
latest after five minutes (upstream: scheduler/backend/queue).
"""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from kubeade.lib.backoff import Backoff
from kubeade.scheduler.pod_info import PodInfo

POD_BACKOFF = Backoff(initial_seconds=1.0, limit_seconds=10.0)
UNSCHEDULABLE_LIMIT_SECONDS = 300.0


class SchedulingQueue:
    """Every waiting pod is in exactly one of the three states; `pop` takes the next one to try."""

    def __init__(self, backoff: Backoff = POD_BACKOFF) -> None:
        self._backoff = backoff
        self._pods: dict[str, PodInfo] = {}
        self._heap: list[tuple[int, int, str]] = []
        self._active: set[str] = set()
        self._unschedulable: set[str] = set()
        self._failures: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._order = count()
        self._arrival = asyncio.Event()

    def __len__(self) -> int:
        return len(self._pods)

    def add(self, pod: PodInfo) -> None:
        """A new pod, or a new version of one: to be tried now, unless it is backing off."""
        known = pod.key in self._pods
        self._pods[pod.key] = pod
        if not known or pod.key in self._unschedulable:
            self._activate(pod.key)

    def remove(self, key: str) -> None:
        """The pod is gone or has its node."""
        self._pods.pop(key, None)
        self._failures.pop(key, None)
        self._active.discard(key)
        self._unschedulable.discard(key)
        self._cancel(key)

    def put_back(self, pod: PodInfo, *, unschedulable: bool) -> None:
        """A try failed: wait for a change of the cluster, or (an error) for the back-off alone."""
        self._pods[pod.key] = pod
        self._failures[pod.key] = self._failures.get(pod.key, 0) + 1
        if unschedulable:
            self._unschedulable.add(pod.key)
            self._later(pod.key, UNSCHEDULABLE_LIMIT_SECONDS)
        else:
            self._later(pod.key, self._backoff.delay_seconds(self._failures[pod.key]))

    def cluster_changed(self, could_help: Callable[[PodInfo], bool] = lambda _: True) -> None:
        """Try again, after their back-off, the pods that the change could help."""
        for key in [key for key in self._unschedulable if could_help(self._pods[key])]:
            self._unschedulable.discard(key)
            self._later(key, self._backoff.delay_seconds(self._failures.get(key, 1)))

    async def pop(self) -> PodInfo:
        """The next pod to try; it is then nowhere in the queue until put back."""
        while True:
            while self._heap:
                _, _, key = heapq.heappop(self._heap)
                if key in self._active:
                    self._active.discard(key)
                    return self._pods.pop(key)
            self._arrival.clear()
            await self._arrival.wait()

    def close(self) -> None:
        for key in list(self._timers):
            self._cancel(key)

    def _later(self, key: str, seconds: float) -> None:
        self._cancel(key)
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._activate, key)

    def _activate(self, key: str) -> None:
        self._cancel(key)
        self._unschedulable.discard(key)
        if key in self._active or key not in self._pods:
            return
        self._active.add(key)
        heapq.heappush(self._heap, (-self._pods[key].priority, next(self._order), key))
        self._arrival.set()

    def _cancel(self, key: str) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
