"""The ledger in a real etcd cluster, of one or of several API servers.

Writes are compare-and-swap transactions. One watch of etcd feeds all watches here, and a write returns
after its own event has come by that watch, so that the contract holds: acknowledged means committed by a
majority, and seen by every watch here that keeps up. Writes of one key are sent one after the other.

`refresh` makes what is followed here as new as etcd itself was when it was asked: whoever reads from a
cache after it sees every write that any server has acknowledged before.
"""

import asyncio
from asyncio import Future, Task
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from typing import TypeVar

from kubeade.store.etcd import messages as m
from kubeade.store.group import Slip, tombstone
from kubeade.store.history import Span, Window
from kubeade.store.ledger import (
    Compacted,
    FutureRevision,
    KeyExists,
    LeaseNotFound,
    LedgerClosed,
    LedgerEvent,
    LedgerUnusable,
    OutcomeUnknown,
    Range,
    Record,
    RevisionMismatch,
)
from kubeade.store.place import EMPTY_REVISION
from kubeade.store.remote.envelope import seal
from kubeade.store.remote.follower import Follower
from kubeade.store.remote.members import CompactedSomewhere, EtcdAddress, MemberLost, Members
from kubeade.store.remote.stream import changes
from kubeade.store.watch import FeedWatch

T = TypeVar("T")

PAGE_KEYS = 1000
CHANGES_AT_ONCE = 1024
WATCH_BUFFER_EVENTS = 8192
COMPACT_SECONDS = 300.0
"""History is kept for one to two of these."""

_RANGE = "/etcdserverpb.KV/Range"
_TXN = "/etcdserverpb.KV/Txn"
_MOD = 2  # Compare's target: the revision of the last change; 0 of a key that is not there


class EtcdLedger:
    """Implements `Ledger`. Get one with `await EtcdLedger.open(address)`."""

    def __init__(self, members: Members, revision: int) -> None:
        self._members = members
        self._branch = members.branch
        self._follower = Follower(members, revision, self._newest)
        self._compact_revision = 0
        self._writing: dict[bytes, Future[None]] = {}
        self._in_flight: set[Task[Record]] = set()
        self._closed = False
        self._asked: Task[None] | None = None
        self._compacting: Task[None] | None = None

    @classmethod
    async def open(cls, address: EtcdAddress) -> "EtcdLedger":
        """Raises LedgerUnusable."""
        members = Members(address)
        try:
            count = m.RangeRequest(members.branch.ledger, count_only=True)
            answer = await members.read(_RANGE, count, m.RangeResponse)
        except OutcomeUnknown as error:
            await members.close()
            raise LedgerUnusable(f"cannot reach etcd at {', '.join(address.servers)}: {error}") from error
        ledger = cls(members, _header(answer).revision)
        ledger._follower.follow()
        if ledger.revision > EMPTY_REVISION:
            await ledger._learn_compaction()
        ledger._compacting = asyncio.ensure_future(ledger._compact_now_and_then())
        return ledger

    @property
    def revision(self) -> int:
        return self._follower.revision

    @property
    def compact_revision(self) -> int:
        return self._compact_revision

    @property
    def shared(self) -> bool:
        return True

    async def create(
        self, key: bytes, value: bytes, *, stamp_at: int | None = None, lease: int = 0, author: str = ""
    ) -> Record:
        sealed = seal(value, stamp_at, author, author)

        async def write() -> Record:
            swapped = await self._swap(key, 0, [self._put(key, sealed, lease), self._get(key)])
            if isinstance(swapped, m.TxnResponse):
                return self._slip(swapped.responses[1]).record
            if swapped is None:  # somebody deleted it meanwhile: as if it had not been there
                return await write()
            raise KeyExists(swapped.record)

        return await self._in_turn(key, write)

    async def update(
        self,
        key: bytes,
        value: bytes,
        *,
        expected_revision: int,
        stamp_at: int | None = None,
        lease: int = 0,
        author: str = "",
    ) -> Record:
        async def write() -> Record:
            creator = await self._creator(key, expected_revision)
            sealed = seal(value, stamp_at, author, creator)
            swapped = await self._swap(
                key, expected_revision, [self._put(key, sealed, lease), self._get(key)]
            )
            if isinstance(swapped, m.TxnResponse):
                return self._slip(swapped.responses[1]).record
            raise RevisionMismatch(key, swapped.record if swapped else None)

        return await self._in_turn(key, write)

    async def delete(self, key: bytes, *, expected_revision: int, author: str = "") -> Record:
        async def write() -> Record:
            remove = m.DeleteRangeRequest(self._branch.ledger + key, prev_kv=True)
            operations = [m.RequestOp(request_delete_range=remove)]
            if author:
                operations.append(
                    m.RequestOp(request_put=m.PutRequest(self._branch.deleted_by, author.encode()))
                )
            swapped = await self._swap(key, expected_revision, operations) if expected_revision else None
            if isinstance(swapped, m.TxnResponse):
                deleted = swapped.responses[0].response_delete_range
                assert deleted is not None
                return tombstone(self._branch.unseal(deleted.prev_kvs[0]), _header(swapped).revision, author)
            raise RevisionMismatch(key, swapped.record if swapped else None)

        return await self._in_turn(key, write)

    async def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        found = await self.range(key, key + b"\0", revision=revision)
        return found.records[0] if found.records else None

    async def range(self, start: bytes, end: bytes, *, revision: int = 0, limit: int = 0) -> Range:
        """Read from etcd itself, in pages of one revision."""
        self._check_open()
        request = m.RangeRequest(
            self._branch.ledger + start,
            self._branch.ledger + end,
            limit=limit or PAGE_KEYS,
            revision=revision,
        )
        answer = await self._range(request)
        request.revision = request.revision or _header(answer).revision
        count, records = answer.count, [self._branch.unseal(kv).record for kv in answer.kvs]
        while answer.more and not limit:
            request.key = answer.kvs[-1].key + b"\0"
            answer = await self._range(request)
            records += [self._branch.unseal(kv).record for kv in answer.kvs]
        await self._follower.wait_for(request.revision)
        return Range(records, request.revision, count, more=count > len(records))

    async def watch(self, start: bytes, end: bytes, *, after_revision: int) -> FeedWatch:
        self._check_open()
        if after_revision > self.revision:
            await self.refresh()
        if after_revision > self.revision:
            raise FutureRevision(f"cannot watch from {after_revision}: the newest is {self.revision}")
        # Not with the compacted revision itself: there etcd before 3.4.34 and 3.5.16 leaves deletions out.
        if after_revision < self._compact_revision:
            raise Compacted(self._compact_revision)
        return FeedWatch(
            self._follower.feed,
            self._read_events,
            start,
            end,
            after_revision=after_revision,
            buffer_events=WATCH_BUFFER_EVENTS,
        )

    async def changes(
        self, start: bytes, end: bytes, *, after_revision: int
    ) -> tuple[Sequence[LedgerEvent], int]:
        self._check_open()
        span = await self._read_events(start, end, Window(after_revision, self.revision, CHANGES_AT_ONCE))
        return span.events, span.upto_revision

    async def refresh(self) -> int:
        """Those who ask at once share the question."""
        self._check_open()
        asked = self._asked
        if asked is not None and not asked.done():
            # It may have been answered before we came: wait for it, and ask again, once for all who wait.
            with suppress(Exception):
                await asyncio.shield(asked)
        if self._asked is None or self._asked.done():
            self._asked = asyncio.ensure_future(self._catch_up())
        await asyncio.shield(self._asked)
        return self._follower.changed_revision

    async def compact(self, revision: int) -> None:
        self._check_open()
        if revision < self._compact_revision:
            raise Compacted(self._compact_revision)
        try:
            request = m.CompactionRequest(revision)
            await self._members.read("/etcdserverpb.KV/Compact", request, m.CompactionResponse)
        except CompactedSomewhere:
            if await self._learn_compaction() > revision:
                raise Compacted(self._compact_revision) from None
        self._compact_revision = max(self._compact_revision, revision)

    async def grant_lease(self, seconds: int) -> int:
        self._check_open()
        request = m.LeaseGrantRequest(seconds)
        answer = await self._members.read("/etcdserverpb.Lease/LeaseGrant", request, m.LeaseGrantResponse)
        return answer.ID

    async def keep_lease_alive(self, lease: int) -> None:
        self._check_open()
        _, call = self._members.stream("/etcdserverpb.Lease/LeaseKeepAlive", m.LeaseKeepAliveResponse)
        try:
            await call.write(m.LeaseKeepAliveRequest(lease))
            answer = await call.read()
        finally:
            call.cancel()
        if answer.TTL <= 0:
            raise LeaseNotFound(f"lease not found: {lease}")

    async def revoke_lease(self, lease: int) -> None:
        self._check_open()
        request = m.LeaseRevokeRequest(lease)
        method = "/etcdserverpb.Lease/LeaseRevoke"
        answer = await self._members.write(method, request, m.LeaseRevokeResponse)
        await self._follower.wait_for(_header(answer).revision)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._in_flight:
            await asyncio.wait(self._in_flight)
        for task in (self._asked, self._compacting):
            if task is not None:
                task.cancel()
        await self._follower.stop()
        await self._members.close()

    # -- how ---------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise LedgerClosed("the ledger is closed")

    async def _in_turn(self, key: bytes, write: Callable[[], Awaitable[Record]]) -> Record:
        """After the writes of this key that came before; going on where the caller is cancelled."""
        self._check_open()
        before = self._writing.get(key)
        done: Future[None] = asyncio.get_running_loop().create_future()
        self._writing[key] = done

        async def run() -> Record:
            try:
                if before is not None:
                    await before
                record = await write()
                await self._follower.wait_for(record.mod_revision)
                return record
            finally:
                done.set_result(None)
                if self._writing.get(key) is done:
                    del self._writing[key]

        task = asyncio.ensure_future(run())
        self._in_flight.add(task)
        task.add_done_callback(self._landed)
        return await asyncio.shield(task)

    def _landed(self, task: "Task[Record]") -> None:
        self._in_flight.discard(task)
        if not task.cancelled():
            task.exception()  # its caller has it, or was cancelled and does not want it

    async def _swap(
        self, key: bytes, expected_revision: int, operations: list[m.RequestOp]
    ) -> "m.TxnResponse | Slip | None":
        """What was done, or else what is there."""
        condition = m.Compare(target=_MOD, key=self._branch.ledger + key, mod_revision=expected_revision)
        request = m.TxnRequest([condition], operations, [self._get(key)])
        answer = await self._members.write(_TXN, request, m.TxnResponse)
        if answer.succeeded:
            return answer
        found = answer.responses[0].response_range
        return self._branch.unseal(found.kvs[0]) if found is not None and found.kvs else None

    async def _creator(self, key: bytes, revision: int) -> str:
        """Raises RevisionMismatch where the key is not at the revision any more."""
        known = self._follower.creators.of(key, revision)
        if known is not None:
            return known
        answer = await self._range(m.RangeRequest(self._branch.ledger + key))
        record = self._branch.unseal(answer.kvs[0]).record if answer.kvs else None
        if record is None or record.mod_revision != revision:
            raise RevisionMismatch(key, record)
        return record.creator

    async def _range(self, request: m.RangeRequest) -> m.RangeResponse:
        try:
            return await self._members.read(_RANGE, request, m.RangeResponse)
        except CompactedSomewhere:
            raise Compacted(await self._learn_compaction()) from None

    async def _newest(self) -> int:
        count = m.RangeRequest(self._branch.ledger, count_only=True)
        return _header(await self._members.read(_RANGE, count, m.RangeResponse)).revision

    async def _catch_up(self) -> None:
        await self._follower.wait_for(await self._newest())

    async def _learn_compaction(self) -> int:
        """etcd says where it was compacted only to a watch that starts before."""
        with suppress(MemberLost):
            try:
                async with aclosing(changes(self._members, 0)) as batches:
                    await anext(batches)
            except Compacted as error:
                self._compact_revision = max(self._compact_revision, error.compact_revision)
        return self._compact_revision

    async def _read_events(self, start: bytes, end: bytes, wanted: Window) -> Span:
        """By a watch of its own, which ends where the shared one has come to."""
        events: list[LedgerEvent] = []
        upto = wanted.after_revision
        while upto < wanted.upto_revision:
            with suppress(MemberLost):
                async with aclosing(changes(self._members, upto)) as batches:
                    async for batch, revision in batches:
                        events += [
                            event
                            for event in batch
                            if start <= event.record.key < end
                            and event.record.mod_revision <= wanted.upto_revision
                        ]
                        upto = min(revision, wanted.upto_revision)
                        if upto == wanted.upto_revision or len(events) >= wanted.limit:
                            return Span(events, upto)
        return Span(events, upto)

    def _put(self, key: bytes, sealed: bytes, lease: int) -> m.RequestOp:
        return m.RequestOp(request_put=m.PutRequest(self._branch.ledger + key, sealed, lease))

    def _get(self, key: bytes) -> m.RequestOp:
        return m.RequestOp(request_range=m.RangeRequest(self._branch.ledger + key))

    def _slip(self, answer: m.ResponseOp) -> Slip:
        assert answer.response_range is not None
        return self._branch.unseal(answer.response_range.kvs[0])

    async def _compact_now_and_then(self) -> None:
        """As kube-apiserver does. Several servers may: the later ones find it done."""
        while True:
            revision = self.revision
            await asyncio.sleep(COMPACT_SECONDS)
            with suppress(Compacted, FutureRevision, OutcomeUnknown):
                await self.compact(revision)


def _header(answer: m.RangeResponse | m.TxnResponse | m.LeaseRevokeResponse) -> m.ResponseHeader:
    assert answer.header is not None
    return answer.header
