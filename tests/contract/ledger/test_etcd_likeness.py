"""The etcd face and a real etcd, asked the same from one seed, say the same."""

import asyncio
import os
import random
from functools import partial
from pathlib import Path
from typing import Any

import grpc.aio
import msgspec
import pytest
from etcd_processes import ETCD, MISSING, EtcdCluster

from kubeade.lib.protobuf.message import Message, decode, encode
from kubeade.store.etcd import messages as m
from kubeade.store.face.server import EtcdFace
from kubeade.store.sqlite import SqliteLedger

pytestmark = pytest.mark.skipif(ETCD is None, reason=MISSING)

SEED = int(os.environ.get("KUBEADE_SEED", "1"))
STEPS = int(os.environ.get("KUBEADE_STEPS", "400"))
KEYS = [b"a", b"a/1", b"a/2", b"b", b"b\0", b"c\xff", b"\x01"]
LEASES = [11, 12]


def some_range(chance: random.Random) -> tuple[bytes, bytes]:
    dice = chance.random()
    if dice < 0.4:
        return chance.choice(KEYS), b""
    if dice < 0.5:
        return b"\0", b"\0"
    if dice < 0.6:
        return chance.choice(KEYS), b"\0"
    return chance.choice(KEYS), chance.choice(KEYS)


def some_query(chance: random.Random, newest: int) -> m.RangeRequest:
    request = m.RangeRequest(*some_range(chance))
    request.limit = chance.choice((0, 0, 1, 2))
    request.revision = chance.choice((0, 0, 0, newest, max(newest - chance.randrange(30), 1), newest + 1))
    request.sort_target, request.sort_order = chance.randrange(5), chance.randrange(3)
    if not request.sort_order:  # etcd then sorts what it has cut, which nobody can want
        request.sort_target = 0
    request.keys_only, request.count_only = chance.random() < 0.1, chance.random() < 0.1
    for name in ("min_mod_revision", "max_mod_revision", "min_create_revision", "max_create_revision"):
        if chance.random() < 0.1:
            setattr(request, name, chance.randrange(newest + 2))
    return request


def some_put(chance: random.Random) -> m.PutRequest:
    request = m.PutRequest(chance.choice(KEYS), chance.randbytes(chance.randrange(4)))
    request.lease = chance.choice((0, 0, 0, *LEASES, 99))
    request.prev_kv = chance.random() < 0.5
    if chance.random() < 0.15:
        request.ignore_value = True
        request.value = chance.choice((b"", b"", b"x"))
    if chance.random() < 0.15:
        request.ignore_lease = True
        request.lease = chance.choice((0, 0, 11))
    return request


def some_deletion(chance: random.Random) -> m.DeleteRangeRequest:
    return m.DeleteRangeRequest(*some_range(chance), prev_kv=chance.random() < 0.5)


def some_comparison(chance: random.Random, newest: int) -> m.Compare:
    target = chance.randrange(5)
    compare = m.Compare(result=chance.randrange(4), target=target)
    compare.key, compare.range_end = some_range(chance)
    if chance.random() < 0.6:
        compare.range_end = b""
    if target == 3:
        compare.value = chance.randbytes(chance.randrange(1, 3))
    else:
        name = ("version", "create_revision", "mod_revision", "", "lease")[target]
        setattr(compare, name, chance.choice((0, 1, 11, chance.randrange(newest + 1))))
    return compare


def some_operation(chance: random.Random, newest: int, depth: int) -> m.RequestOp:
    dice = chance.random()
    if dice < 0.3:
        query = some_query(chance, newest)
        query.revision = chance.choice((0, 0, 0, newest))
        return m.RequestOp(request_range=query)
    if dice < 0.7 or depth == 0:  # of nested ones etcd overlooks that one deletes what another puts
        put = some_put(chance)
        if chance.random() < 0.9:  # etcd checks some things of a put only on its own
            put.ignore_value = put.ignore_lease = False
            put.lease = 0
        return m.RequestOp(request_put=put)
    if dice < 0.9:
        deletion = some_deletion(chance)
        if deletion.range_end == b"\0":  # with an open end, etcd overlooks that a key is put as well
            deletion.range_end = b"z"
        return m.RequestOp(request_delete_range=deletion)
    return m.RequestOp(request_txn=some_transaction(chance, newest, depth - 1))


def some_transaction(chance: random.Random, newest: int, depth: int = 1) -> m.TxnRequest:
    return m.TxnRequest(
        [some_comparison(chance, newest) for _ in range(chance.randrange(3))],
        [some_operation(chance, newest, depth) for _ in range(chance.randrange(4))],
        [some_operation(chance, newest, depth) for _ in range(chance.randrange(3))],
    )


def some_call(chance: random.Random, newest: int) -> tuple[str, Message, type[Message]]:
    dice = chance.random()
    if dice < 0.35:
        return "KV/Range", some_query(chance, newest), m.RangeResponse
    if dice < 0.6:
        return "KV/Put", some_put(chance), m.PutResponse
    if dice < 0.7:
        return "KV/DeleteRange", some_deletion(chance), m.DeleteRangeResponse
    if dice < 0.95:
        return "KV/Txn", some_transaction(chance, newest), m.TxnResponse
    if dice < 0.97:
        return "KV/Compact", m.CompactionRequest(max(newest - chance.randrange(20), 1)), m.CompactionResponse
    lease = chance.choice((*LEASES, 99))
    if dice < 0.985:
        return "Lease/LeaseRevoke", m.LeaseRevokeRequest(lease), m.LeaseRevokeResponse
    return "Lease/LeaseGrant", m.LeaseGrantRequest(600, lease), m.LeaseGrantResponse


async def said(channel: Any, method: str, request: Message, kind: type[Message]) -> Any:
    """The answer as plain data without the members' own numbers, or the refusal's words."""
    call = channel.unary_unary(f"/etcdserverpb.{method}", encode, partial(decode, kind))
    try:
        answer = await call(request, timeout=10)
    except grpc.aio.AioRpcError as error:
        return error.details()
    return plain(msgspec.to_builtins(answer))


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        header = value.get("header")
        kept = {name: plain(each) for name, each in value.items() if name != "header"}
        return kept if header is None else {"revision": header["revision"], **kept}
    return [plain(each) for each in value] if isinstance(value, list) else value


async def test_a_real_etcd_and_the_face_say_the_same(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    etcd = EtcdCluster(tmp_path)
    stored = await SqliteLedger.open(tmp_path / "ledger.db")
    face = EtcdFace(stored, "", tmp_path)
    port = await face.start("127.0.0.1:0", None)
    real = grpc.aio.insecure_channel(f"127.0.0.1:{etcd.members[0].client_port}")
    ours = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    await asyncio.wait_for(real.channel_ready(), 20)
    try:
        for step in range(STEPS):
            method, request, kind = some_call(chance, stored.revision)
            expected = await said(real, method, request, kind)
            found = await said(ours, method, request, kind)
            assert found == expected, f"step {step}: {method} {request}"
        changes = [await watched(channel) for channel in (real, ours)]
        assert changes[0] == changes[1]
    finally:
        await real.close()
        await ours.close()
        await face.stop()
        await stored.close()
        etcd.stop()


async def watched(channel: Any) -> list[Any]:
    """All events since the last compaction."""
    call = channel.stream_stream("/etcdserverpb.Watch/Watch", encode, partial(decode, m.WatchResponse))
    stream = call(timeout=20)
    newest = await said(channel, "KV/Range", m.RangeRequest(b"a"), m.RangeResponse)
    start = 1
    events: list[Any] = []
    while not events or events[-1]["kv"]["mod_revision"] < newest["revision"]:
        if not events:
            create = m.WatchCreateRequest(b"\0", b"\0", start_revision=start, prev_kv=True)
            await stream.write(m.WatchRequest(create_request=create))
        response = await stream.read()
        while response.created or (not response.events and not response.canceled):
            response = await stream.read()
        if response.canceled:
            start = response.compact_revision + 1
        events += [plain(msgspec.to_builtins(event)) for event in response.events]
    stream.cancel()
    return events
