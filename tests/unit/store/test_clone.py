"""A clone of a ledger in use has every write that was acknowledged before, and lives its own life."""

import asyncio
from pathlib import Path

from kubeade.store.check import check_file
from kubeade.store.clone import clone_ledger
from kubeade.store.sqlite import SqliteLedger


async def test_has_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    first = await SqliteLedger.open(tmp_path / "first.db")
    record = await first.create(b"/a", b"one")
    await asyncio.to_thread(clone_ledger, tmp_path / "first.db", tmp_path / "second.db")
    await first.update(b"/a", b"two", expected_revision=record.mod_revision)
    second = await SqliteLedger.open(tmp_path / "second.db")
    found = await second.get(b"/a")
    assert found is not None and found.value == b"one"
    await second.create(b"/b", b"only here")
    assert await first.get(b"/b") is None
    await first.close()
    await second.close()


async def test_under_writes_is_consistent(tmp_path: Path) -> None:
    """Checkpoints and a growing log beside it: each clone holds together and has what came before."""
    first = await SqliteLedger.open(tmp_path / "first.db")
    stop = asyncio.Event()
    written = 0

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            await first.create(b"/%08d" % written, b"x" * 4000)
            written += 1

    writer = asyncio.create_task(write())
    for number in range(8):
        await first.defragment()  # folds the log into the file
        before = written
        copy = tmp_path / f"clone-{number}.db"
        await asyncio.to_thread(clone_ledger, tmp_path / "first.db", copy)
        second = await SqliteLedger.open(copy)
        held = await second.range(b"/", b"0")
        await second.close()
        assert held.count >= before
        assert check_file(copy) == []
    stop.set()
    await writer
    await first.close()
