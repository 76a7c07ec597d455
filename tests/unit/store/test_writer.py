"""The writer by itself: steps between groups, and room given back."""

import asyncio
from asyncio import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from kubeade.store.request import Compact, Delete, Put, Request, Stop, Tidy
from kubeade.store.schema import create_file
from kubeade.store.trim import STEP_ROWS, HistoryBudget
from kubeade.store.writer import Outcome, Writer


class Desk:
    """A writer whose outcomes are read by the test itself."""

    def __init__(self, path: Path, budget: HistoryBudget) -> None:
        create_file(path)
        self.outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self.writer = Writer(path, budget=budget, max_bytes=None, publish=self.outcomes.put)
        self.loop = asyncio.new_event_loop()

    def done(self) -> "Future[Any]":
        return self.loop.create_future()

    def ask(self, request: Request) -> Any:
        """The answer to one request; what happens besides is skipped."""
        self.writer.submit(request)
        while True:
            outcome = self.outcomes.get(timeout=20)
            for done, result in outcome.answers:
                if done is request.done:
                    return result

    def put(self, number: int, value: bytes = b"") -> Put:
        return Put(b"/%d" % number, value, None, None, 0, "", self.done())

    def close(self) -> None:
        self.ask(Stop(self.done()))
        self.loop.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def test_what_queued_up_is_committed_together(path: Path) -> None:
    desk = Desk(path, HistoryBudget())
    for number in range(300):
        desk.writer.submit(desk.put(number))
    desk.writer.start()
    outcome = desk.outcomes.get(timeout=20)
    assert len(outcome.events) == len(outcome.answers) == 300
    assert outcome.revision == 301
    desk.close()


def test_a_long_compaction_is_done_in_steps_that_writes_pass_between(path: Path) -> None:
    desk = Desk(path, HistoryBudget())
    for number in range(5 * STEP_ROWS):
        desk.writer.submit(desk.put(number))
    desk.writer.submit(Compact(5 * STEP_ROWS, False, desk.done()))
    last = desk.put(-1)
    desk.writer.submit(last)
    desk.writer.start()
    steps = 0
    written = False
    while not written or desk.writer.compact_revision < 5 * STEP_ROWS or steps < 4:
        outcome = desk.outcomes.get(timeout=20)
        written = written or any(done is last.done for done, _ in outcome.answers)
        steps += written and not outcome.answers
    desk.close()
    assert steps >= 4


def test_tidying_gives_the_room_of_deleted_keys_back(path: Path) -> None:
    desk = Desk(path, HistoryBudget(bytes=1_000_000, young_seconds=0))
    desk.writer.start()
    for number in range(400):
        desk.ask(desk.put(number, b"x" * 50_000))
    desk.ask(Tidy(0, desk.done()))
    large_bytes = path.stat().st_size
    assert large_bytes > 20_000_000
    for number in range(400):
        desk.ask(Delete(b"/%d" % number, number + 2, "", desk.done()))
    while desk.ask(Tidy(0, desk.done())):
        pass
    assert path.stat().st_size < 12_000_000
    assert path.with_name("ledger.db-wal").stat().st_size == 0
    desk.close()
