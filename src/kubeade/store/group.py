"""One group of writes, decided in order before any of them touches the disk. Pure.

A group sees the records of its keys as they were before it, plus what its own earlier writes did.
Each write that holds gets the next revision; each that does not gets its own refusal and costs the
others nothing. The changes of a transaction share its revision; each has a place of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import msgspec

from kubeade.store.ledger import (
    EventType,
    KeyExists,
    KeyMissing,
    LeaseNotFound,
    LedgerError,
    LedgerEvent,
    Range,
    Record,
    RevisionMismatch,
    TransactionTooLarge,
)
from kubeade.store.place import FIRST_PLACE, STEPS, place_of
from kubeade.store.request import Answer, Delete, Put, Write
from kubeade.store.selection import select
from kubeade.store.stamp import restamp, stamp
from kubeade.store.transaction import (
    DeleteRange,
    Operation,
    PutKey,
    Query,
    Result,
    Transacted,
    Transaction,
    WasPut,
    WereDeleted,
)

ReadPast = Callable[[Query], Range]


class Slip(msgspec.Struct, frozen=True, gc=False):
    """A record as it lies in the ledger: with the offset of its stamp, and where it was created."""

    record: Record
    stamp_at: int | None
    place: int = FIRST_PLACE


class Change(msgspec.Struct, frozen=True, gc=False):
    """One committed step of a key. `after` is None for a deletion, `before` for a creation."""

    event: LedgerEvent
    before: Slip | None
    after: Slip | None
    place: int


class Group:
    """Decides a sequence of writes. Read `changes`, `answers` and `revision` afterwards."""

    def __init__(
        self,
        revision: int,
        slips: dict[bytes, Slip],
        leases: AbstractSet[int],
        read_past: ReadPast | None = None,
    ) -> None:
        self.revision = revision
        self.changes: list[Change] = []
        self.answers: list[Answer] = []
        self.slips = slips
        self._leases = leases
        self._read_past = read_past
        self._steps = 0

    def decide(self, writes: Iterable[Write]) -> None:
        for write in writes:
            before = len(self.changes)
            self._steps = 0
            try:
                result: Record | Transacted | LedgerError = self._decide(write)
            except LedgerError as refusal:
                self._undo(before)
                result = refusal
            self.revision += bool(self._steps)
            self.answers.append((write.done, result))

    def delete_keys(self, keys: Iterable[bytes], author: str) -> None:
        """Delete keys that are there, whatever their revisions, at one revision."""
        self._steps = 0
        for key in keys:
            self._remove(key, author)
        self.revision += bool(self._steps)

    def _decide(self, write: Write) -> "Record | Transacted":
        if isinstance(write, Put):
            return self._put(write)
        if isinstance(write, Delete):
            return self._delete(write)
        return self._transact(write.transaction, write.author)

    def _undo(self, count: int) -> None:
        """A refused transaction leaves nothing behind."""
        while len(self.changes) > count:
            change = self.changes.pop()
            key = change.event.record.key
            if change.before is None:
                del self.slips[key]
            else:
                self.slips[key] = change.before
        self._steps = 0

    def _put(self, put: Put) -> Record:
        before = self.slips.get(put.key)
        current = before.record if before else None
        if put.expected_revision is None:
            if current is not None:
                raise KeyExists(current)
        elif current is None or current.mod_revision != put.expected_revision:
            raise RevisionMismatch(put.key, current)
        return self._write(put.key, put.value, put.stamp_at, put.lease, put.author, before)

    def _delete(self, delete: Delete) -> Record:
        before = self.slips.get(delete.key)
        if before is None or before.record.mod_revision != delete.expected_revision:
            raise RevisionMismatch(delete.key, before.record if before else None)
        return self._remove(delete.key, delete.author)

    def _transact(self, transaction: Transaction, author: str) -> Transacted:
        holds = not transaction.conditions or all(
            condition.holds(self._records(condition.start, condition.end))
            for condition in transaction.conditions
        )
        operations = transaction.then if holds else transaction.otherwise
        results = [self._operate(operation, author) for operation in operations]
        return Transacted(holds, results, self._now)

    def _operate(self, operation: Operation, author: str) -> Result:
        if isinstance(operation, PutKey):
            return self._put_key(operation, author)
        if isinstance(operation, Transaction):
            return self._transact(operation, author)
        if isinstance(operation, DeleteRange):
            previous = self._records(operation.start, operation.end)
            for record in previous:
                self._remove(record.key, author)
            return WereDeleted(previous, self._now)
        if operation.revision:
            assert self._read_past is not None
            return replace(self._read_past(operation), revision=self._now)
        records = self._records(operation.start, operation.end)
        return select(records, operation, self._now)

    @property
    def _now(self) -> int:
        """The newest revision, with what the write in hand has changed so far."""
        return self.revision + bool(self._steps)

    def _put_key(self, put: PutKey, author: str) -> WasPut:
        before = self.slips.get(put.key)
        value, lease, stamp_at = put.value, put.lease, None
        self._check_lease(lease or 0)
        if value is None or lease is None:
            if before is None:
                raise KeyMissing(put.key)
            if value is None:
                value, stamp_at = unstamped(before), before.stamp_at
            lease = before.record.lease if lease is None else lease
        self._write(put.key, value, stamp_at, lease, author, before)
        return WasPut(before.record if before else None, self._now)

    def _records(self, start: bytes, end: bytes) -> Sequence[Record]:
        if end == start + b"\0":
            slip = self.slips.get(start)
            return (slip.record,) if slip else ()
        return [self.slips[key].record for key in sorted(self.slips) if start <= key < end]

    def _write(
        self, key: bytes, value: bytes, stamp_at: int | None, lease: int, author: str, before: Slip | None
    ) -> Record:
        self._check_lease(lease)
        revision = self.revision + 1
        place = place_of(revision, self._step())
        value = stamp(value, stamp_at, revision)
        if before is None:
            previous = None
            record = Record(key, value, revision, revision, 1, lease, author, author)
            after = Slip(record, stamp_at, place)
        else:
            previous = before.record
            created, version = previous.create_revision, previous.version + 1
            record = Record(key, value, created, revision, version, lease, author, previous.creator)
            after = Slip(record, stamp_at, before.place)
        self.slips[key] = after
        self.changes.append(Change(LedgerEvent(EventType.PUT, record, previous), before, after, place))
        return record

    def _check_lease(self, lease: int) -> None:
        if lease and lease not in self._leases:
            raise LeaseNotFound(f"lease not found: {lease}")

    def _remove(self, key: bytes, author: str) -> Record:
        revision = self.revision + 1
        place = place_of(revision, self._step())
        before = self.slips.pop(key)
        record = tombstone(before, revision, author)
        event = LedgerEvent(EventType.DELETE, record, before.record)
        self.changes.append(Change(event, before, None, place))
        return record

    def _step(self) -> int:
        """The place of the next change within its revision."""
        if self._steps == STEPS:
            raise TransactionTooLarge(f"more than {STEPS} changes at once")
        self._steps += 1
        return self._steps - 1


def tombstone(before: Slip, revision: int, author: str) -> Record:
    """The record of a DELETE event: the last one, at the deletion's revision and by its author."""
    last = before.record
    value = restamp(last.value, before.stamp_at, last.mod_revision, revision)
    return Record(
        last.key, value, last.create_revision, revision, last.version, last.lease, author, last.creator
    )


def unstamped(slip: Slip) -> bytes:
    """The value as its writer gave it."""
    if slip.stamp_at is None:
        return slip.record.value
    end = slip.stamp_at + len(str(slip.record.mod_revision))
    return slip.record.value[: slip.stamp_at] + slip.record.value[end:]
