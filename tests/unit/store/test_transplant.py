"""A ledger's present state is the same in the ledger that it was moved to, which goes on from there."""

from pathlib import Path

import pytest

from kubeade.store.check import check_file
from kubeade.store.ledger import Compacted, EventType
from kubeade.store.sqlite import SqliteLedger
from kubeade.store.transaction import PutKey, Transaction
from kubeade.store.transplant import State, read_state, write_state


async def test_is_the_same_and_goes_on(tmp_path: Path) -> None:
    first = await SqliteLedger.open(tmp_path / "first.db")
    lease = await first.grant_lease(3600)
    made = await first.create(b"/a", b"<>", stamp_at=1, author="ann", lease=lease)
    await first.update(
        b"/a", b"<>!", stamp_at=1, author="bob", expected_revision=made.mod_revision, lease=lease
    )
    await first.transact(Transaction((), [PutKey(b"/b", b"1"), PutKey(b"/c", b"2")]))
    await first.create(b"/gone", b"")
    await first.delete(b"/gone", expected_revision=5)
    before = await first.range(b"/", b"0")
    await first.close()
    write_state(tmp_path / "second.db", read_state(tmp_path / "first.db"))
    assert check_file(tmp_path / "second.db") == []

    second = await SqliteLedger.open(tmp_path / "second.db")
    assert second.revision == before.revision + 1
    assert (await second.range(b"/", b"0")).records == before.records
    with pytest.raises(Compacted):
        await second.range(b"/", b"0", revision=before.revision)
    async with await second.watch(b"/", b"0", after_revision=second.revision) as watch:
        await second.revoke_lease(lease)
        (event,) = await anext(watch)
    assert (event.type, event.record.key, event.record.mod_revision) == (EventType.DELETE, b"/a", 8)
    assert event.previous == before.records[0]
    await second.close()
    assert check_file(tmp_path / "second.db") == []


async def test_an_empty_one_too(tmp_path: Path) -> None:
    write_state(tmp_path / "ledger.db", State((), {}, 1))
    ledger = await SqliteLedger.open(tmp_path / "ledger.db")
    assert (await ledger.create(b"/a", b"")).mod_revision == 3
    await ledger.close()
    assert check_file(tmp_path / "ledger.db") == []
