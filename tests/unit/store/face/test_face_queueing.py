"""etcd's Lock and Election services."""

import asyncio

from face_lab import FaceLab

from kubeade.store.etcd import messages as m


async def test_a_lock_is_handed_on_in_the_order_of_asking(lab: FaceLab) -> None:
    first = await lab.ask("v3lockpb.Lock/Lock", m.LockRequest(b"door"), m.LockResponse)
    waiting = asyncio.ensure_future(lab.ask("v3lockpb.Lock/Lock", m.LockRequest(b"door"), m.LockResponse))
    await asyncio.wait([waiting], timeout=0.1)
    assert not waiting.done()
    await lab.ask("v3lockpb.Lock/Unlock", m.UnlockRequest(first.key))
    second = await waiting
    assert second.key != first.key
    assert second.key.startswith(b"door/")


async def test_who_stops_waiting_leaves_the_queue(lab: FaceLab) -> None:
    await lab.ask("v3lockpb.Lock/Lock", m.LockRequest(b"door"), m.LockResponse)
    waiting = asyncio.ensure_future(lab.ask("v3lockpb.Lock/Lock", m.LockRequest(b"door"), m.LockResponse))
    while (await lab.range(b"door/", b"door0")).count < 2:
        await asyncio.sleep(0)
    waiting.cancel()
    while (await lab.range(b"door/", b"door0")).count > 1:
        await asyncio.sleep(0)


async def test_a_leader_is_elected_proclaims_and_resigns(lab: FaceLab) -> None:
    lease = await lab.ledger.grant_lease(600)
    won = await lab.ask(
        "v3electionpb.Election/Campaign", m.CampaignRequest(b"chef", lease, b"ann"), m.CampaignResponse
    )
    told = await lab.ask("v3electionpb.Election/Leader", m.LeaderRequest(b"chef"), m.LeaderResponse)
    assert told.kv.value == b"ann"
    await lab.ask("v3electionpb.Election/Proclaim", m.ProclaimRequest(won.leader, b"ann, still"))
    told = await lab.ask("v3electionpb.Election/Leader", m.LeaderRequest(b"chef"), m.LeaderResponse)
    assert told.kv.value == b"ann, still"
    await lab.ask("v3electionpb.Election/Resign", m.ResignRequest(won.leader))
    assert (
        await lab.refused("v3electionpb.Election/Leader", m.LeaderRequest(b"chef")) == "election: no leader"
    )
    refused = await lab.refused("v3electionpb.Election/Proclaim", m.ProclaimRequest(won.leader, b"?"))
    assert refused == "election: not leader"
