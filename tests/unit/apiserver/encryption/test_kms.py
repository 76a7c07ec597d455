"""Values sealed with the help of a KMS plugin, and what becomes of them when it changes its key or is
away."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from api_lab import HandClock
from kms_plugin import KmsPluginServer

from kubeade.api.resource import Object
from kubeade.apiserver.config_file import ConfigError
from kubeade.apiserver.encryption import keeping, kms
from kubeade.apiserver.encryption.keeping import EncryptionKeeper
from kubeade.lib import changed_file
from kubeade.lib.ids import Ids
from kubeade.store.ledger import LedgerFailed
from kubeade.store.sqlite import SqliteLedger

KEY = b"/registry/core/secrets/default/recipe"
SECRET = b'{"a":"lemons","metadata":{"resourceVersion":""}}'


def configured(tmp_path: Path, *providers: Object) -> str:
    file = tmp_path / "encryption.json"
    said = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration"}
    file.write_text(json.dumps({**said, "resources": [{"resources": ["secrets"], "providers": providers}]}))
    return str(file)


def by(plugin: KmsPluginServer, name: str = "vault") -> Object:
    said = {"apiVersion": "v2", "name": name, "endpoint": plugin.endpoint, "timeout": "1s"}
    return {"kms": said}


def gcm(name: str) -> Object:
    secret = base64.b64encode(name.encode().ljust(32, b"!")).decode()
    return {"aesgcm": {"keys": [{"name": name, "secret": secret}]}}


@pytest.fixture
async def plugin(tmp_path: Path) -> AsyncIterator[KmsPluginServer]:
    server = KmsPluginServer(tmp_path / "kms.sock")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    opened = await SqliteLedger.open(tmp_path / "ledger.db")
    yield opened
    await opened.close()


@asynccontextmanager
async def kept(disk: SqliteLedger, path: str, **how: Any) -> AsyncIterator[EncryptionKeeper]:
    """One start of a server."""
    keeper = EncryptionKeeper(disk, path, how.pop("clock", HandClock()), Ids(Random(1)), **how)
    try:
        await keeper.start()
        yield keeper
    finally:
        await keeper.close()


async def test_the_plugin_seals_a_seed_once_and_opens_it_once_after_a_new_start(
    tmp_path: Path, disk: SqliteLedger, plugin: KmsPluginServer
) -> None:
    path = configured(tmp_path, by(plugin))
    async with kept(disk, path) as keeper:
        for number in range(5):
            await keeper.ledger.create(KEY + b"%d" % number, SECRET, stamp_at=None)
        assert (plugin.encrypted, plugin.decrypted) == (1, 0)
    found = await disk.range(b"/", b"0")
    assert all(record.value.startswith(b"k8s:enc:kms:v2:vault:") for record in found.records)
    assert len({record.value for record in found.records}) == 5
    assert b"lemons" not in b"".join(record.value for record in found.records)
    async with kept(disk, path) as keeper:
        opened = await keeper.ledger.range(b"/", b"0")
        assert all(b"lemons" in record.value for record in opened.records)
        assert (plugin.encrypted, plugin.decrypted) == (2, 1)
        assert not any(keeper.ledger.is_stale(record) for record in opened.records)


async def test_a_value_in_another_keys_place_is_not_opened(
    tmp_path: Path, disk: SqliteLedger, plugin: KmsPluginServer
) -> None:
    async with kept(disk, configured(tmp_path, by(plugin))) as keeper:
        await keeper.ledger.create(KEY, SECRET)
        stored = await disk.get(KEY)
        assert stored is not None
        await disk.create(KEY + b"2", stored.value)
        with pytest.raises(LedgerFailed, match="changed since"):
            await keeper.ledger.get(KEY + b"2")


async def test_a_new_key_of_the_plugin_makes_what_was_written_stale(
    tmp_path: Path, disk: SqliteLedger, plugin: KmsPluginServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kms, "_HEALTHY_SECONDS", 0.01)
    async with kept(disk, configured(tmp_path, by(plugin))) as keeper:
        running = asyncio.ensure_future(keeper.run())
        old = await keeper.ledger.create(KEY, SECRET)
        plugin.key_id = "key-2"
        async with asyncio.timeout(10):
            while not keeper.ledger.is_stale(old):
                await asyncio.sleep(0.01)
        new = await keeper.ledger.update(KEY, SECRET, expected_revision=old.mod_revision)
        assert not keeper.ledger.is_stale(new)
        stored = await disk.get(KEY)
        assert stored is not None
        assert b"key-2" in stored.value
        running.cancel()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"healthz": "sealed"}, "got unexpected healthz status: sealed"),
        ({"version": "v1"}, "expected KMSv2 API version v2, got v1"),
        ({"key_id": ""}, "1 to 1024 bytes"),
        ({"key_id": "x" * 1025}, "1 to 1024 bytes"),
        ({"key_id": "key-2", "encrypts_with": "key-3"}, "one key in its status"),
    ],
)
async def test_a_plugin_that_is_not_well_is_told_of_and_writing_ends_after_a_while(
    tmp_path: Path, disk: SqliteLedger, plugin: KmsPluginServer, change: dict[str, str], told: str
) -> None:
    clock = HandClock()
    async with kept(disk, configured(tmp_path, by(plugin)), clock=clock) as keeper:
        (cipher,) = keeper._encryption.plugins
        assert keeper.unhealthy() == ""
        for name, value in change.items():
            setattr(plugin, name, value)
        assert not await cipher.check()
        assert told in keeper.unhealthy()
        record = await keeper.ledger.create(KEY, SECRET)
        clock.advance(181)
        with pytest.raises(LedgerFailed, match="KMS provider vault is not healthy"):
            await keeper.ledger.update(KEY, SECRET, expected_revision=record.mod_revision)
        assert await keeper.ledger.get(KEY) is not None


async def test_a_plugin_that_is_away_is_waited_for_by_watches_and_refuses_reads(
    tmp_path: Path, disk: SqliteLedger, plugin: KmsPluginServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubeade.apiserver.encryption.ledger._AWAY_SECONDS", 0.01)
    path = configured(tmp_path, by(plugin))
    async with kept(disk, path) as first, kept(disk, path) as second:
        await plugin.stop()
        record = await first.ledger.create(KEY, SECRET)  # its seed is not known to the other
        with pytest.raises(LedgerFailed, match="KMS provider vault: Decrypt"):
            await second.ledger.get(KEY)
        async with await second.ledger.watch(b"/", b"0", after_revision=record.mod_revision - 1) as watch:
            coming = asyncio.ensure_future(anext(aiter(watch)))
            await asyncio.wait([coming], timeout=0.1)
            assert not coming.done()
            await plugin.start()
            (event,) = await coming
            assert b"lemons" in event.record.value


async def test_a_changed_configuration_is_used_once_it_is_right(
    tmp_path: Path, disk: SqliteLedger, plugin: KmsPluginServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changed_file, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(keeping, "_RETRY_SECONDS", 0.02)
    async with kept(disk, configured(tmp_path, gcm("old")), reload=True) as keeper:
        running = asyncio.ensure_future(keeper.run())
        record = await keeper.ledger.create(KEY, SECRET)
        for useless in ([], [gcm("new")], [{"aessiv": {}}]):  # the second could not read what is there
            configured(tmp_path, *useless)
            await asyncio.sleep(0.05)
            assert not keeper.ledger.is_stale(record)
        configured(tmp_path, by(plugin), gcm("old"))
        async with asyncio.timeout(10):
            while not keeper.ledger.is_stale(record):
                await asyncio.sleep(0.01)
        await keeper.ledger.update(KEY, SECRET, expected_revision=record.mod_revision)
        stored = await disk.get(KEY)
        assert stored is not None
        assert stored.value.startswith(b"k8s:enc:kms:v2:vault:")
        running.cancel()


def test_two_plugins_need_two_names(tmp_path: Path) -> None:
    path = configured(tmp_path, by(KmsPluginServer(tmp_path / "a")), by(KmsPluginServer(tmp_path / "b")))
    with pytest.raises(ConfigError, match="must be unique"):
        EncryptionKeeper(None, path, HandClock(), Ids(Random(1)))  # type: ignore[arg-type]
