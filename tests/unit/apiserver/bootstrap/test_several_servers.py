"""What several API servers on one ledger tell one another: where they are, and what they have promised."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kubeade.apiserver.bootstrap.objects import ClusterConfig, kept_objects, leading_to
from kubeade.apiserver.bootstrap.servers import ApiServers
from kubeade.apiserver.shared_notes import SharedNotes
from kubeade.apiserver.storage import Storage
from kubeade.store.sqlite import SqliteLedger


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    opened = await SqliteLedger.open(tmp_path / "ledger.db")
    yield opened
    await opened.close()


async def test_servers_are_on_the_list_from_entering_to_leaving(ledger: SqliteLedger) -> None:
    first, second = ApiServers(ledger, ("10.0.0.1", 6443)), ApiServers(ledger, ("10.0.0.2", 6443))
    await second.enter()
    await first.enter()
    assert await first.all() == await second.all() == [("10.0.0.1", 6443), ("10.0.0.2", 6443)]
    await second.leave()
    assert await first.all() == [("10.0.0.1", 6443)]


async def test_a_server_that_was_killed_takes_its_place_again(ledger: SqliteLedger) -> None:
    killed, again = ApiServers(ledger, ("10.0.0.1", 6443)), ApiServers(ledger, ("10.0.0.1", 6443))
    await killed.enter()
    await again.enter()
    await killed.leave()  # the end of the lease that it left behind
    assert [record.lease for record in (await ledger.range(b"/", b"0")).records] == [again._lease]


async def test_servers_of_different_ports_agree_on_whom_the_endpoints_name(ledger: SqliteLedger) -> None:
    first, second = ApiServers(ledger, ("10.0.0.1", 6443)), ApiServers(ledger, ("10.0.0.2", 8443))
    await first.enter()
    await second.enter()
    assert await first.all() == await second.all() == [("10.0.0.1", 6443)]


def test_endpoints_name_all_servers() -> None:
    config = leading_to(ClusterConfig("10.0.0.2", 6443), [("10.0.0.1", 6443), ("10.0.0.2", 6443)])
    made = {found["kind"]: found for _, found in kept_objects(config)}
    (subset,) = made["Endpoints"]["subsets"]
    assert subset["addresses"] == [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]
    slices = made["EndpointSlice"]["endpoints"]
    assert [each["addresses"] for each in slices] == [["10.0.0.1"], ["10.0.0.2"]]


async def test_of_servers_that_decide_at_once_each_knows_what_the_others_promised(
    ledger: SqliteLedger,
) -> None:
    storage = Storage.on(ledger)
    await storage.cache.start()
    servers = [SharedNotes(storage) for _ in range(3)]

    def take(promised: list[int]) -> list[int] | None:
        return [*promised, len(promised)] if len(promised) < 10 else None

    await asyncio.gather(*(servers[number % 3].settle("lemons", take) for number in range(15)))
    record = await ledger.get(b"/notes/lemons")
    assert record is not None
    assert record.value == b"[0,1,2,3,4,5,6,7,8,9]"
    await storage.cache.stop()


async def test_a_refusal_leaves_the_note_as_it_was(ledger: SqliteLedger) -> None:
    storage = Storage.on(ledger)
    await storage.cache.start()
    notes = SharedNotes(storage)
    await notes.settle("lemons", lambda promised: ["one"])

    def refuse(promised: list[str]) -> list[str]:
        raise LookupError(promised[0])

    with pytest.raises(LookupError, match="one"):
        await notes.settle("lemons", refuse)
    await notes.settle("lemons", lambda promised: [*promised, "two"])
    record = await ledger.get(b"/notes/lemons")
    assert record is not None
    assert record.value == b'["one","two"]'
    await storage.cache.stop()
