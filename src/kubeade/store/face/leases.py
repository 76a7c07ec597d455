"""etcd's Lease service."""

import math
from collections.abc import AsyncIterator

from kubeade.store.etcd import messages as m
from kubeade.store.etcd.refusals import LEASE_TOO_LONG
from kubeade.store.face.service import Desk, Service
from kubeade.store.ledger import LeaseNotFound

LONGEST_SECONDS = 9_000_000_000
GONE = -1
"""The remaining time of a lease that is not there."""


class Leases:
    """One answer a method."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger

    @property
    def service(self) -> Service:
        service = Service("etcdserverpb.Lease")
        service.unary("LeaseGrant", m.LeaseGrantRequest, self.grant)
        service.unary("LeaseRevoke", m.LeaseRevokeRequest, self.revoke)
        service.stream("LeaseKeepAlive", m.LeaseKeepAliveRequest, self.keep_alive)
        service.unary("LeaseTimeToLive", m.LeaseTimeToLiveRequest, self.time_to_live)
        service.unary("LeaseLeases", m.Empty, self.list)
        return service

    async def grant(self, request: m.LeaseGrantRequest) -> m.LeaseGrantResponse:
        if request.TTL > LONGEST_SECONDS:
            raise LEASE_TOO_LONG.anew()
        seconds = max(request.TTL, 1)
        lease = await self._ledger.grant_lease(seconds, request.ID)
        return m.LeaseGrantResponse(self._desk.header(), lease, seconds)

    async def revoke(self, request: m.LeaseRevokeRequest) -> m.LeaseRevokeResponse:
        await self._ledger.revoke_lease(request.ID)
        return m.LeaseRevokeResponse(self._desk.header())

    async def keep_alive(
        self, requests: AsyncIterator[m.LeaseKeepAliveRequest]
    ) -> AsyncIterator[m.LeaseKeepAliveResponse]:
        async for request in requests:
            try:
                await self._ledger.keep_lease_alive(request.ID)
                seconds = self._ledger.leases.granted_seconds(request.ID)
            except LeaseNotFound:
                seconds = 0
            yield m.LeaseKeepAliveResponse(self._desk.header(), request.ID, seconds)

    async def time_to_live(self, request: m.LeaseTimeToLiveRequest) -> m.LeaseTimeToLiveResponse:
        leases = self._ledger.leases
        header = self._desk.header()
        try:
            granted = leases.granted_seconds(request.ID)
            remaining = math.floor(leases.remaining_seconds(request.ID))
        except LeaseNotFound:
            return m.LeaseTimeToLiveResponse(header, request.ID, GONE)
        keys = await self._ledger.keys_of_lease(request.ID) if request.keys else []
        return m.LeaseTimeToLiveResponse(header, request.ID, remaining, granted, keys)

    async def list(self, request: m.Empty) -> m.LeaseLeasesResponse:
        ids = self._ledger.leases.ids
        return m.LeaseLeasesResponse(self._desk.header(), [m.LeaseStatus(lease) for lease in ids])
