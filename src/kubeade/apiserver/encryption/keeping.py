"""Keeps encryption going while the server runs: follows KMS plugins, and the configuration file if it shall.

A new configuration takes effect when it is right, its plugins are well and everything on disk can be read
with it; until then the old one stays.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.encryption.config import Encryption, read_encryption
from kubeade.apiserver.encryption.kms import KmsCipher, KmsClient, KmsPlugin
from kubeade.apiserver.encryption.ledger import EncryptedLedger
from kubeade.lib.changed_file import ChangedFile
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids
from kubeade.store.ledger import Ledger, LedgerError

_log = logging.getLogger(__name__)

HEALTH_CHECK = "kms-providers"
_RETRY_SECONDS = 10.0


class EncryptionKeeper:
    """`ledger` is what the server works with. Raises ConfigError, OSError."""

    def __init__(self, ledger: Ledger, path: str, clock: Clock, ids: Ids, *, reload: bool = False) -> None:
        self._path = path
        self._clock = clock
        self._ids = ids
        self._file = ChangedFile(Path(path)) if reload else None
        self._encryption = self._read()
        self.ledger = EncryptedLedger(ledger, self._encryption)

    def unhealthy(self) -> str:
        """What is wrong with a plugin, for /healthz."""
        found = [f"{each.name}: {each.unhealthy}" for each in self._encryption.plugins if each.unhealthy]
        return "; ".join(found)

    async def start(self) -> None:
        """Before the ledger is read."""
        await asyncio.gather(*(each.start() for each in self._encryption.plugins))

    async def run(self) -> None:
        """Ends only by cancellation."""
        while True:
            following = [asyncio.ensure_future(self._follow(each)) for each in self._encryption.plugins]
            try:
                await (self._until_reloaded() if self._file else asyncio.gather(*following))
                if not self._file:
                    return
            finally:
                for task in following:
                    task.cancel()

    async def close(self) -> None:
        await _close(self._encryption)

    async def _follow(self, plugin: KmsCipher) -> None:
        while True:
            key = plugin.key_id
            await asyncio.sleep(plugin.rest_seconds)
            if await plugin.check() and plugin.key_id != key:
                with suppress(LedgerError):
                    await self.ledger.look_again()

    async def _until_reloaded(self) -> None:
        assert self._file is not None
        await self._file.changed()
        while True:
            try:
                return await self._reload()
            except (ConfigError, OSError, LedgerError) as error:
                _log.error("the changed encryption configuration is not used: %s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_SECONDS):
                    await self._file.changed()

    async def _reload(self) -> None:
        """Raises ConfigError, OSError, LedgerError."""
        found, old = self._read(), self._encryption
        try:
            for plugin in found.plugins:
                if not await plugin.check():
                    raise ConfigError(f"KMS provider {plugin.name} is not healthy: {plugin.unhealthy}")
            await self.ledger.use(found)
        except BaseException:
            await _close(found)
            raise
        self._encryption = found
        _log.info("the changed encryption configuration is in use")
        await _close(old)

    def _read(self) -> Encryption:
        return read_encryption(self._path, self._plugin)

    def _plugin(self, plugin: KmsPlugin) -> KmsCipher:
        return KmsCipher(plugin, KmsClient(plugin), self._clock, self._ids)


async def _close(encryption: Encryption) -> None:
    await asyncio.gather(*(each.close() for each in encryption.plugins))
