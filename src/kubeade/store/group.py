"""One group of writes, decided in order before any of them touches the disk. Pure.

A group sees the records of its keys as they were before it, plus what its own earlier writes did.
Each write that holds gets the next revision; each that does not gets its own refusal and costs the
others nothing.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kubeade.store.ledger import (
    EventType,
    KeyExists,
    LeaseNotFound,
    LedgerError,
    LedgerEvent,
    Record,
    RevisionMismatch,
)
from kubeade.store.request import Answer, Delete, Put, Write
from kubeade.store.stamp import restamp, stamp


@dataclass(frozen=True, slots=True)
class Slip:
    """A record as it lies in the ledger: with the offset of its stamp."""

    record: Record
    stamp_at: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """One committed step of a key. `after` is None for a deletion, `before` for a creation."""

    event: LedgerEvent
    before: Slip | None
    after: Slip | None


class Group:
    """Decides a sequence of writes. Read `changes`, `answers` and `revision` afterwards."""

    def __init__(self, revision: int, slips: dict[bytes, Slip], leases: AbstractSet[int]) -> None:
        self.revision = revision
        self.changes: list[Change] = []
        self.answers: list[Answer] = []
        self.slips = slips
        self._leases = leases

    def decide(self, writes: Iterable[Write]) -> None:
        for write in writes:
            try:
                result: Record | LedgerError = (
                    self._put(write) if isinstance(write, Put) else self._delete(write)
                )
            except LedgerError as refusal:
                result = refusal
            self.answers.append((write.done, result))

    def delete_key(self, key: bytes, author: str) -> Record:
        """Delete a key that is there, whatever its revision."""
        before = self.slips.pop(key)
        self.revision += 1
        record = tombstone(before, self.revision, author)
        event = LedgerEvent(EventType.DELETE, record, before.record)
        self.changes.append(Change(event, before, None))
        return record

    def _put(self, put: Put) -> Record:
        before = self.slips.get(put.key)
        self._check_put(put, before)
        self.revision += 1
        revision = self.revision
        value = stamp(put.value, put.stamp_at, revision)
        previous = before.record if before else None
        if previous is None:
            record = Record(put.key, value, revision, revision, 1, put.lease, put.author, put.author)
        else:
            record = Record(
                put.key,
                value,
                previous.create_revision,
                revision,
                previous.version + 1,
                put.lease,
                put.author,
                previous.creator,
            )
        after = self.slips[put.key] = Slip(record, put.stamp_at)
        self.changes.append(Change(LedgerEvent(EventType.PUT, record, previous), before, after))
        return record

    def _check_put(self, put: Put, before: Slip | None) -> None:
        current = before.record if before else None
        if put.expected_revision is None:
            if current is not None:
                raise KeyExists(current)
        elif current is None or current.mod_revision != put.expected_revision:
            raise RevisionMismatch(put.key, current)
        if put.lease and put.lease not in self._leases:
            raise LeaseNotFound(f"lease not found: {put.lease}")

    def _delete(self, delete: Delete) -> Record:
        before = self.slips.get(delete.key)
        if before is None or before.record.mod_revision != delete.expected_revision:
            raise RevisionMismatch(delete.key, before.record if before else None)
        return self.delete_key(delete.key, delete.author)


def tombstone(before: Slip, revision: int, author: str) -> Record:
    """The record of a DELETE event: the last one, at the deletion's revision and by its author."""
    last = before.record
    value = restamp(last.value, before.stamp_at, last.mod_revision, revision)
    return Record(
        last.key, value, last.create_revision, revision, last.version, last.lease, author, last.creator
    )
