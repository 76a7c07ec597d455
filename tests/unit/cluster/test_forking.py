"""A fork begins as the first cluster is, and shares nothing with it but the key of its tokens."""

import asyncio
from pathlib import Path

import pytest

from kubeade.cluster import settings
from kubeade.cluster.forking import ForkRefused, forks, make
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.settings import Settings
from kubeade.cluster.teardown import take_down
from kubeade.store.sqlite import SqliteLedger

KEPT = Settings("bridge", 6443, "10.70.0.0/16", "10.130.0.0/17", "first", 0, "1.37", None, "192.0.2.7")


async def _cluster(root: Path) -> tuple[DataDirectory, SqliteLedger]:
    data = DataDirectory(root)
    data.prepare()
    (data.pki / "sa.key").write_text("key of tokens")
    (data.pki / "ca.key").write_text("its own")
    settings.save(data.settings, KEPT)
    ledger = await SqliteLedger.open(data.ledger)
    await ledger.create(b"/registry/core/pods/default/a", b"a pod")
    return data, ledger


async def test_begins_as_the_first_is(tmp_path: Path) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    fork = make(data, "second")
    copy = await SqliteLedger.open(fork.ledger)
    found = await copy.get(b"/registry/core/pods/default/a")
    assert found is not None and found.value == b"a pod"
    await copy.delete(found.key, expected_revision=found.mod_revision)
    assert await ledger.get(found.key) is not None
    await copy.close()
    await ledger.close()


async def test_shares_the_key_of_tokens_alone(tmp_path: Path) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    fork = make(data, "second")
    await ledger.close()
    assert (fork.pki / "sa.key").read_text() == "key of tokens"
    assert not (fork.pki / "ca.key").exists()
    chosen = settings.load(fork.settings)
    assert chosen is not None
    assert chosen.network == "simulated"
    assert chosen.api_port != KEPT.api_port
    assert chosen.pod_cidr.startswith("127.")
    assert chosen.service_cidr == KEPT.service_cidr
    assert (chosen.advertise_address, chosen.fork_of) == ("", str(data.root))


async def test_is_listed_and_goes_with_the_first(tmp_path: Path) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    make(data, "second")
    await ledger.close()
    assert [(each.name, each.running) for each in forks(data)] == [("second", False)]
    settings.save(data.settings, settings.load(data.forks / "second" / "settings.json") or KEPT)
    *_, last = await asyncio.to_thread(lambda: list(take_down(data, delete=True)))
    assert last.kind == "step", last.text
    assert not data.root.exists()


async def test_no_second_one_of_a_name(tmp_path: Path) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    make(data, "second")
    await ledger.close()
    with pytest.raises(ForkRefused, match="exists"):
        make(data, "second")


@pytest.mark.parametrize("name", ["ls", "", "../up", "Upper", "-a"])
async def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    await ledger.close()
    with pytest.raises(ForkRefused, match="no name"):
        make(data, name)


def test_without_a_cluster(tmp_path: Path) -> None:
    with pytest.raises(ForkRefused, match="no cluster"):
        make(DataDirectory(tmp_path), "second")
