"""The ledger's contract, which every implementation keeps and `tests/contract` checks.

The ledger is one sequence of revisions. An empty one is at revision 1; every commit after that has its
own revision, higher than all before it. It changes one key, or several at once where a transaction or
the end of a lease does; each key once.

- Acknowledged means on disk: a write returns after its commit is durable.
- Compare-and-swap: a write may name the revision that the key must still have.
- A watch delivers every change of its range after a given revision: in order, once, with the
  value before it; or it raises `Compacted`.
- History is bounded: revisions below the compaction are forgotten; the current state never is.

Values are bytes. Where a writer asks for it, the ledger stamps the write's own revision into the value,
in decimal, at `stamp_at` (a byte offset): so a value can carry its revision and be handed on unread.
`author` says on whose behalf a change was made; the ledger keeps the author of a key's first and
of its latest version without looking at them.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

import msgspec


class LedgerError(Exception):
    """Base of all that a ledger refuses.

    LedgerError
     ├── KeyExists         create() of a key that is there
     ├── RevisionMismatch  the key is not at the expected revision (current: the record, or None)
     ├── Compacted         the asked-for revision is no longer kept
     ├── FutureRevision    the asked-for revision has not happened yet
     ├── KeyMissing        a write keeps part of a key that is not there
     ├── LeaseNotFound     no such lease
     ├── LeaseExists       the asked-for lease id is in use
     ├── TransactionTooLarge  more changes than one revision can have
     ├── LedgerFull        no room on disk, or over quota: reads go on, writes are refused
     ├── LedgerFailed      the disk or the file failed: the write was not kept
     ├── OutcomeUnknown    no word from the store: a write may or may not have been committed
     ├── LedgerUnusable    it cannot be opened: in use by another process, damaged, or not a ledger
     └── LedgerClosed      the ledger is shut
    """


class Record(msgspec.Struct, frozen=True, gc=False):
    """One key as of one revision. `version` counts its changes since creation, from 1."""

    key: bytes
    value: bytes
    create_revision: int
    mod_revision: int
    version: int
    lease: int = 0
    author: str = ""
    creator: str = ""


class KeyExists(LedgerError):
    def __init__(self, current: Record) -> None:
        super().__init__(f"key exists: {current.key!r}")
        self.current = current


class RevisionMismatch(LedgerError):
    def __init__(self, key: bytes, current: Record | None) -> None:
        super().__init__(f"key changed: {key!r}")
        self.key = key
        self.current = current


class Compacted(LedgerError):
    def __init__(self, compact_revision: int) -> None:
        super().__init__(f"required revision has been compacted (oldest kept: {compact_revision})")
        self.compact_revision = compact_revision


class FutureRevision(LedgerError):
    """A read or watch names a revision above the newest one."""


class LeaseNotFound(LedgerError):
    """The lease expired, was revoked, or never was."""


class KeyMissing(LedgerError):
    def __init__(self, key: bytes) -> None:
        super().__init__(f"key not found: {key!r}")


class LeaseExists(LedgerError):
    """A lease is asked for by an id that another one has."""


class TransactionTooLarge(LedgerError):
    """A transaction makes more changes than one revision can have."""


class LedgerFull(LedgerError):
    """Nothing was written: the disk or the quota is full."""


class LedgerFailed(LedgerError):
    """The disk or the file failed. A write that gets this was rolled back; the next one may succeed."""


class OutcomeUnknown(LedgerError):
    """The store did not answer. A write may or may not have been committed."""


class LedgerUnusable(LedgerError):
    """The ledger cannot be opened: another process has it, it is damaged, or it is something else."""


class LedgerClosed(LedgerError):
    """The ledger was closed before or during the call. A write may or may not have been committed."""


class EventType(Enum):
    PUT = "PUT"
    DELETE = "DELETE"


class LedgerEvent(msgspec.Struct, frozen=True, gc=False):
    """One change. For DELETE, `record` is the last record with `mod_revision` = the deletion's revision
    and `author` = who deleted it (its value stamped anew, where it was stamped); `previous` is the
    record before."""

    type: EventType
    record: Record
    previous: Record | None


@dataclass(frozen=True, slots=True)
class Range:
    """Records in key order. `revision` is the one they are read at; `count` is without the limit."""

    records: Sequence[Record]
    revision: int
    count: int
    more: bool


class LedgerWatch(Protocol):
    """An open watch: iterate over batches, each of one or more events in revision order.

    A batch never splits a revision.

    A reader that falls too far behind gets `Compacted` from the iteration instead of a gap.
    """

    def __aiter__(self) -> AsyncIterator[Sequence[LedgerEvent]]: ...

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Ledger(Protocol):
    """What the API server asks of its store. `end` is exclusive; keys are compared as bytes."""

    @property
    def revision(self) -> int:
        """The newest committed revision."""
        ...

    @property
    def compact_revision(self) -> int:
        """The oldest revision that can still be read (0: all of them), and that a watch can begin after."""
        ...

    async def create(
        self, key: bytes, value: bytes, *, stamp_at: int | None = None, lease: int = 0, author: str = ""
    ) -> Record:
        """Write a key that must not be there. Raises KeyExists."""
        ...

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
        """Replace a key that must still be at `expected_revision`. Raises RevisionMismatch."""
        ...

    async def delete(self, key: bytes, *, expected_revision: int, author: str = "") -> Record:
        """Remove a key that must still be at `expected_revision`. Returns the record of its DELETE event.

        Raises RevisionMismatch.
        """
        ...

    async def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        """The key now, or as it was at `revision`. Raises Compacted, FutureRevision."""
        ...

    async def range(self, start: bytes, end: bytes, *, revision: int = 0, limit: int = 0) -> Range:
        """Keys in [start, end), now or at `revision`. Raises Compacted, FutureRevision."""
        ...

    async def watch(self, start: bytes, end: bytes, *, after_revision: int) -> LedgerWatch:
        """Every change in [start, end) with a revision above `after_revision`.

        By the time a write is acknowledged, its event has been handed to the watches that were open
        and keeping up. Raises Compacted, FutureRevision.
        """
        ...

    async def changes(
        self, start: bytes, end: bytes, *, after_revision: int
    ) -> tuple[Sequence[LedgerEvent], int]:
        """Some of the changes in [start, end) above `after_revision`, the oldest first, and the revision up
        to which there are no others: for who looks back without watching. Raises Compacted."""
        ...

    async def compact(self, revision: int) -> None:
        """Forget superseded history below `revision`, in small steps, without stalling writers."""
        ...

    async def grant_lease(self, seconds: int) -> int:
        """A new lease's id. Its keys are deleted when it expires."""
        ...

    async def keep_lease_alive(self, lease: int) -> None:
        """Restart the lease's time. Raises LeaseNotFound."""
        ...

    async def revoke_lease(self, lease: int) -> None:
        """End the lease now and delete its keys at one revision. Raises LeaseNotFound."""
        ...

    @property
    def shared(self) -> bool:
        """Whether others write to it, too."""
        ...

    async def refresh(self) -> int:
        """Come to know every change that anybody has been told of before.

        Returns the revision of the newest one; it has been handed to the watches here that keep up.
        """
        ...

    async def close(self) -> None:
        """Finish what is queued, then shut. Open watches end with LedgerClosed."""
        ...
