"""Deciding a group of writes without a disk."""

from asyncio import Future
from collections.abc import Sequence
from typing import Any, cast

from kubeade.store.group import Group, Slip
from kubeade.store.ledger import EventType, KeyExists, KeyMissing, LeaseNotFound, Record, RevisionMismatch
from kubeade.store.request import Delete, Put, Transact
from kubeade.store.transaction import (
    Condition,
    DeleteRange,
    Operation,
    PutKey,
    Query,
    Relation,
    Transacted,
    Transaction,
    key_range,
)

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


def transact(*then: Operation, conditions: Sequence[Condition] = ()) -> Transact:
    transaction = Transaction(conditions, then, ())
    return Transact(transaction, transaction.named_keys(), "", NOBODY)


def test_the_changes_of_a_transaction_share_its_revision_and_have_places_of_their_own() -> None:
    group = Group(10, {}, set())
    group.decide([put(b"z"), transact(PutKey(b"a", b"1"), PutKey(b"b", b"2")), put(b"c")])
    assert [(change.event.record.key, change.event.record.mod_revision) for change in group.changes] == [
        (b"z", 11),
        (b"a", 12),
        (b"b", 12),
        (b"c", 13),
    ]
    assert len({change.place for change in group.changes}) == 4
    assert group.answers[1][1].revision == 12


def test_a_refused_transaction_is_undone_as_a_whole() -> None:
    there = Slip(Record(b"a", b"0", 3, 5, 2), None)
    group = Group(10, {b"a": there}, set())
    group.decide([transact(PutKey(b"a", b"1"), PutKey(b"b", b""), PutKey(b"c", None))])
    assert isinstance(group.answers[0][1], KeyMissing)
    assert (group.revision, group.changes, group.slips) == (10, [], {b"a": there})


def test_a_transaction_reads_what_it_has_just_written() -> None:
    group = Group(10, {}, set())
    group.decide(
        [transact(PutKey(b"a", b"1"), Query(b"a", b"b"), DeleteRange(b"a", b"b"), Query(b"a", b"b"))]
    )
    transacted = group.answers[0][1]
    assert [len(each.records) for each in transacted.results[1::2]] == [1, 0]
    assert group.revision == transacted.revision == 11


def test_a_transaction_that_changes_nothing_takes_no_revision() -> None:
    group = Group(10, {}, set())
    unlike = Condition(*key_range(b"a"), "version", Relation.GREATER, 0)
    group.decide([transact(PutKey(b"a", b"1"), conditions=[unlike])])
    assert (group.revision, group.answers[0][1]) == (10, Transacted(False, [], 10))


def test_keeping_a_value_keeps_it_and_its_stamp() -> None:
    there = Slip(Record(b"a", b"<5>", 3, 5, 2, 7), 1)
    group = Group(10, {b"a": there}, {7})
    group.decide([transact(PutKey(b"a", None)), transact(PutKey(b"a", b"new", None))])
    assert [(each.event.record.value, each.event.record.lease) for each in group.changes] == [
        (b"<11>", 0),
        (b"new", 0),
    ]
