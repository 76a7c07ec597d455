"""A client of the etcd face that speaks messages."""

from functools import partial
from typing import Any

import grpc
import grpc.aio
import pytest

from kubeade.lib.protobuf.message import Message, decode, encode
from kubeade.store.etcd import messages as m
from kubeade.store.sqlite import SqliteLedger


class FaceLab:
    def __init__(self, ledger: SqliteLedger, channel: Any) -> None:
        self.ledger = ledger
        self.channel = channel

    async def ask(self, method: str, request: Message, kind: type[Message] = m.HeaderResponse) -> Any:
        call = self.channel.unary_unary(f"/{method}", encode, partial(decode, kind))
        return await call(request, timeout=10)

    async def refused(self, method: str, request: Message) -> str:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await self.ask(method, request)
        return str(error.value.details())

    async def put(self, key: bytes, value: bytes = b"", **more: Any) -> m.PutResponse:
        answer = await self.ask("etcdserverpb.KV/Put", m.PutRequest(key, value, **more), m.PutResponse)
        assert isinstance(answer, m.PutResponse)
        return answer

    async def range(self, key: bytes, end: bytes = b"", **more: Any) -> m.RangeResponse:
        request = m.RangeRequest(key, end, **more)
        answer = await self.ask("etcdserverpb.KV/Range", request, m.RangeResponse)
        assert isinstance(answer, m.RangeResponse)
        return answer

    async def txn(self, *success: m.RequestOp, compare: tuple[m.Compare, ...] = ()) -> m.TxnResponse:
        request = m.TxnRequest(list(compare), list(success))
        answer = await self.ask("etcdserverpb.KV/Txn", request, m.TxnResponse)
        assert isinstance(answer, m.TxnResponse)
        return answer

    def watch(self) -> "WatchLab":
        call = self.channel.stream_stream(
            "/etcdserverpb.Watch/Watch", encode, partial(decode, m.WatchResponse)
        )
        return WatchLab(call(timeout=20))


class WatchLab:
    """One watch stream."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def create(self, key: bytes, end: bytes = b"", **more: Any) -> None:
        await self._call.write(m.WatchRequest(create_request=m.WatchCreateRequest(key, end, **more)))

    async def cancel(self, watch_id: int) -> None:
        await self._call.write(m.WatchRequest(cancel_request=m.WatchCancelRequest(watch_id)))

    async def progress(self) -> None:
        await self._call.write(m.WatchRequest(progress_request=m.Empty()))

    async def next(self) -> m.WatchResponse:
        response = await self._call.read()
        assert isinstance(response, m.WatchResponse)
        return response

    async def events(self, count: int) -> list[m.Event]:
        found: list[m.Event] = []
        while len(found) < count:
            found += (await self.next()).events
        assert len(found) == count
        return found
