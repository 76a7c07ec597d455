"""Deciding a group of writes without a disk."""

from asyncio import Future
from typing import Any, cast

from kubeade.store.group import Group, Slip
from kubeade.store.ledger import EventType, KeyExists, LeaseNotFound, Record, RevisionMismatch
from kubeade.store.request import Delete, Put

NOBODY = cast("Future[Any]", None)


def put(key: bytes, expected: int | None = None, *, lease: int = 0, value: bytes = b"") -> Put:
    return Put(key, value, expected, None, lease, "", NOBODY)


def delete(key: bytes, expected: int) -> Delete:
    return Delete(key, expected, "", NOBODY)


def test_a_group_sees_its_own_earlier_writes() -> None:
    group = Group(10, {}, set())
    group.decide([put(b"a"), put(b"a", 11), delete(b"a", 12), put(b"a")])
    assert [change.event.record.mod_revision for change in group.changes] == [11, 12, 13, 14]
    assert [change.event.type for change in group.changes] == [
        EventType.PUT,
        EventType.PUT,
        EventType.DELETE,
        EventType.PUT,
    ]
    assert group.changes[3].event.previous is None
    assert group.changes[3].event.record.create_revision == 14


def test_a_refused_write_takes_no_revision() -> None:
    there = Slip(Record(b"a", b"", 3, 5, 2), None)
    group = Group(10, {b"a": there}, {7})
    group.decide(
        [
            put(b"a"),
            put(b"a", 4),
            delete(b"a", 4),
            delete(b"b", 4),
            put(b"c", lease=8),
            put(b"c", lease=7),
        ]
    )
    assert [type(result) for _, result in group.answers] == [
        KeyExists,
        RevisionMismatch,
        RevisionMismatch,
        RevisionMismatch,
        LeaseNotFound,
        Record,
    ]
    assert group.revision == 11
    assert len(group.changes) == 1
