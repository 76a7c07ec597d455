"""The ledger in one SQLite file: the default store.

This is the event loop's side. Writes go to the writer thread and come back, a group at a time, as an
`Outcome`; reads go to a reader thread with its own connection and snapshot. Here an outcome is
published: first to the watches, then to the callers, so that whoever is told of a write can rely on
every watch having it.
"""

import asyncio
import sqlite3
import sys
from asyncio import Future, Task
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from kubeade.store.check import check_file
from kubeade.store.feed import Feed
from kubeade.store.history import Span, Window, read_events, read_keys_of_lease, read_query, read_range
from kubeade.store.housekeeping import Housekeeping
from kubeade.store.lease import LeaseTimers
from kubeade.store.ledger import (
    Compacted,
    EventType,
    FutureRevision,
    LedgerClosed,
    LedgerEvent,
    LedgerFull,
    LedgerUnusable,
    Range,
    Record,
)
from kubeade.store.lock import LedgerLock
from kubeade.store.request import Compact, Delete, GrantLease, Put, Request, RevokeLease, Stop, Tidy, Transact
from kubeade.store.schema import FileSize, copy_file, create_file, open_reader, read_size
from kubeade.store.transaction import Query, Transacted, Transaction
from kubeade.store.trim import HistoryBudget
from kubeade.store.watch import FeedWatch
from kubeade.store.writer import Outcome, Writer

T = TypeVar("T")

SWITCH_SECONDS = 0.0005
"""How long a busy event loop may keep the writer thread from the interpreter, at each of the several
times a commit needs it. With Python's 5 ms, a write beside a busy loop took half a second."""

CHANGES_AT_ONCE = 1024
LEASE_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LedgerLimits:
    """What the ledger may take. `max_bytes`: the file's quota; None is the disk's size."""

    history: HistoryBudget = field(default_factory=HistoryBudget)
    max_bytes: int | None = None
    recent_events: int = 4096
    recent_bytes: int = 8 * 1024 * 1024
    watch_buffer_events: int = 8192


class SqliteLedger:
    """Implements `Ledger`. Get one with `await SqliteLedger.open(path)`."""

    def __init__(self, path: Path, limits: LedgerLimits) -> None:
        self._loop = asyncio.get_running_loop()
        self._limits = limits
        self._path = path
        self._lock = LedgerLock(path)
        try:
            create_file(path)
            self._writer = Writer(
                path, budget=limits.history, max_bytes=limits.max_bytes, publish=self._publish_soon
            )
            self._reader = open_reader(path)
        except BaseException:
            self._lock.release()
            raise
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="ledger-reader")
        self._feed = Feed(
            self._writer.revision, max_events=limits.recent_events, max_bytes=limits.recent_bytes
        )
        self._compact_revision = self._writer.compact_revision
        self._leases = LeaseTimers(self._loop, self._expire_lease)
        self._leases.start(self._writer.leases)
        self._closing: Task[None] | None = None
        self._full = False
        self._housekeeping = Housekeeping(
            self._loop, self._feed, self._writer.submit, limits.history.young_seconds
        )
        self._writer.start()

    @classmethod
    async def open(cls, path: Path, limits: LedgerLimits | None = None) -> "SqliteLedger":
        """Open the ledger, or make a new one. Raises LedgerUnusable.

        Lowers the process's thread switch interval: see SWITCH_SECONDS.
        """
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_SECONDS))
        try:
            return cls(path, limits or LedgerLimits())
        except (OSError, sqlite3.Error) as error:
            raise LedgerUnusable(f"cannot open the ledger {path}: {error}") from error

    @property
    def revision(self) -> int:
        return self._feed.revision

    @property
    def compact_revision(self) -> int:
        return self._compact_revision

    @property
    def shared(self) -> bool:
        return False

    @property
    def full(self) -> bool:
        """Whether a write was refused for lack of room, and nothing was put since."""
        return self._full

    async def refresh(self) -> int:
        return self.revision

    async def create(
        self, key: bytes, value: bytes, *, stamp_at: int | None = None, lease: int = 0, author: str = ""
    ) -> Record:
        done: Future[Record] = self._loop.create_future()
        self._submit(Put(key, value, None, stamp_at, lease, author, done))
        return await done

    async def update(
        self,
        key: bytes,
        value: bytes,
        *,
        expected_revision: int,
        stamp_at: int | None = None,
        lease: int = 0,
        author: str = "",
    ) -> Record:
        done: Future[Record] = self._loop.create_future()
        self._submit(Put(key, value, expected_revision, stamp_at, lease, author, done))
        return await done

    async def delete(self, key: bytes, *, expected_revision: int, author: str = "") -> Record:
        done: Future[Record] = self._loop.create_future()
        self._submit(Delete(key, expected_revision, author, done))
        return await done

    async def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        found = await self.range(key, key + b"\0", revision=revision)
        return found.records[0] if found.records else None

    async def range(self, start: bytes, end: bytes, *, revision: int = 0, limit: int = 0) -> Range:
        return await self._read_at(revision, lambda at: read_range(self._reader, start, end, at, limit))

    async def watch(self, start: bytes, end: bytes, *, after_revision: int) -> FeedWatch:
        self._check_open()
        if after_revision + 1 < self.compact_revision:
            raise Compacted(self.compact_revision)
        if after_revision > self.revision:
            raise FutureRevision(f"cannot watch from {after_revision}: the newest is {self.revision}")
        return FeedWatch(
            self._feed,
            self._read_events,
            start,
            end,
            after_revision=after_revision,
            buffer_events=self._limits.watch_buffer_events,
        )

    async def changes(
        self, start: bytes, end: bytes, *, after_revision: int
    ) -> tuple[Sequence[LedgerEvent], int]:
        window = Window(after_revision, self.revision, CHANGES_AT_ONCE)
        span = await self._read_events(start, end, window)
        return span.events, span.upto_revision

    async def compact(self, revision: int, *, wait: bool = False) -> None:
        done: Future[None] = self._loop.create_future()
        self._submit(Compact(revision, wait, done))
        await done

    async def transact(self, transaction: Transaction, *, author: str = "") -> Transacted:
        """Decide and do all of it at once. Raises KeyMissing, LeaseNotFound, TransactionTooLarge,
        and what reading the past raises."""
        done: Future[Transacted] = self._loop.create_future()
        self._submit(Transact(transaction, transaction.named_keys(), author, done))
        return await done

    async def query(self, query: Query) -> Range:
        """A range with all that can be asked of one. Raises Compacted, FutureRevision."""
        return await self._read_at(query.revision, partial(read_query, self._reader, query))

    async def grant_lease(self, seconds: int, lease: int = 0) -> int:
        """`lease`: the id that it shall have. Raises LeaseExists."""
        done: Future[int] = self._loop.create_future()
        done.add_done_callback(partial(self._start_lease, seconds))
        self._submit(GrantLease(seconds, lease, done))
        return await asyncio.shield(done)

    @property
    def leases(self) -> LeaseTimers:
        """For looking at them."""
        return self._leases

    async def keys_of_lease(self, lease: int) -> list[bytes]:
        """In order."""
        return await self._read(partial(read_keys_of_lease, self._reader, lease))

    async def keep_lease_alive(self, lease: int) -> None:
        self._check_open()
        self._leases.keep_alive(lease)

    async def revoke_lease(self, lease: int) -> None:
        self._check_open()
        self._leases.end(lease)
        await asyncio.shield(self._end_lease(lease))

    async def check(self) -> list[str]:
        """What is wrong with the file, a line each. Reads all of it; the ledger goes on meanwhile."""
        self._check_open()
        return await asyncio.to_thread(check_file, self._path)

    async def size(self) -> FileSize:
        return await self._read(partial(read_size, self._reader))

    async def copy_to(self, path: Path) -> None:
        """Write the ledger as it is now into a new file; writers go on meanwhile."""
        self._check_open()
        await asyncio.to_thread(copy_file, self._path, path)

    async def defragment(self) -> None:
        """Give all unused room back to the disk, step by step."""
        more = True
        while more:
            done: Future[bool] = self._loop.create_future()
            self._submit(Tidy(0, done))
            more = await done

    async def close(self) -> None:
        if self._closing is None:
            self._closing = self._loop.create_task(self._shut())
        await asyncio.shield(self._closing)

    async def _shut(self) -> None:
        self._leases.stop()
        self._housekeeping.stop()
        # The reader first: the last connection to close folds the log into the file.
        await self._loop.run_in_executor(self._readers, self._reader.close)
        self._readers.shutdown(wait=False)
        stopped: Future[None] = self._loop.create_future()
        self._writer.submit(Stop(stopped))
        await stopped
        self._feed.end(LedgerClosed("the ledger was closed"))
        self._lock.release()

    def _submit(self, request: Request) -> None:
        self._check_open()
        self._writer.submit(request)

    def _check_open(self) -> None:
        if self._closing is not None:
            raise LedgerClosed("the ledger is closed")

    async def _read_at(self, revision: int, read: Callable[[int], Range]) -> Range:
        while True:
            # "Now" is what has been published: a watch can be opened from it.
            at = revision or self.revision
            try:
                return await self._read(partial(read, at))
            except Compacted:
                if revision:
                    raise

    async def _read(self, read: Callable[[], T]) -> T:
        self._check_open()
        return await self._loop.run_in_executor(self._readers, read)

    async def _read_events(self, start: bytes, end: bytes, wanted: Window) -> Span:
        return await self._read(partial(read_events, self._reader, start, end, wanted))

    def _publish_soon(self, outcome: Outcome) -> None:
        """On the writer thread."""
        with suppress(RuntimeError):  # the loop was closed before the ledger: nobody is left to tell
            self._loop.call_soon_threadsafe(self._publish, outcome)

    def _publish(self, outcome: Outcome) -> None:
        self._compact_revision = outcome.compact_revision
        self._feed.publish(outcome.events, outcome.revision)
        if self._full and any(event.type is EventType.PUT for event in outcome.events):
            self._full = False
        for done, result in outcome.answers:
            if done.done():
                continue
            if isinstance(result, Exception):
                self._full = self._full or isinstance(result, LedgerFull)
                done.set_exception(result)
            else:
                done.set_result(result)

    def _start_lease(self, seconds: int, done: "Future[int]") -> None:
        if done.exception() is None:
            self._leases.grant(done.result(), seconds)

    def _end_lease(self, lease: int) -> "Future[None]":
        """Delete a lease whose timer has ended, for whatever reason."""
        done: Future[None] = self._loop.create_future()
        done.add_done_callback(partial(self._retry_end, lease))
        self._submit(RevokeLease(lease, done))
        return done

    def _expire_lease(self, lease: int) -> None:
        if self._closing is None:
            self._end_lease(lease)

    def _retry_end(self, lease: int, done: "Future[None]") -> None:
        """A full or failing disk keeps the keys of an ended lease for a while, not for ever."""
        if done.exception() is not None:
            self._loop.call_later(LEASE_RETRY_SECONDS, self._expire_lease, lease)
