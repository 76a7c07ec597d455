"""A cluster's keys in a real etcd: saved, restored, forked, owned, and removed with the cluster."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from etcd_processes import ETCD, MISSING, EtcdCluster

from kubeade.cluster import settings
from kubeade.cluster.etcd_keys import address, with_keys
from kubeade.cluster.forking import make
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.settings import EtcdSettings, Settings
from kubeade.cluster.snapshot import EtcdPlace, SnapshotRefused, read, restore, save
from kubeade.cluster.store import Store
from kubeade.cluster.teardown import take_down
from kubeade.lib.clock import SystemClock
from kubeade.store.ledger import Ledger, LedgerUnusable, Record
from kubeade.store.remote.ledger import EtcdLedger

pytestmark = pytest.mark.skipif(ETCD is None, reason=MISSING)

KEPT = Settings("simulated", 6443, "127.70.0.0/16", "127.130.0.0/17", "first", 0, "1.37")
ETCDCTL = shutil.which("etcdctl")
KEYS = 2500
"""More than a page and more than a transaction."""


@pytest.fixture
async def etcd(tmp_path: Path) -> AsyncIterator[EtcdSettings]:
    members = EtcdCluster(tmp_path)
    yield EtcdSettings(members.servers, prefix="/mine", owner="me")
    members.stop()


def cluster(root: Path, etcd: EtcdSettings | None) -> DataDirectory:
    data = DataDirectory(root)
    data.prepare()
    (data.pki / "sa.key").write_text("key of tokens")
    settings.save(data.settings, replace(KEPT, etcd=etcd))
    return data


async def opened(data: DataDirectory) -> Store:
    kept = settings.load(data.settings)
    assert kept is not None
    return await Store.open(data, kept.etcd, SystemClock())


async def fill(ledger: Ledger) -> None:
    lease = await ledger.grant_lease(3600)
    await ledger.create(b"/registry/events/a", b"<>", stamp_at=1, author="ann", lease=lease)
    changed = await ledger.create(b"/registry/pods/a", b"<>", stamp_at=1, author="ann")
    await ledger.update(changed.key, b"<>!", stamp_at=1, author="bob", expected_revision=changed.mod_revision)
    await asyncio.gather(*(ledger.create(b"/registry/pods/%06d" % each, bytes(500)) for each in range(KEYS)))


def meaning(record: Record) -> tuple[object, ...]:
    """What is the same wherever it is, and that the value carries the revision, whatever that is there."""
    stamp = b"%d" % record.mod_revision
    return (
        record.key,
        record.value.replace(b"<" + stamp, b"<"),
        bool(record.lease),
        record.author,
        record.creator,
    )


async def state(data: DataDirectory) -> list[tuple[object, ...]]:
    store = await opened(data)
    found = await store.ledger.range(b"/", b"0")
    await store.close()
    return [meaning(record) for record in found.records]


async def test_from_sqlite_to_etcd_and_back(tmp_path: Path, etcd: EtcdSettings) -> None:
    first = cluster(tmp_path / "first", None)
    store = await opened(first)
    await fill(store.ledger)
    await store.close()
    before = await state(first)
    assert len(before) == KEYS + 2
    saved = save(first, tmp_path / "a.snapshot")

    second = DataDirectory(tmp_path / "second")
    await asyncio.to_thread(restore, saved.path, second, EtcdPlace(etcd, force=False))
    assert not second.ledger.exists()
    assert (second.pki / "sa.key").read_text() == "key of tokens"
    assert await state(second) == before
    saved = await asyncio.to_thread(save, second, tmp_path / "b.snapshot")
    assert (saved.keys, saved.whole) == (KEYS + 2, True)

    third = DataDirectory(tmp_path / "third")
    restore(saved.path, third)
    kept = settings.load(third.settings)
    assert kept is not None and kept.etcd is None
    assert await state(third) == before


async def test_a_snapshot_of_etcd_is_of_one_revision_while_writers_go_on(
    tmp_path: Path, etcd: EtcdSettings
) -> None:
    data = cluster(tmp_path / "first", etcd)
    store = await opened(data)
    stop = asyncio.Event()

    async def write() -> None:
        """The second key of a pair is there only if the first one is."""
        number = 0
        while not stop.is_set():
            await store.ledger.create(b"/z/%06d" % number, b"x" * 4000)
            await store.ledger.create(b"/a/%06d" % number, b"x" * 4000)
            number += 1

    writer = asyncio.create_task(write())
    for number in range(4):
        await asyncio.sleep(0.2)
        path = tmp_path / f"{number}.snapshot"
        saved = await asyncio.to_thread(save, data, path)
        restore(path, DataDirectory(tmp_path / str(number)))
        found = await state(DataDirectory(tmp_path / str(number)))
        assert len(found) == saved.keys
        keys = {str(each[0]) for each in found}
        assert {key.replace("/a/", "/z/") for key in keys} <= keys
    stop.set()
    await writer
    await store.close()


async def test_a_prefix_that_is_not_empty_is_replaced_by_force_alone(
    tmp_path: Path, etcd: EtcdSettings
) -> None:
    first = cluster(tmp_path / "first", None)
    store = await opened(first)
    await store.ledger.create(b"/registry/a", b"1")
    await store.close()
    saved = save(first, tmp_path / "a.snapshot")
    theirs = await EtcdLedger.open(address(etcd))
    await theirs.create(b"/registry/theirs", b"")
    await theirs.close()
    second = DataDirectory(tmp_path / "second")
    with pytest.raises(SnapshotRefused, match="--force"):
        await asyncio.to_thread(restore, saved.path, second, EtcdPlace(etcd, force=False))
    assert not second.is_cluster
    await asyncio.to_thread(restore, saved.path, second, EtcdPlace(etcd, force=True))
    assert [each[0] for each in await state(second)] == [b"/registry/a"]


async def test_a_fork_has_a_ledger_of_its_own(tmp_path: Path, etcd: EtcdSettings) -> None:
    data = cluster(tmp_path / "first", etcd)
    store = await opened(data)
    await fill(store.ledger)
    fork = await asyncio.to_thread(make, data, "second")
    copy = await opened(fork)
    assert fork.ledger.exists()
    there = await store.ledger.range(b"/", b"0")
    assert list((await copy.ledger.range(b"/", b"0")).records) == list(there.records)
    await copy.ledger.create(b"/registry/only/here", b"")
    assert await store.ledger.get(b"/registry/only/here") is None
    await copy.close()
    await store.close()


async def test_two_clusters_do_not_share_a_prefix(tmp_path: Path, etcd: EtcdSettings) -> None:
    first = await opened(cluster(tmp_path / "first", etcd))
    await first.ledger.create(b"/registry/a", b"")
    other = cluster(tmp_path / "second", replace(etcd, owner="another"))
    with pytest.raises(LedgerUnusable, match="--etcd-prefix"):
        await opened(other)
    second = await opened(cluster(tmp_path / "third", replace(etcd, owner="another", prefix="/theirs")))
    assert await second.ledger.get(b"/registry/a") is None
    await second.close()
    await first.close()
    again = await opened(DataDirectory(tmp_path / "first"))
    assert await again.ledger.get(b"/registry/a") is not None
    await again.close()


async def test_deleting_a_cluster_takes_its_keys_and_no_others(tmp_path: Path, etcd: EtcdSettings) -> None:
    mine, theirs = cluster(tmp_path / "first", etcd), replace(etcd, prefix="/mine-not", owner="another")
    store = await opened(mine)
    await fill(store.ledger)
    await store.close()
    other = await opened(cluster(tmp_path / "second", theirs))
    await other.ledger.create(b"/registry/a", b"")
    steps = await asyncio.to_thread(lambda: [step.text for step in take_down(mine, delete=True)])
    assert f"its keys in etcd, {KEYS + 3} below /mine, are removed" in steps
    assert not mine.root.exists()
    assert await with_keys(etcd, lambda keys: keys.is_empty())
    assert await other.ledger.get(b"/registry/a") is not None
    await other.close()


async def test_keys_that_others_may_use_stay(tmp_path: Path, etcd: EtcdSettings) -> None:
    shared = replace(etcd, owner="")
    data = cluster(tmp_path / "first", shared)
    store = await opened(data)
    await store.ledger.create(b"/registry/a", b"")
    await store.close()
    steps = await asyncio.to_thread(lambda: [step.text for step in take_down(data, delete=True)])
    assert "the keys below /mine in etcd stay: this cluster does not own them" in steps
    assert not await with_keys(etcd, lambda keys: keys.is_empty())


@pytest.mark.skipif(
    ETCDCTL is None, reason="no etcdctl on this machine (Debian: apt-get install etcd-client)"
)
async def test_a_snapshot_of_etcds_own_is_refused_by_name(tmp_path: Path, etcd: EtcdSettings) -> None:
    words = (f"--endpoints={etcd.servers[0]}", "snapshot", "save", str(tmp_path / "a.db"))
    assert ETCDCTL is not None
    process = await asyncio.create_subprocess_exec(ETCDCTL, *words, env={"ETCDCTL_API": "3"})
    assert await process.wait() == 0
    with pytest.raises(SnapshotRefused, match="etcd's own"):
        read(tmp_path / "a.db")
