"""etcd's KV service, where its clients rely on details."""

import grpc.aio
import pytest
from face_lab import FaceLab

from kubeade.store.etcd import messages as m

KV = "etcdserverpb.KV"


def put(key: bytes, value: bytes = b"") -> m.RequestOp:
    return m.RequestOp(request_put=m.PutRequest(key, value))


def delete(key: bytes, end: bytes = b"") -> m.RequestOp:
    return m.RequestOp(request_delete_range=m.DeleteRangeRequest(key, end, prev_kv=True))


async def test_an_empty_store_is_at_revision_one(lab: FaceLab) -> None:
    header = (await lab.range(b"a")).header
    assert header is not None
    assert (header.revision, header.raft_term > 0, header.member_id != 0) == (1, True, True)


async def test_filters_leave_the_count_alone(lab: FaceLab) -> None:
    for key in (b"a", b"b", b"c", b"a"):
        await lab.put(key)
    found = await lab.range(b"a", b"z", min_mod_revision=3, max_mod_revision=4)
    assert ([kv.key for kv in found.kvs], found.count) == ([b"b", b"c"], 3)
    found = await lab.range(b"a", b"z", max_create_revision=3)
    assert [kv.key for kv in found.kvs] == [b"a", b"b"]


@pytest.mark.parametrize(
    ("target", "order", "expected"),
    [(0, 2, b"cba"), (1, 2, b"bac"), (2, 1, b"abc"), (3, 1, b"acb"), (4, 0, b"cba"), (4, 2, b"abc")],
)
async def test_a_range_is_sorted_before_it_is_cut(
    lab: FaceLab, target: int, order: int, expected: bytes
) -> None:
    for key, value in (b"a", b"3"), (b"b", b"2"), (b"c", b"1"), (b"b", b"2"):
        await lab.put(key, value)
    found = await lab.range(b"a", b"z", sort_target=target, sort_order=order)
    assert b"".join(kv.key for kv in found.kvs) == expected
    found = await lab.range(b"a", b"z", sort_target=target, sort_order=order, limit=2)
    assert b"".join(kv.key for kv in found.kvs) == expected[:2]
    assert found.more


async def test_count_only_and_keys_only_bring_no_values(lab: FaceLab) -> None:
    await lab.put(b"a", b"large")
    counted = await lab.range(b"\0", b"\0", count_only=True)
    assert (counted.count, counted.kvs, counted.more) == (1, [], False)
    (kv,) = (await lab.range(b"\0", b"\0", keys_only=True)).kvs
    assert (kv.key, kv.value, kv.mod_revision) == (b"a", b"", 2)


async def test_a_put_can_keep_the_value_or_the_lease(lab: FaceLab) -> None:
    lease = await lab.ledger.grant_lease(600)
    await lab.put(b"a", b"1", lease=lease)
    await lab.put(b"a", b"2", ignore_lease=True)
    answer = await lab.put(b"a", ignore_value=True, prev_kv=True)
    assert answer.prev_kv is not None
    assert (answer.prev_kv.value, answer.prev_kv.lease) == (b"2", lease)
    (kv,) = (await lab.range(b"a")).kvs
    assert (kv.value, kv.lease) == (b"2", 0)
    for request, reason in (
        (m.PutRequest(b"x", ignore_value=True), "key not found"),
        (m.PutRequest(b"a", b"1", ignore_value=True), "value is provided"),
        (m.PutRequest(b"a", lease=1, ignore_lease=True), "lease is provided"),
        (m.PutRequest(b"a", lease=999), "requested lease not found"),
        (m.PutRequest(b""), "key is not provided"),
        (m.PutRequest(b"a", bytes(2_000_000)), "request is too large"),
    ):
        assert await lab.refused(f"{KV}/Put", request) == f"etcdserver: {reason}"


async def test_a_range_deletion_is_one_revision(lab: FaceLab) -> None:
    for key in (b"a1", b"a2", b"b"):
        await lab.put(key)
    answer = await lab.ask(f"{KV}/DeleteRange", m.DeleteRangeRequest(b"a", b"b"), m.DeleteRangeResponse)
    assert (answer.deleted, answer.header.revision) == (2, 5)
    nothing = await lab.ask(f"{KV}/DeleteRange", m.DeleteRangeRequest(b"a", b"b"), m.DeleteRangeResponse)
    assert (nothing.deleted, nothing.header.revision) == (0, 5)


async def test_transactions_nest(lab: FaceLab) -> None:
    await lab.put(b"a", b"1")
    inner = m.TxnRequest([m.Compare(target=3, key=b"a", value=b"1")], [put(b"yes")], [put(b"no")])
    answer = await lab.txn(put(b"b"), m.RequestOp(request_txn=inner), delete(b"a"))
    assert [kv.key for kv in (await lab.range(b"\0", b"\0")).kvs] == [b"b", b"yes"]
    assert answer.responses[1].response_txn is not None
    assert answer.responses[1].response_txn.succeeded
    assert {kv.mod_revision for kv in (await lab.range(b"\0", b"\0")).kvs} == {3}


async def test_a_comparison_may_hold_for_a_whole_range(lab: FaceLab) -> None:
    for key in (b"a1", b"a2"):
        await lab.put(key)
    before_three = m.Compare(result=2, target=2, key=b"a", range_end=b"b", mod_revision=3)
    assert not (await lab.txn(put(b"x"), compare=(before_three,))).succeeded
    before_three.mod_revision = 4
    assert (await lab.txn(put(b"x"), compare=(before_three,))).succeeded
    empty = m.Compare(result=0, target=2, key=b"n", range_end=b"o", mod_revision=0)
    assert (await lab.txn(put(b"x"), compare=(empty,))).succeeded


@pytest.mark.parametrize(
    "operations",
    [
        [put(b"a"), put(b"a")],
        [put(b"a"), delete(b"a")],
        [delete(b"a", b"c"), put(b"b")],
        [put(b"a"), m.RequestOp(request_txn=m.TxnRequest(failure=[put(b"a")]))],
    ],
)
async def test_no_key_is_written_twice_in_a_transaction(lab: FaceLab, operations: list[m.RequestOp]) -> None:
    refused = await lab.refused(f"{KV}/Txn", m.TxnRequest(success=operations))
    assert refused == "etcdserver: duplicate key given in txn request"
    assert lab.ledger.revision == 1


async def test_too_many_operations_are_refused(lab: FaceLab) -> None:
    operations = [put(b"%d" % number) for number in range(129)]
    refused = await lab.refused(f"{KV}/Txn", m.TxnRequest(success=operations))
    assert refused == "etcdserver: too many operations in txn request"


async def test_a_failed_part_undoes_the_whole_transaction(lab: FaceLab) -> None:
    bad = m.RequestOp(request_put=m.PutRequest(b"b", lease=77))
    refused = await lab.refused(f"{KV}/Txn", m.TxnRequest(success=[put(b"a"), bad]))
    assert refused == "etcdserver: requested lease not found"
    assert ((await lab.range(b"\0", b"\0")).count, lab.ledger.revision) == (0, 1)


async def test_a_transaction_reads_the_past(lab: FaceLab) -> None:
    await lab.put(b"a", b"old")
    await lab.put(b"a", b"new")
    past = m.RequestOp(request_range=m.RangeRequest(b"a", revision=2))
    answer = await lab.txn(put(b"b"), past)
    assert answer.responses[1].response_range is not None
    assert answer.responses[1].response_range.kvs[0].value == b"old"


async def test_what_is_unknown_is_refused_with_its_name(lab: FaceLab) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await lab.ask("etcdserverpb.Auth/UserAdd", m.Empty())
    assert str(error.value.details()).startswith("kubeade: users and roles of etcd's own are not supported")
