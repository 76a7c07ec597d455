"""What several API servers on one ledger promise one another, beyond the objects that all of them can see.

A check against what is there (a quota, a free address) and the write that follows it are two steps: two
servers could both find room for the last one. So each subject has one note in the ledger that they share,
which is only replaced by compare-and-swap: of two that decide at once, one decides again, and knows of the
other. Who decides sees every object that any server has acknowledged, and every promise that stands.

A promise is any JSON value; those that decide drop the ones that are over. A server alone on its ledger
needs none of this.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from kubeade.api.errors import ServiceUnavailable
from kubeade.apiserver.storage import Storage
from kubeade.store.ledger import KeyExists, Record, RevisionMismatch

_PLACE = b"/notes/"
_ATTEMPTS = 64
Promises = list[Any]


class SharedNotes:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def settle(self, subject: str, decide: Callable[[Promises], Promises | None]) -> None:
        """`decide` gets what is promised and returns what is promised from now on, None for no change.

        It may be called again, and may refuse by raising. Raises ServiceUnavailable.
        """
        turn = self._turns.setdefault(subject, asyncio.Lock())
        async with turn:
            for _ in range(_ATTEMPTS):
                if await self._settled(_PLACE + subject.encode(), decide):
                    return
        raise ServiceUnavailable(f"others decide on {subject} all the time: try again")

    async def _settled(self, key: bytes, decide: Callable[[Promises], Promises | None]) -> bool:
        # In this order: a promise that is missing in the note has become an object that is then seen.
        record = await self._storage.ledger.get(key)
        await self._storage.refresh()
        promises = decide([] if record is None else msgspec.json.decode(record.value))
        if promises is None:
            return True
        try:
            await self._write(key, record, msgspec.json.encode(promises))
        except (KeyExists, RevisionMismatch):
            return False
        return True

    async def _write(self, key: bytes, record: Record | None, value: bytes) -> None:
        ledger = self._storage.ledger
        if record is None:
            await ledger.create(key, value)
        else:
            await ledger.update(key, value, expected_revision=record.mod_revision)
