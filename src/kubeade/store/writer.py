"""The writer thread: the only one that changes the file.

It takes what has queued up, decides it in order (`group`), writes it in one transaction, and after
the commit hands all answers and events to the event loop in one call. So an acknowledgement means
"on disk", and its cost is shared by everybody who waited.

A group that cannot be committed leaves nothing behind: the transaction is rolled back, no revision
is used up, and its callers get LedgerFull or LedgerFailed. The queue needs no limit of its own: it
holds at most one request of each waiting caller.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeGuard

from kubeade.store.group import Group, Slip
from kubeade.store.history import read_query
from kubeade.store.known import KnownSlips
from kubeade.store.ledger import (
    Compacted,
    FutureRevision,
    LeaseExists,
    LedgerError,
    LedgerEvent,
    LedgerFailed,
    LedgerFull,
    Range,
)
from kubeade.store.quota import Quota
from kubeade.store.request import (
    Answer,
    Compact,
    Delete,
    GrantLease,
    Put,
    Request,
    RevokeLease,
    Stop,
    Tidy,
    Transact,
    Write,
)
from kubeade.store.rows import load_slips, load_spans, write_changes
from kubeade.store.schema import open_writer
from kubeade.store.transaction import DeleteRange, Query
from kubeade.store.trim import HistoryBudget, HistoryTrim

GROUP_WRITES = 1024
GROUP_BYTES = 8 * 1024 * 1024
VACUUM_PAGES = 256
SPARE_PAGES = 1024
"""Free pages that stay in the file for the writes to come."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one commit has done, for the event loop."""

    revision: int
    compact_revision: int
    events: Sequence[LedgerEvent]
    answers: Sequence[Answer]


Work = tuple[Sequence[LedgerEvent], Sequence[Answer]]
"""What a transaction's body has done: the events it caused, the answers to give after the commit."""

Publish = Callable[[Outcome], None]


class Writer:
    """Owns the writing connection and its thread. `publish` is called on that thread."""

    def __init__(self, path: Path, *, budget: HistoryBudget, max_bytes: int | None, publish: Publish) -> None:
        self._connection = open_writer(path)
        self._quota = Quota(self._connection, max_bytes)
        self._trim = HistoryTrim(self._connection, budget)
        self._leases = dict(self._connection.execute("SELECT id, seconds FROM leases"))
        self._known = KnownSlips()
        self._publish = publish
        self._queue: SimpleQueue[Request] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    @property
    def revision(self) -> int:
        return self._trim.extent.newest

    @property
    def compact_revision(self) -> int:
        return self._trim.compact_revision

    @property
    def leases(self) -> dict[int, int]:
        """Each lease's seconds. Only to be read before the start."""
        return self._leases

    def start(self) -> None:
        self._thread.start()

    def submit(self, request: Request) -> None:
        self._queue.put(request)

    def _run(self) -> None:
        stop: Stop | None = None
        while stop is None:
            stop = self._serve(self._drain(self._next_request()))
        self._connection.close()
        self._publish(self._outcome([], [(stop.done, None)]))

    def _next_request(self) -> Request:
        """Wait for work; while there is none, forget old history."""
        block = False
        while True:
            try:
                return self._queue.get(block=block or not self._trim.backlog)
            except Empty:
                # Where even that fails, it waits for the next write to try again.
                block = self._commit(self._forget) is not None

    def _drain(self, first: Request) -> list[Request]:
        """What has queued up, within the limits of one group."""
        requests = [first]
        size = 0
        while len(requests) < GROUP_WRITES and size < GROUP_BYTES:
            try:
                request = self._queue.get_nowait()
            except Empty:
                break
            requests.append(request)
            if isinstance(request, Put):
                size += len(request.value)
            elif isinstance(request, Transact):
                size += request.transaction.size
        return requests

    def _serve(self, requests: Sequence[Request]) -> Stop | None:
        """Runs of writes are committed together; anything else on its own, in its place."""
        writes: list[Write] = []
        for request in requests:
            if isinstance(request, Put | Delete) or _names_its_keys(request):
                writes.append(request)
                continue
            self._write(writes)
            writes = []
            if isinstance(request, Transact):
                self._write([request])
                continue
            if isinstance(request, Stop):
                return request
            if isinstance(request, Tidy):
                self._tidy(request)
                continue
            with self._quota.reserve() if isinstance(request, RevokeLease) else nullcontext():
                error = self._commit(partial(self._body(request), request))
            if error is not None:
                self._publish(self._outcome([], [(request.done, error)]))
            elif isinstance(request, Compact) and request.wait:
                self._finish(request)
        self._write(writes)
        return None

    def _body(self, request: Request) -> Callable[[Any], Work]:
        bodies: dict[type, Callable[[Any], Work]] = {
            GrantLease: self._grant_lease,
            RevokeLease: self._revoke_lease,
            Compact: self._compact,
        }
        return bodies[type(request)]

    def _write(self, writes: Sequence[Write]) -> None:
        if not writes:
            return
        body = partial(self._put_and_delete, writes)
        error = self._commit(body)
        if isinstance(error, LedgerFull):
            with suppress(sqlite3.Error):  # the log may hold what the file has room for
                self._fold_log()
            error = self._commit(body)
        while isinstance(error, LedgerFull) and self._trim.has_past and self._commit(self._shed) is None:
            error = self._commit(body)
        if isinstance(error, LedgerFull):
            self._write_singly(writes)
        elif error is not None:
            self._publish(self._outcome([], [(write.done, error) for write in writes]))

    def _write_singly(self, writes: Sequence[Write]) -> None:
        """One that does not fit must not cost the others their place; a deletion has its reserve."""
        for write in writes:
            with self._quota.reserve() if _only_deletes(write) else nullcontext():
                error = self._commit(partial(self._put_and_delete, [write]))
            if error is not None:
                self._publish(self._outcome([], [(write.done, error)]))

    def _commit(self, body: Callable[[], Work]) -> LedgerError | None:
        """Run a transaction and publish what it did; or undo it and say why."""
        before = self._trim.extent
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            events, answers = body()
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers' answer
            self._trim.extent = before
            self._known.forget()
            self._roll_back()
            return refusal(error)
        self._publish(self._outcome(events, answers))
        return None

    def _roll_back(self) -> None:
        """Where SQLite has not done so itself. If even that fails, so does the next BEGIN, aloud."""
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _fold_log(self) -> None:
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _outcome(self, events: Sequence[LedgerEvent], answers: Sequence[Answer]) -> Outcome:
        return Outcome(self._trim.extent.newest, self._trim.compact_revision, events, answers)

    def _put_and_delete(self, writes: Sequence[Write]) -> Work:
        group = self._group(self._load(writes))
        group.decide(writes)
        return self._record(group), group.answers

    def _load(self, writes: Sequence[Write]) -> dict[bytes, Slip]:
        keys: set[bytes] = set()
        for write in writes:
            if not isinstance(write, Transact):
                keys.add(write.key)
            elif write.keys is not None:
                keys |= write.keys
            else:  # it comes alone
                return load_spans(self._connection, write.transaction.spans())
        known = self._known.of(keys)
        unknown = keys - known.keys()
        return {**known, **load_slips(self._connection, unknown)} if unknown else known

    def _group(self, slips: dict[bytes, Slip]) -> Group:
        return Group(self._trim.extent.newest, slips, self._leases.keys(), self._read_past)

    def _read_past(self, query: Query) -> Range:
        """Inside the transaction, before it has changed anything."""
        return read_query(self._connection, query, query.revision)

    def _record(self, group: Group) -> list[LedgerEvent]:
        if group.changes:
            bytes_total = self._trim.extent.bytes_total
            bytes_total = write_changes(self._connection, group.changes, bytes_total)
            self._known.note(group.changes)
            self._trim.add(group.revision, bytes_total)
            self._trim.step(len(group.changes))
        return [change.event for change in group.changes]

    def _forget(self) -> Work:
        self._trim.step()
        return [], []

    def _shed(self) -> Work:
        self._trim.shed()
        return [], []

    def _grant_lease(self, request: GrantLease) -> Work:
        lease = request.lease or self._next_lease()
        if lease in self._leases:
            return [], [(request.done, LeaseExists(f"lease exists: {lease}"))]
        self._connection.execute("INSERT INTO leases VALUES (?, ?)", (lease, request.seconds))
        self._leases[lease] = request.seconds
        return [], [(request.done, lease)]

    def _next_lease(self) -> int:
        (lease,) = self._connection.execute("SELECT id + 1 FROM last_lease").fetchone()
        while lease in self._leases:
            lease += 1
        self._connection.execute("UPDATE last_lease SET id = ?", (lease,))
        return int(lease)

    def _revoke_lease(self, request: RevokeLease) -> Work:
        rows = self._connection.execute("SELECT key FROM current WHERE lease = ?", (request.lease,))
        keys = sorted(row[0] for row in rows)
        group = self._group(load_slips(self._connection, keys))
        group.delete_keys(keys, author="")
        self._connection.execute("DELETE FROM leases WHERE id = ?", (request.lease,))
        events = self._record(group)
        self._leases.pop(request.lease, None)
        return events, [(request.done, None)]

    def _compact(self, request: Compact) -> Work:
        if request.revision > self._trim.extent.newest:
            return [], [(request.done, FutureRevision(f"cannot compact at {request.revision}"))]
        if request.revision < self._trim.compact_revision:
            return [], [(request.done, Compacted(self._trim.compact_revision))]
        self._trim.compact(request.revision)
        return [], [] if request.wait else [(request.done, None)]

    def _finish(self, compact: Compact) -> None:
        """Forget all that can be, step by step. Where that fails, it goes on when nobody waits."""
        while self._trim.backlog and self._commit(self._forget) is None:
            pass
        self._publish(self._outcome([], [(compact.done, None)]))

    def _tidy(self, request: Tidy) -> None:
        """Give back some free pages, and the log's file while nobody waits. Not in a transaction."""
        self._trim.aged_revision = max(self._trim.aged_revision, request.aged_revision)
        answer: bool | LedgerError = False
        try:
            (free,) = self._connection.execute("PRAGMA freelist_count").fetchone()
            if free > SPARE_PAGES:
                self._connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
            if self._queue.empty():
                self._fold_log()
            answer = free - VACUUM_PAGES > SPARE_PAGES
        except sqlite3.Error as error:
            answer = refusal(error)
        self._publish(self._outcome([], [(request.done, answer)]))


def _names_its_keys(request: Request) -> TypeGuard[Transact]:
    """Whether it can be decided in a group: only what the keys are that it names matters."""
    return isinstance(request, Transact) and request.keys is not None


def _only_deletes(write: Write) -> bool:
    if isinstance(write, Transact):
        return all(isinstance(each, DeleteRange) for each in write.transaction.then)
    return isinstance(write, Delete)


def refusal(error: Exception) -> LedgerError:
    """What the callers of a failed transaction are told."""
    if isinstance(error, LedgerError):
        return error
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return LedgerFull("no room: the disk or the ledger's quota is full")
    failure = LedgerFailed(f"the write was not kept: {error}")
    failure.__cause__ = error
    return failure
