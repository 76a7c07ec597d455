"""etcd's KV service: Range, Put, DeleteRange, Txn, Compact."""

from typing import cast

from kubeade.store.etcd import messages as m
from kubeade.store.etcd.refusals import COMPACTED, FUTURE_REVISION
from kubeade.store.face import translation
from kubeade.store.face.service import Desk, Service
from kubeade.store.transaction import DeleteRange, Transaction, WasPut, WereDeleted


class Keys:
    """One answer a method."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger

    @property
    def service(self) -> Service:
        service = Service("etcdserverpb.KV")
        service.unary("Range", m.RangeRequest, self.range)
        service.unary("Put", m.PutRequest, self.put)
        service.unary("DeleteRange", m.DeleteRangeRequest, self.delete_range)
        service.unary("Txn", m.TxnRequest, self.txn)
        service.unary("Compact", m.CompactionRequest, self.compact)
        return service

    async def range(self, request: m.RangeRequest) -> m.RangeResponse:
        query = translation.query(request)
        found = await self._ledger.query(query)
        # A read of the past tells the newest revision, as etcd does; one of now tells when that was.
        header = self._desk.header(None if query.revision else found.revision)
        return translation.range_response(found, header)

    async def put(self, request: m.PutRequest) -> m.PutResponse:
        done = await self._ledger.transact(Transaction((), (translation.put(request),)))
        header = self._desk.header(done.revision)
        return translation.put_response(cast("WasPut", done.results[0]), request, header)

    async def delete_range(self, request: m.DeleteRangeRequest) -> m.DeleteRangeResponse:
        span = translation.span(request.key, request.range_end)
        done = await self._ledger.transact(Transaction((), (DeleteRange(*span),)))
        header = self._desk.header(done.revision)
        return translation.delete_response(cast("WereDeleted", done.results[0]), request, header)

    async def txn(self, request: m.TxnRequest) -> m.TxnResponse:
        done = await self._ledger.transact(translation.transaction(request))
        return translation.txn_response(done, request, self._desk.header(done.revision))

    async def compact(self, request: m.CompactionRequest) -> m.CompactionResponse:
        if request.revision > self._ledger.revision:
            raise FUTURE_REVISION.anew()
        if request.revision <= self._ledger.compact_revision:
            raise COMPACTED.anew()
        await self._ledger.compact(request.revision, wait=request.physical)
        return m.CompactionResponse(self._desk.header())
