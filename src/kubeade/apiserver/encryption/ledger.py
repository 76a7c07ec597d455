"""A ledger behind which some resources are encrypted.

What is on the API server's side of it is plain bytes with their revision in them, as everywhere. What is
encrypted cannot be stamped by the ledger, so it is stored without its revision and stamped when it is opened.
Keys of the ledger, revisions and who wrote a version stay readable on disk.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from msgspec import structs

from kubeade.apiserver.encoding import restamp
from kubeade.apiserver.encryption.ciphers import PluginAway, SeedUnknown, Transformer, Unreadable, Unwritable
from kubeade.apiserver.encryption.config import Encryption
from kubeade.store.ledger import (
    EventType,
    KeyExists,
    Ledger,
    LedgerEvent,
    LedgerFailed,
    LedgerWatch,
    Range,
    Record,
    RevisionMismatch,
)

_log = logging.getLogger(__name__)

_REGISTRY = b"/registry/"
_REGISTRY_END = b"/registry0"
_AWAY_SECONDS = 1.0
_UNREADABLE_KEY = b"/unreadable"
"""Where no object lies: nobody looks at it, and the revision counts."""


class EncryptedLedger:
    """Implements `Ledger` over another one."""

    def __init__(self, ledger: Ledger, encryption: Encryption) -> None:
        self._ledger = ledger
        self._encryption = encryption
        self._transformers: dict[bytes, Transformer | None] = {}
        self._stale: dict[bytes, int] = {}

    async def use(self, encryption: Encryption) -> None:
        """Exchange the configuration. Raises LedgerFailed, and nothing is exchanged, where something on disk
        could not be read any more."""
        await EncryptedLedger(self._ledger, encryption).look_again()
        self._encryption, self._transformers = encryption, {}
        await self.look_again()

    async def look_again(self) -> None:
        """What lies on disk may be stale now. Raises LedgerFailed for what cannot be read."""
        await self.range(_REGISTRY, _REGISTRY_END)

    def is_stale(self, record: Record) -> bool:
        """Whether writing it again, unchanged, would store it otherwise: with the key of today."""
        return self._stale.get(record.key) == record.mod_revision

    @property
    def revision(self) -> int:
        return self._ledger.revision

    @property
    def compact_revision(self) -> int:
        return self._ledger.compact_revision

    @property
    def shared(self) -> bool:
        return self._ledger.shared

    async def create(
        self, key: bytes, value: bytes, *, stamp_at: int | None = None, lease: int = 0, author: str = ""
    ) -> Record:
        value, stamp_at = self._sealed(key, value, stamp_at)
        try:
            record = await self._ledger.create(key, value, stamp_at=stamp_at, lease=lease, author=author)
        except KeyExists as error:
            raise KeyExists(await self._opened(error.current)) from error
        return await self._opened(record)

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
        value, stamp_at = self._sealed(key, value, stamp_at)
        try:
            record = await self._ledger.update(
                key,
                value,
                expected_revision=expected_revision,
                stamp_at=stamp_at,
                lease=lease,
                author=author,
            )
        except RevisionMismatch as error:
            raise await self._mismatch(error) from error
        return await self._opened(record)

    async def delete(self, key: bytes, *, expected_revision: int, author: str = "") -> Record:
        try:
            record = await self._ledger.delete(key, expected_revision=expected_revision, author=author)
        except RevisionMismatch as error:
            raise await self._mismatch(error) from error
        return await self._opened(record)

    async def get(self, key: bytes, *, revision: int = 0) -> Record | None:
        record = await self._ledger.get(key, revision=revision)
        return None if record is None else await self._opened(record)

    async def range(self, start: bytes, end: bytes, *, revision: int = 0, limit: int = 0) -> Range:
        found = await self._ledger.range(start, end, revision=revision, limit=limit)
        return replace(found, records=[await self._opened(record) for record in found.records])

    async def watch(self, start: bytes, end: bytes, *, after_revision: int) -> LedgerWatch:
        return _OpenedWatch(await self._ledger.watch(start, end, after_revision=after_revision), self)

    async def changes(
        self, start: bytes, end: bytes, *, after_revision: int
    ) -> tuple[Sequence[LedgerEvent], int]:
        events, upto = await self._ledger.changes(start, end, after_revision=after_revision)
        return [await self.opened_event(event) for event in events], upto

    async def compact(self, revision: int) -> None:
        await self._ledger.compact(revision)

    async def grant_lease(self, seconds: int) -> int:
        return await self._ledger.grant_lease(seconds)

    async def keep_lease_alive(self, lease: int) -> None:
        await self._ledger.keep_lease_alive(lease)

    async def revoke_lease(self, lease: int) -> None:
        await self._ledger.revoke_lease(lease)

    async def refresh(self) -> int:
        return await self._ledger.refresh()

    async def close(self) -> None:
        await self._ledger.close()

    async def opened_event(self, event: LedgerEvent) -> LedgerEvent:
        """What somebody else wrote with a key that we have not got is told of, and does not stop the rest.
        Who is only away for now is waited for."""
        if self._transformer(event.record.key) is None:
            return event
        while True:
            try:
                return await self._opened_event(event)
            except _Away as error:
                _log.error("an object cannot be read yet: %s", error)
                await asyncio.sleep(_AWAY_SECONDS)

    async def _opened_event(self, event: LedgerEvent) -> LedgerEvent:
        """Raises _Away."""
        try:
            previous = None if event.previous is None else await self._opened(event.previous)
            record = await self._opened(event.record)
        except _Away:
            raise
        except LedgerFailed as error:
            _log.error("an object cannot be read: %s", error)
            return LedgerEvent(event.type, structs.replace(event.record, key=_UNREADABLE_KEY), None)
        if event.type is EventType.DELETE:
            self._stale.pop(record.key, None)
        return LedgerEvent(event.type, record, previous)

    def _sealed(self, key: bytes, value: bytes, stamp_at: int | None) -> tuple[bytes, int | None]:
        transformer = self._transformer(key)
        if transformer is None or not transformer.encrypts:
            return value, stamp_at
        try:
            return transformer.seal(value, key), None
        except Unwritable as error:
            raise LedgerFailed(str(error)) from error

    async def _opened(self, record: Record) -> Record:
        """Raises LedgerFailed."""
        while True:
            try:
                return self._opened_now(record)
            except SeedUnknown as unknown:
                try:
                    await unknown.learn()
                except PluginAway as error:
                    raise _Away(f"{record.key.decode()}: {error}") from error
                except ValueError as error:
                    raise LedgerFailed(f"{record.key.decode()}: {error}") from error

    def _opened_now(self, record: Record) -> Record:
        """Raises LedgerFailed, SeedUnknown."""
        transformer = self._transformer(record.key)
        if transformer is None:
            return record
        try:
            self._note(record, stale=transformer.is_stale(record.value))
            plain = transformer.open(record.value, record.key)
        except (Unreadable, ValueError) as error:
            raise LedgerFailed(str(error)) from error
        if plain is record.value:
            return record
        return structs.replace(record, value=restamp(plain, record.mod_revision))

    def _note(self, record: Record, *, stale: bool) -> None:
        """What is read of the past says nothing of today."""
        if self._stale.get(record.key, 0) > record.mod_revision:
            return
        if stale:
            self._stale[record.key] = record.mod_revision
        else:
            self._stale.pop(record.key, None)

    async def _mismatch(self, error: RevisionMismatch) -> RevisionMismatch:
        current = None if error.current is None else await self._opened(error.current)
        return RevisionMismatch(error.key, current)

    def _transformer(self, key: bytes) -> Transformer | None:
        """By `/registry/<group>/<plural>/`, worked out once."""
        group_end = key.find(b"/", len(_REGISTRY))
        prefix = key[: key.find(b"/", group_end + 1)]
        try:
            return self._transformers[prefix]
        except KeyError:
            found = None
            if key.startswith(_REGISTRY) and group_end > 0:
                group, plural = prefix[len(_REGISTRY) :].decode(errors="replace").split("/", 1)
                found = self._encryption.of("" if group == "core" else group, plural)
            self._transformers[prefix] = found
            return found


class _Away(LedgerFailed):
    """It cannot be read now."""


class _OpenedWatch:
    def __init__(self, watch: LedgerWatch, ledger: EncryptedLedger) -> None:
        self._watch = watch
        self._ledger = ledger

    async def __aiter__(self) -> AsyncIterator[Sequence[LedgerEvent]]:
        async for batch in self._watch:
            yield [await self._ledger.opened_event(event) for event in batch]

    async def close(self) -> None:
        await self._watch.close()

    async def __aenter__(self) -> Self:
        await self._watch.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._watch.__aexit__(kind, error, traceback)
