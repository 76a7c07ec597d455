"""The leases' timers, on the event loop. What a lease is and which keys it holds lies in the file.

After a restart each lease has its whole time again, as in etcd: its holder may have been cut off by
the very restart.
"""

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable, Mapping

from kubeade.store.ledger import LeaseNotFound


class LeaseTimers:
    """Calls `expire(lease)` once, when a lease has not been kept alive for its seconds."""

    def __init__(self, loop: AbstractEventLoop, expire: Callable[[int], None]) -> None:
        self._loop = loop
        self._expire = expire
        self._seconds: dict[int, int] = {}
        self._timers: dict[int, TimerHandle] = {}

    def start(self, leases: Mapping[int, int]) -> None:
        for lease, seconds in leases.items():
            self.grant(lease, seconds)

    def grant(self, lease: int, seconds: int) -> None:
        self._seconds[lease] = seconds
        self._timers[lease] = self._loop.call_later(seconds, self._fire, lease)

    def keep_alive(self, lease: int) -> None:
        """Start its time anew. Raises LeaseNotFound."""
        seconds = self.end(lease)
        self.grant(lease, seconds)

    def end(self, lease: int) -> int:
        """Forget a lease; returns its seconds. Raises LeaseNotFound."""
        self.granted_seconds(lease)
        self._timers.pop(lease).cancel()
        return self._seconds.pop(lease)

    def remaining_seconds(self, lease: int) -> float:
        """Until it expires. Raises LeaseNotFound."""
        self.granted_seconds(lease)
        return max(0.0, self._timers[lease].when() - self._loop.time())

    def granted_seconds(self, lease: int) -> int:
        """Its whole time. Raises LeaseNotFound."""
        if lease not in self._seconds:
            raise LeaseNotFound(f"lease not found: {lease}")
        return self._seconds[lease]

    @property
    def ids(self) -> list[int]:
        return list(self._seconds)

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._seconds.clear()

    def _fire(self, lease: int) -> None:
        self.end(lease)
        self._expire(lease)
