"""Tells the writer from time to time which history is no longer young, and to give room back.

An idle ledger is left alone.
"""

from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Callable

from kubeade.store.feed import Feed
from kubeade.store.request import Request, Tidy

TIDY_SECONDS = 10.0


class Housekeeping:
    """Runs on the event loop's timers until `stop`."""

    def __init__(
        self,
        loop: AbstractEventLoop,
        feed: Feed,
        submit: Callable[[Request], None],
        young_seconds: float,
    ) -> None:
        self._loop = loop
        self._feed = feed
        self._submit = submit
        self._young_seconds = young_seconds
        self._aged_revision = feed.revision  # what was there at the start has no known age: it is old
        self._marks: deque[tuple[float, int]] = deque()
        self._timer = loop.call_later(TIDY_SECONDS, self._tick)

    def stop(self) -> None:
        self._timer.cancel()

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TIDY_SECONDS, self._tick)
        changed = not self._marks or self._marks[-1][1] != self._feed.revision
        if self._age() or changed:
            self._tidy()

    def _age(self) -> bool:
        """Note the time of this revision; learn which noted one has grown old."""
        now = self._loop.time()
        before = self._aged_revision
        self._marks.append((now, self._feed.revision))
        while self._marks[0][0] <= now - self._young_seconds:
            self._aged_revision = self._marks.popleft()[1]
            if not self._marks:
                break
        return self._aged_revision != before

    def _tidy(self) -> None:
        done: Future[bool] = self._loop.create_future()
        done.add_done_callback(self._tidied)
        self._submit(Tidy(self._aged_revision, done))

    def _tidied(self, done: "Future[bool]") -> None:
        """Go on while there is much to give back. Where that failed, the next tick tries again."""
        if done.exception() is None and done.result() and not self._timer.cancelled():
            self._tidy()
