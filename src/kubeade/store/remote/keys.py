"""The keys below one prefix of a real etcd, for who has no ledger open there: whose they are, copying all of
them out or in, and removing them.

A cluster owns its prefix by a key there. Servers that share an etcd on purpose own nothing.
"""

import asyncio
from collections.abc import Iterator, Sequence

from kubeade.store.etcd import messages as m
from kubeade.store.group import Slip, unstamped
from kubeade.store.ledger import LedgerUnusable
from kubeade.store.remote.envelope import seal
from kubeade.store.remote.members import Members
from kubeade.store.transplant import State

PAGE_KEYS = 1000
GROUP_KEYS = 100
GROUP_BYTES = 512 * 1024
LEASES_AT_ONCE = 64
_RANGE, _PUT, _TXN = "/etcdserverpb.KV/Range", "/etcdserverpb.KV/Put", "/etcdserverpb.KV/Txn"
_DELETE = "/etcdserverpb.KV/DeleteRange"
_CREATED = 1  # Compare's target: the revision of the creation; 0 of a key that is not there


class BranchKeys:
    """Raises LedgerError where etcd refuses or does not answer."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._branch = members.branch

    async def owner(self) -> str:
        """Empty: nobody."""
        found = await self._range(m.RangeRequest(self._branch.owner))
        return found.kvs[0].value.decode() if found.kvs else ""

    async def is_empty(self) -> bool:
        return not (await self._range(m.RangeRequest(*self._branch.span, count_only=True))).count

    async def claim(self, owner: str) -> None:
        """Make it `owner`'s, or find that it is. Raises LedgerUnusable where others have keys there."""
        found = await self.owner()
        if not found and await self.is_empty():
            nobody = m.Compare(target=_CREATED, key=self._branch.owner, create_revision=0)
            put = m.RequestOp(request_put=m.PutRequest(self._branch.owner, owner.encode()))
            await self._members.write(_TXN, m.TxnRequest([nobody], [put]), m.TxnResponse)
            found = await self.owner()
        if found != owner:
            raise LedgerUnusable(
                f"etcd has keys of another cluster below {self._branch.prefix}: give this one a prefix of its"
                " own with --etcd-prefix"
            )

    async def own(self, owner: str) -> None:
        """Whatever is there."""
        await self._members.write(_PUT, m.PutRequest(self._branch.owner, owner.encode()), m.PutResponse)

    async def read(self) -> State:
        """Everything as of one revision."""
        start, end = self._branch.ledger_span
        request = m.RangeRequest(start, end, limit=PAGE_KEYS)
        answer = await self._range(request)
        assert answer.header is not None
        request.revision = answer.header.revision
        slips = [self._branch.unseal(kv) for kv in answer.kvs]
        while answer.more:
            request.key = answer.kvs[-1].key + b"\0"
            answer = await self._range(request)
            slips += [self._branch.unseal(kv) for kv in answer.kvs]
        leases = await self._seconds({slip.record.lease for slip in slips} - {0})
        return State(slips, leases, request.revision)

    async def write(self, state: State) -> None:
        """All of a state, in the order in which it was written. etcd gives revisions of its own."""
        leases = await self._grant(state.leases)
        for group in _groups(sorted(state.slips, key=lambda slip: slip.record.mod_revision)):
            puts = [m.RequestOp(request_put=self._put(slip, leases)) for slip in group]
            await self._members.write(_TXN, m.TxnRequest([], puts), m.TxnResponse)

    async def remove(self) -> int:
        """Everything, in steps. Returns how many keys there were."""
        start, end = self._branch.span
        removed = 0
        while True:
            found = await self._range(m.RangeRequest(start, end, limit=PAGE_KEYS, keys_only=True))
            if not found.kvs:
                return removed
            upto = found.kvs[-1].key + b"\0"
            await self._members.read(_DELETE, m.DeleteRangeRequest(start, upto), m.DeleteRangeResponse)
            removed += len(found.kvs)

    async def _range(self, request: m.RangeRequest) -> m.RangeResponse:
        return await self._members.read(_RANGE, request, m.RangeResponse)

    def _put(self, slip: Slip, leases: dict[int, int]) -> m.PutRequest:
        record = slip.record
        sealed = seal(unstamped(slip), slip.stamp_at, record.author, record.creator)
        return m.PutRequest(self._branch.ledger + record.key, sealed, leases.get(record.lease, 0))

    async def _seconds(self, leases: set[int]) -> dict[int, int]:
        """What they were granted for; of one that has ended meanwhile, a last second."""

        async def ask(lease: int) -> tuple[int, int]:
            request = m.LeaseTimeToLiveRequest(lease)
            method = "/etcdserverpb.Lease/LeaseTimeToLive"
            answer = await self._members.read(method, request, m.LeaseTimeToLiveResponse)
            return lease, max(answer.grantedTTL, 1)

        found: dict[int, int] = {}
        for some in _parts(sorted(leases), LEASES_AT_ONCE):
            found.update(await asyncio.gather(*map(ask, some)))
        return found

    async def _grant(self, leases: dict[int, int]) -> dict[int, int]:
        """New ones of as many seconds, by the old ones."""

        async def grant(lease: int) -> tuple[int, int]:
            request = m.LeaseGrantRequest(leases[lease])
            method = "/etcdserverpb.Lease/LeaseGrant"
            answer = await self._members.read(method, request, m.LeaseGrantResponse)
            return lease, answer.ID

        found: dict[int, int] = {}
        for some in _parts(list(leases), LEASES_AT_ONCE):
            found.update(await asyncio.gather(*map(grant, some)))
        return found


def _parts(leases: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(leases), size):
        yield leases[start : start + size]


def _groups(slips: Sequence[Slip]) -> Iterator[list[Slip]]:
    """As many as one transaction of etcd takes."""
    group: list[Slip] = []
    size = 0
    for slip in slips:
        if group and (len(group) == GROUP_KEYS or size + len(slip.record.value) > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(slip)
        size += len(slip.record.value)
    if group:
        yield group
