"""The cluster's ledger, opened: SQLite in the data directory, with a door for etcd's tools, or a real etcd.

Either way this process holds the data directory's lock. Its own ledger it checks from time to time.
"""

import asyncio
import logging

from kubeade.cluster import etcd_keys
from kubeade.cluster.etcd_face import LedgerDoor, silence_grpc
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.settings import EtcdSettings, Room
from kubeade.lib.clock import Clock
from kubeade.store.ledger import Ledger
from kubeade.store.lock import LedgerLock

log = logging.getLogger(__name__)

ROOM = Room()
CHECK_SECONDS = 1800.0
"""Between two checks of the whole file; one takes about a second for 100 MB, in a thread."""


class Store:
    """One opened ledger and what belongs to it."""

    def __init__(
        self, ledger: Ledger, lock: LedgerLock | None = None, door: LedgerDoor | None = None
    ) -> None:
        self.ledger = ledger
        self._lock = lock
        self._door = door

    @classmethod
    async def open(
        cls, data: DataDirectory, etcd: EtcdSettings | None, clock: Clock, room: Room = ROOM
    ) -> "Store":
        """Raises LedgerUnusable, OSError."""
        if etcd is not None:
            return await cls._open_etcd(data, etcd)
        from kubeade.store.sqlite import LedgerLimits, SqliteLedger
        from kubeade.store.trim import HistoryBudget

        history = HistoryBudget.of_bytes(room.history_bytes) if room.history_bytes else HistoryBudget()
        limits = LedgerLimits(history, room.quota_bytes or None)
        ledger = await SqliteLedger.open(data.ledger, limits)
        return cls(ledger, door=LedgerDoor(data, ledger, clock))

    @classmethod
    async def _open_etcd(cls, data: DataDirectory, etcd: EtcdSettings) -> "Store":
        silence_grpc()
        from kubeade.store.remote.ledger import EtcdLedger

        lock = LedgerLock(data.ledger)
        try:
            if etcd.owner:
                await etcd_keys.with_keys(etcd, lambda keys: keys.claim(etcd.owner))
            return cls(await EtcdLedger.open(etcd_keys.address(etcd)), lock)
        except BaseException:
            lock.release()
            raise

    async def open_door(self) -> None:
        """Let etcd's tools in, where the ledger is ours. Raises OSError."""
        if self._door is not None:
            await self._door.start()

    async def keep_checked(self) -> None:
        """Say in the log where the ledger's file does not hold together, until cancelled."""
        checked = 0
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if self._door is not None and self.ledger.revision != checked:
                checked = self.ledger.revision
                for finding in await self._door.ledger.check():
                    log.error("the ledger is damaged: %s", finding)

    async def close(self) -> None:
        if self._door is not None:
            await self._door.stop()
        await self.ledger.close()
        if self._lock is not None:
            self._lock.release()
