"""Which API servers serve this cluster, so that the `kubernetes` Service leads to those that live.

Each says in the ledger they share where it is, under a lease that it renews (upstream: the lease endpoint
reconciler). All of them read the same list and write the same endpoints; a server that is gone is off the
list when its lease ends, one that stops at once.
"""

import asyncio
import logging
from collections.abc import Callable

from kubeade.store.ledger import KeyExists, LeaseNotFound, Ledger, LedgerError, Record, RevisionMismatch

PLACES = b"/registry/masterleases/"
_END = b"/registry/masterleases0"
LEASE_SECONDS = 15
_RENEW_SECONDS = 5.0
_log = logging.getLogger(__name__)

Address = tuple[str, int]


class ApiServers:
    def __init__(self, ledger: Ledger, own: Address) -> None:
        self._ledger = ledger
        self._own = own
        self._key = PLACES + f"{own[0]}:{own[1]}".encode()
        self._lease = 0

    async def enter(self) -> None:
        """Say that this one serves, in the place of one that was here before. Raises LedgerError."""
        self._lease = await self._ledger.grant_lease(LEASE_SECONDS)
        before = await self._ledger.get(self._key)
        while not await self._written(before):
            before = await self._ledger.get(self._key)

    async def leave(self) -> None:
        try:
            await self._ledger.revoke_lease(self._lease)
        except LedgerError as error:
            _log.info("others learn that this server stops when its lease ends: %s", error)

    async def all(self) -> list[Address]:
        """Those of one port, which endpoints have in common. Raises LedgerError."""
        found = (await self._ledger.range(PLACES, _END)).records
        places = sorted({_address(record.key) for record in found} | {self._own})
        return [each for each in places if each[1] == places[0][1]]

    async def keep(self, changed: Callable[[], None]) -> None:
        """Stay on the list, and tell when it has changed. Ends only by cancellation."""
        known: list[Address] = []
        while True:
            try:
                await self._renew()
                found = await self.all()
            except LedgerError as error:
                _log.info("which API servers there are: %s; trying again", error)
            else:
                if found != known:
                    changed()
                known = found
            await asyncio.sleep(_RENEW_SECONDS)

    async def _renew(self) -> None:
        try:
            await self._ledger.keep_lease_alive(self._lease)
        except LeaseNotFound:
            await self.enter()

    async def _written(self, before: Record | None) -> bool:
        try:
            if before is None:
                await self._ledger.create(self._key, b"", lease=self._lease)
            else:
                revision = before.mod_revision
                await self._ledger.update(self._key, b"", expected_revision=revision, lease=self._lease)
        except (KeyExists, RevisionMismatch):
            return False
        return True


def _address(key: bytes) -> Address:
    host, _, port = key.removeprefix(PLACES).decode().rpartition(":")
    return host, int(port)
