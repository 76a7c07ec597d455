"""A running server checks its own ledger and says what it finds."""

import asyncio
import logging
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from kubeade.cluster import store as store_module
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.store import Store
from kubeade.lib.clock import SystemClock


async def _checked(store: Store, said: str, caplog: pytest.LogCaptureFixture) -> None:
    checking = asyncio.create_task(store.keep_checked())
    try:
        async with asyncio.timeout(20):
            while said not in caplog.text:
                await asyncio.sleep(0.01)
    finally:
        checking.cancel()
        with suppress(asyncio.CancelledError):
            await checking


async def test_damage_is_told_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_module, "CHECK_SECONDS", 0.01)
    data = DataDirectory(tmp_path)
    data.prepare()
    store = await Store.open(data, None, SystemClock())
    record = await store.ledger.create(b"/a", b"one")
    await store.ledger.update(b"/a", b"two", expected_revision=record.mod_revision)
    with sqlite3.connect(data.ledger) as connection:
        connection.execute("UPDATE current SET mod_revision = 2")
    with caplog.at_level(logging.ERROR):
        await _checked(store, "the ledger is damaged", caplog)
    await store.close()
