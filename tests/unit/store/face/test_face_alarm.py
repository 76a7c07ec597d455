"""A full ledger shows etcd's NOSPACE alarm, until there is room again."""

from pathlib import Path

import pytest

from kubeade.store.etcd import messages as m
from kubeade.store.face.maintenance import Maintenance
from kubeade.store.face.service import Desk
from kubeade.store.ledger import LedgerFull
from kubeade.store.sqlite import LedgerLimits, SqliteLedger

NO_SPACE = 1


async def _alarms(desk: Maintenance) -> list[int]:
    return [each.alarm for each in (await desk.alarm(m.AlarmRequest())).alarms]


async def test_comes_with_a_refused_write_and_goes_with_the_next_that_fits(tmp_path: Path) -> None:
    ledger = await SqliteLedger.open(tmp_path / "ledger.db", LedgerLimits(max_bytes=1024 * 1024))
    desk = Maintenance(Desk(ledger, "http://127.0.0.1:1"), tmp_path)
    assert await _alarms(desk) == []
    written = [await ledger.create(b"/%d" % number, b"x" * 50_000) for number in range(10)]
    with pytest.raises(LedgerFull):
        await ledger.create(b"/large", b"x" * 1024 * 1024)
    assert await _alarms(desk) == [NO_SPACE]
    assert (await desk.status(m.Empty())).errors
    for record in written[:5]:
        await ledger.delete(record.key, expected_revision=record.mod_revision)
    assert await _alarms(desk) == [NO_SPACE], "a deletion alone proves no room"
    await ledger.compact(ledger.revision, wait=True)
    await ledger.create(b"/again", b"y" * 1000)
    assert await _alarms(desk) == []
    assert not (await desk.status(m.Empty())).errors
    await ledger.close()
