"""Leases: keys that end with their holder."""

import asyncio

import pytest

from kubeade.store.ledger import EventType, LeaseNotFound, Ledger


async def test_revoking_a_lease_deletes_its_keys_at_one_revision(ledger: Ledger) -> None:
    lease = await ledger.grant_lease(3600)
    for key in (b"/a", b"/b"):
        assert (await ledger.create(key, b"<>", stamp_at=1, lease=lease)).lease == lease
    await ledger.create(b"/c", b"")
    async with await ledger.watch(b"/", b"0", after_revision=4) as watch:
        await ledger.revoke_lease(lease)
        events = await anext(aiter(watch))
    assert [(event.type, event.record.key) for event in events] == [
        (EventType.DELETE, b"/a"),
        (EventType.DELETE, b"/b"),
    ]
    assert [event.record.value for event in events] == [b"<5>", b"<5>"]
    assert [record.key for record in (await ledger.range(b"/", b"0")).records] == [b"/c"]


async def test_an_update_moves_a_key_out_of_its_lease(ledger: Ledger) -> None:
    lease = await ledger.grant_lease(3600)
    await ledger.create(b"/a", b"", lease=lease)
    await ledger.update(b"/a", b"", expected_revision=2)
    await ledger.revoke_lease(lease)
    assert await ledger.get(b"/a") is not None


async def test_an_expired_lease_takes_its_keys_along(ledger: Ledger) -> None:
    lease = await ledger.grant_lease(1)
    await ledger.create(b"/a", b"", lease=lease)
    async with await ledger.watch(b"/", b"0", after_revision=2) as watch:
        (event,) = await asyncio.wait_for(anext(aiter(watch)), 10)
    assert event.type is EventType.DELETE
    with pytest.raises(LeaseNotFound):
        await ledger.keep_lease_alive(lease)


async def test_an_unknown_lease_is_refused(ledger: Ledger) -> None:
    lease = await ledger.grant_lease(3600)
    await ledger.revoke_lease(lease)
    for unknown in (lease, lease + 9):
        with pytest.raises(LeaseNotFound):
            await ledger.create(b"/a", b"", lease=unknown)
        with pytest.raises(LeaseNotFound):
            await ledger.keep_lease_alive(unknown)
        with pytest.raises(LeaseNotFound):
            await ledger.revoke_lease(unknown)
    assert await ledger.grant_lease(3600) != lease
