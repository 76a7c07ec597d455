"""etcd's Lock and Election services: whoever's key under a name is the oldest has the lock, or leads.

Each key hangs on a lease, so that a holder that is gone makes room.
"""

import asyncio
from collections.abc import AsyncIterator

from kubeade.store.etcd import messages as m
from kubeade.store.etcd.refusals import EMPTY_KEY, LEASE_NOT_FOUND, Code, Refusal
from kubeade.store.face import translation
from kubeade.store.face.service import Desk, Service
from kubeade.store.ledger import Record
from kubeade.store.transaction import (
    Condition,
    DeleteRange,
    PutKey,
    Query,
    Relation,
    Sort,
    Transaction,
    key_range,
)

LEASE_SECONDS = 60
NO_LEADER = Refusal(Code.UNAVAILABLE, "election: no leader")
NOT_LEADER = Refusal(Code.FAILED_PRECONDITION, "election: not leader")


class Queues:
    """The keys under each name, oldest first."""

    def __init__(self, desk: Desk) -> None:
        self._ledger = desk.ledger

    async def join(self, name: bytes, lease: int, value: bytes) -> Record:
        """The key of this lease under the name: the one that is there, or a new one."""
        lease = lease or await self._ledger.grant_lease(LEASE_SECONDS)
        key = b"%b/%x" % (name, lease)
        absent = Condition(*key_range(key), "create_revision", Relation.EQUAL, 0)
        await self._ledger.transact(Transaction((absent,), (PutKey(key, value, lease),)))
        record = await self._ledger.get(key)
        if record is None:
            raise LEASE_NOT_FOUND.anew()
        return record

    async def first(self, name: bytes) -> Record | None:
        prefix = name + b"/"
        query = Query(prefix, _after_prefix(prefix), limit=1, sort=Sort.CREATED)
        found = await self._ledger.query(query)
        return found.records[0] if found.records else None

    async def wait_until_first(self, name: bytes, record: Record) -> None:
        """Raises Refusal if the key goes away before its turn."""
        async for first in self.firsts(name):
            if first is not None and first.key == record.key:
                return
            if await self._ledger.get(record.key) is None:
                raise LEASE_NOT_FOUND.anew()

    async def firsts(self, name: bytes) -> AsyncIterator[Record | None]:
        """Who is first, now and after every change under the name."""
        prefix = name + b"/"
        async with await self._ledger.watch(
            prefix, _after_prefix(prefix), after_revision=self._ledger.revision
        ) as watch:
            yield await self.first(name)
            async for _ in watch:
                yield await self.first(name)


class Locks:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._queues = Queues(desk)

    @property
    def service(self) -> Service:
        service = Service("v3lockpb.Lock")
        service.unary("Lock", m.LockRequest, self.lock)
        service.unary("Unlock", m.UnlockRequest, self.unlock)
        return service

    async def lock(self, request: m.LockRequest) -> m.LockResponse:
        record = await self._queues.join(request.name, request.lease, b"")
        try:
            await self._queues.wait_until_first(request.name, record)
        except asyncio.CancelledError:
            await asyncio.shield(self.unlock(m.UnlockRequest(record.key)))
            raise
        return m.LockResponse(self._desk.header(), record.key)

    async def unlock(self, request: m.UnlockRequest) -> m.HeaderResponse:
        if not request.key:
            raise EMPTY_KEY.anew()
        await self._desk.ledger.transact(Transaction((), (DeleteRange(*key_range(request.key)),)))
        return m.HeaderResponse(self._desk.header())


class Elections:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self._queues = Queues(desk)

    @property
    def service(self) -> Service:
        service = Service("v3electionpb.Election")
        service.unary("Campaign", m.CampaignRequest, self.campaign)
        service.unary("Proclaim", m.ProclaimRequest, self.proclaim)
        service.unary("Leader", m.LeaderRequest, self.leader)
        service.download("Observe", m.LeaderRequest, self.observe)
        service.unary("Resign", m.ResignRequest, self.resign)
        return service

    async def campaign(self, request: m.CampaignRequest) -> m.CampaignResponse:
        record = await self._queues.join(request.name, request.lease, request.value)
        leader = m.LeaderKey(request.name, record.key, record.create_revision, record.lease)
        if record.value != request.value:
            await self.proclaim(m.ProclaimRequest(leader, request.value))
        await self._queues.wait_until_first(request.name, record)
        return m.CampaignResponse(self._desk.header(), leader)

    async def proclaim(self, request: m.ProclaimRequest) -> m.HeaderResponse:
        leader = _required(request.leader)
        await self._as_leader(leader, PutKey(leader.key, request.value, leader.lease))
        return m.HeaderResponse(self._desk.header())

    async def leader(self, request: m.LeaderRequest) -> m.LeaderResponse:
        record = await self._queues.first(request.name)
        if record is None:
            raise NO_LEADER.anew()
        return m.LeaderResponse(self._desk.header(), translation.key_value(record))

    async def observe(self, request: m.LeaderRequest) -> AsyncIterator[m.LeaderResponse]:
        """The leader now, and every later one or later word of it."""
        told = 0
        async for record in self._queues.firsts(request.name):
            if record is not None and record.mod_revision != told:
                told = record.mod_revision
                yield m.LeaderResponse(self._desk.header(), translation.key_value(record))

    async def resign(self, request: m.ResignRequest) -> m.HeaderResponse:
        leader = _required(request.leader)
        await self._as_leader(leader, DeleteRange(*key_range(leader.key)))
        return m.HeaderResponse(self._desk.header())

    async def _as_leader(self, leader: m.LeaderKey, operation: PutKey | DeleteRange) -> None:
        same = Condition(*key_range(leader.key), "create_revision", Relation.EQUAL, leader.rev)
        done = await self._ledger.transact(Transaction((same,), (operation,)))
        if not done.succeeded:
            raise NOT_LEADER.anew()


def _required(leader: m.LeaderKey | None) -> m.LeaderKey:
    if leader is None or not leader.key:
        raise Refusal(Code.INVALID_ARGUMENT, "leader key must be provided")
    return leader


def _after_prefix(prefix: bytes) -> bytes:
    """`prefix` ends in "/"."""
    return prefix[:-1] + b"0"
