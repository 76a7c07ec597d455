"""`--history-budget`: so much of the past is kept, however old, and the file does not grow beyond."""

import asyncio
from pathlib import Path

import pytest

from kubeade.apiserver.subresources.past_events import deletions
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.settings import Room
from kubeade.cluster.store import Store
from kubeade.lib.clock import SystemClock
from kubeade.store.ledger import Compacted
from kubeade.store.schema import WAL_LIMIT_BYTES

EVENTS = b"/registry/core/events/default/"
EVENT = b'{"message":"' + b"x" * 900 + b'"}'


async def test_expired_events_are_kept_as_far_as_the_budget_goes(tmp_path: Path) -> None:
    """As in hours of a cluster that reports much: each Event goes with its lease, the budget says what stays."""
    budget, count = 1_000_000, 4000
    data = DataDirectory(tmp_path)
    data.prepare()
    store = await Store.open(data, None, SystemClock(), Room(history_bytes=budget))

    largest = 0
    for start in range(0, count, 100):
        lease = await store.ledger.grant_lease(3600)
        keys = [b"%b%06d" % (EVENTS, start + number) for number in range(100)]
        await asyncio.gather(*(store.ledger.create(key, EVENT, lease=lease) for key in keys))
        await store.ledger.revoke_lease(lease)
        largest = max(largest, sum(path.stat().st_size for path in tmp_path.glob("ledger.db*")))
    gone = await deletions(store.ledger, EVENTS, EVENTS + b"\xff")
    assert budget * 0.7 < len(gone) * (len(EVENT) + 2 * 240) < budget * 1.3
    assert all(event.previous is not None and event.previous.value == EVENT for event in gone)
    assert gone[-1].record.mod_revision == store.ledger.revision
    with pytest.raises(Compacted):
        await store.ledger.changes(b"/", b"0", after_revision=3)
    assert largest < WAL_LIMIT_BYTES + 8 * budget, "the log, and the file with its free pages"
    await store.close()


async def test_more_changes_than_usual_are_kept_where_they_are_small(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.prepare()
    store = await Store.open(data, None, SystemClock(), Room(history_bytes=64 * 1024 * 1024))
    record = await store.ledger.create(b"/a", b"")
    for _ in range(200):
        record = await store.ledger.update(b"/a", b"", expected_revision=record.mod_revision)
    await store.close()
    store = await Store.open(data, None, SystemClock(), Room(history_bytes=64 * 1024 * 1024))
    assert await store.ledger.get(b"/a", revision=2) is not None
    await store.close()
