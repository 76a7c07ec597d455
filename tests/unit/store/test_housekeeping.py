"""When history is called old, and that an idle ledger is left alone."""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from typing import Any, cast

from kubeade.store.feed import Feed
from kubeade.store.housekeeping import TIDY_SECONDS, Housekeeping
from kubeade.store.request import Request, Tidy


class Timer:
    def cancelled(self) -> bool:
        return False


class TickingLoop:
    """A loop whose time stands still between ticks."""

    def __init__(self) -> None:
        self.now = 0.0
        self.callback: Callable[[], None] = lambda: None

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        assert seconds == TIDY_SECONDS
        self.callback = callback
        return Timer()

    def create_future(self) -> "Future[Any]":
        return cast("Future[Any]", SilentFuture())

    def tick(self) -> None:
        self.now += TIDY_SECONDS
        self.callback()


class SilentFuture:
    def add_done_callback(self, callback: object) -> None:
        pass


def start(young_seconds: float) -> tuple[TickingLoop, Feed, list[Request]]:
    loop, feed, asked = TickingLoop(), Feed(5, max_events=1, max_bytes=1), list[Request]()
    Housekeeping(cast("AbstractEventLoop", loop), feed, asked.append, young_seconds)
    return loop, feed, asked


def aged(request: Request) -> int:
    assert isinstance(request, Tidy)
    return request.aged_revision


def test_a_revision_is_old_once_its_seconds_are_over() -> None:
    loop, feed, asked = start(young_seconds=2 * TIDY_SECONDS)
    for revision in (10, 20, 30, 40):
        feed.publish([], revision)
        loop.tick()
    assert [aged(request) for request in asked] == [5, 5, 10, 20]


def test_an_idle_ledger_is_left_alone() -> None:
    loop, feed, asked = start(young_seconds=2 * TIDY_SECONDS)
    feed.publish([], 10)
    for _ in range(20):
        loop.tick()
    assert [aged(request) for request in asked] == [5, 10]
