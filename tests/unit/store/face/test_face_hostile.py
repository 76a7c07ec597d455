"""Bytes that are no message are refused as gRPC's own server does it, and refusals cost no memory."""

import gc

import grpc
import grpc.aio
import pytest
from face_lab import FaceLab

from kubeade.store.etcd import messages as m
from kubeade.store.etcd.refusals import EMPTY_KEY, Refusal


async def refused(call: grpc.aio.Call) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value.code(), str(error.value.details())


async def test_a_request_that_is_no_message_is_told_to_be_none(lab: FaceLab) -> None:
    code, told = await refused(lab.channel.unary_unary("/etcdserverpb.KV/Range")(b"\x07", timeout=10))
    assert (code, told) == (
        grpc.StatusCode.INTERNAL,
        "grpc: error unmarshalling request: proto: illegal wireType 7",
    )


async def test_so_is_one_on_a_stream(lab: FaceLab) -> None:
    call = lab.channel.stream_stream("/etcdserverpb.Watch/Watch")(timeout=10)
    await call.write(b"\x07")
    code, told = await refused(call.read())
    assert code is grpc.StatusCode.INTERNAL
    assert told.startswith("grpc: failed to unmarshal the received message")


@pytest.mark.parametrize("compare", [{"target": 7}, {"target": -1}, {"result": 4}, {"result": -1}])
async def test_a_comparison_that_nobody_knows_is_refused(lab: FaceLab, compare: dict[str, int]) -> None:
    request = m.TxnRequest([m.Compare(key=b"a", **compare)])
    assert "unknown target or result" in await lab.refused("etcdserverpb.KV/Txn", request)


async def test_what_was_refused_is_not_kept(lab: FaceLab) -> None:
    for _ in range(50):
        assert (
            await lab.refused("etcdserverpb.KV/Range", m.RangeRequest(b""))
            == "etcdserver: key is not provided"
        )
    gc.collect()
    assert EMPTY_KEY.__traceback__ is None
    assert sum(isinstance(each, Refusal) for each in gc.get_objects()) < 30  # the constants
