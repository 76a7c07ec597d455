"""A queue of keys: each key is waiting at most once and is worked on by one worker at a time.

A key added while it is being worked on comes back when that work is done. Failures wait longer each
time (upstream: client-go/util/workqueue).
"""

import asyncio
from collections import deque

from kubeade.lib.backoff import Backoff

DEFAULT_BACKOFF = Backoff(initial_seconds=0.005, limit_seconds=1000.0)


class WorkQueue:
    """Keys are strings (`namespace/name`), never objects: the worker reads the latest state itself."""

    def __init__(self, backoff: Backoff = DEFAULT_BACKOFF) -> None:
        self._backoff = backoff
        self._waiting: deque[str] = deque()
        self._dirty: set[str] = set()
        self._processing: set[str] = set()
        self._failures: dict[str, int] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._arrival = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being worked on; delayed keys do not count."""
        return not self._dirty and not self._processing

    def add(self, key: str) -> None:
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._waiting.append(key)
            self._arrival.set()

    def add_after(self, key: str, seconds: float) -> None:
        """Add the key later; of several delays for one key the earliest counts."""
        if seconds <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= loop.time() + seconds:
                return
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._fire, key)

    def add_rate_limited(self, key: str) -> None:
        """Add the key after the back-off that its failures in a row have earned."""
        self._failures[key] = self._failures.get(key, 0) + 1
        self.add_after(key, self._backoff.delay_seconds(self._failures[key]))

    def forget(self, key: str) -> None:
        """The key succeeded: its failures are forgotten."""
        self._failures.pop(key, None)

    def failures(self, key: str) -> int:
        return self._failures.get(key, 0)

    async def get(self) -> str:
        """The next key, which is then being worked on until `done`."""
        while not self._waiting:
            self._arrival.clear()
            await self._arrival.wait()
        key = self._waiting.popleft()
        self._dirty.discard(key)
        self._processing.add(key)
        return key

    def done(self, key: str) -> None:
        self._processing.discard(key)
        if key in self._dirty:
            self._waiting.append(key)
            self._arrival.set()

    def close(self) -> None:
        """Cancel the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _fire(self, key: str) -> None:
        self._timers.pop(key, None)
        self.add(key)
