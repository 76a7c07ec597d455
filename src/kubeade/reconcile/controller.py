"""The loop that closes a gap: take a key, compare what was ordered with what is, act, repeat.

The contract of a `Reconciler`:
- Level, not edge: it gets a key and reads the current state; what happened in between is no matter.
- Idempotent: it may be called again for the same state, after a crash in the middle too.
- Its copy of the world may be stale: every write it makes must be safe then (preconditions, names that
  collide, resourceVersion), and it must tolerate NotFound, AlreadyExists and Conflict.
- It raises to be called again with back-off, returns seconds to be called again then, None when done.
- One key is never worked on twice at once.
"""

import asyncio
import logging
from typing import Protocol

from kubeade.api.errors import ApiError, Conflict, NotFound
from kubeade.reconcile.workqueue import WorkQueue

log = logging.getLogger(__name__)


class Reconciler(Protocol):
    async def reconcile(self, key: str) -> float | None:
        """Bring `key` one step closer to its spec; seconds until it wants another look, or None."""
        ...


class Controller:
    """Feeds a reconciler from a queue with `workers` tasks.

    A subclass, or whoever builds it, adds keys to `queue` from informer handlers.
    """

    def __init__(
        self, name: str, reconciler: Reconciler, queue: WorkQueue | None = None, *, workers: int = 4
    ) -> None:
        self.name = name
        self.queue = queue or WorkQueue()
        self._reconciler = reconciler
        self._workers = workers

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self._workers):
                    tasks.create_task(self._work(), name=f"{self.name} worker {number}")
        finally:
            self.queue.close()

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            try:
                await self._reconcile(key)
            finally:
                self.queue.done(key)

    async def _reconcile(self, key: str) -> None:
        try:
            again_seconds = await self._reconciler.reconcile(key)
        except (Conflict, NotFound) as error:
            log.debug("%s %s: %s", self.name, key, error)
            self.queue.add_rate_limited(key)
        except (ApiError, OSError, TimeoutError) as error:
            log.warning("%s %s: %s", self.name, key, error)
            self.queue.add_rate_limited(key)
        except Exception:  # a bug in one reconciler must not stop the others; it is shown whole
            log.exception("%s %s", self.name, key)
            self.queue.add_rate_limited(key)
        else:
            self.queue.forget(key)
            if again_seconds is not None:
                self.queue.add_after(key, again_seconds)
