"""How long a container that keeps failing waits before the next start, or an image before the next pull."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kubeade.lib.backoff import Backoff

RESET_FACTOR = 2
"""A run of failures is forgotten after this many times the longest wait (upstream: flowcontrol.Backoff)."""


@dataclass(slots=True)
class _Entry:
    failures: int
    updated: datetime


class FailureBackoff:
    """Delays by key; the first failure of a key costs nothing, its successor the initial delay."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._entries: dict[str, _Entry] = {}

    def until(self, key: str, since: datetime) -> datetime | None:
        """When the wait that began at `since` ends; None if there is none to keep."""
        entry = self._entries.get(key)
        if entry is None or self._is_stale(entry, since):
            return None
        return since + timedelta(seconds=self._backoff.delay_seconds(entry.failures))

    def delay_seconds(self, key: str) -> float:
        entry = self._entries.get(key)
        return self._backoff.delay_seconds(entry.failures) if entry else 0.0

    def failed(self, key: str, now: datetime) -> None:
        """Count one more failure."""
        entry = self._entries.get(key)
        if entry is None or self._is_stale(entry, now):
            self._entries[key] = _Entry(1, now)
        else:
            self._entries[key] = _Entry(entry.failures + 1, now)

    def since_update(self, key: str, now: datetime) -> float:
        """Seconds still to wait, counted from the last failure; 0 if none."""
        entry = self._entries.get(key)
        if entry is None or self._is_stale(entry, now):
            return 0.0
        delay = self._backoff.delay_seconds(entry.failures)
        return max(0.0, delay - (now - entry.updated).total_seconds())

    def forget(self, prefix: str) -> None:
        for key in [each for each in self._entries if each.startswith(prefix)]:
            del self._entries[key]

    def _is_stale(self, entry: _Entry, now: datetime) -> bool:
        return (now - entry.updated).total_seconds() > RESET_FACTOR * self._backoff.limit_seconds
