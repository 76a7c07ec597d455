"""A snapshot is the cluster as of one moment, whole or refused."""

import hashlib
import tarfile
from pathlib import Path

import pytest

from kubeade.cluster import settings
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.snapshot import SnapshotRefused, read, restore, save
from kubeade.store.schema import copy_file
from kubeade.store.sealed import seal
from kubeade.store.sqlite import SqliteLedger

KEPT = settings.Settings("simulated", 6443, "127.70.0.0/16", "127.130.0.0/17", "first", 0, "1.37")


async def _cluster(root: Path) -> tuple[DataDirectory, SqliteLedger]:
    data = DataDirectory(root)
    data.prepare()
    (data.pki / "sa.key").write_text("key of tokens")
    settings.save(data.settings, KEPT)
    ledger = await SqliteLedger.open(data.ledger)
    await ledger.create(b"/registry/core/pods/default/a", b"a pod")
    return data, ledger


async def test_saved_in_use_and_restored(tmp_path: Path) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    saved = save(data, tmp_path / "one.snapshot")
    await ledger.create(b"/later", b"is not in it")
    await ledger.close()
    assert (saved.revision, saved.keys, saved.whole) == (2, 1, True)
    assert saved.path.stat().st_mode & 0o777 == 0o600

    second = DataDirectory(tmp_path / "second")
    restore(saved.path, second)
    assert (second.pki / "sa.key").read_text() == "key of tokens"
    restored = await SqliteLedger.open(second.ledger)
    assert [each.value for each in (await restored.range(b"/", b"0")).records] == [b"a pod"]
    await restored.close()


async def test_a_ledger_alone_as_etcdctl_saves_it(tmp_path: Path) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    copy_file(data.ledger, tmp_path / "copy.db")
    await ledger.close()
    content = (tmp_path / "copy.db").read_bytes()
    (tmp_path / "etcdctl.db").write_bytes(content + hashlib.sha256(content).digest())
    restored = restore(tmp_path / "etcdctl.db", DataDirectory(tmp_path / "second"))
    assert (restored.keys, restored.whole) == (1, False)


async def test_one_wrong_bit_is_refused(tmp_path: Path) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    await ledger.close()
    saved = save(data, tmp_path / "one.snapshot")
    content = bytearray(saved.path.read_bytes())
    content[len(content) // 2] ^= 1
    saved.path.write_bytes(content)
    with pytest.raises(SnapshotRefused, match="damaged"):
        read(saved.path)
    with pytest.raises(SnapshotRefused, match="damaged"):
        restore(saved.path, DataDirectory(tmp_path / "second"))
    assert not (tmp_path / "second").exists()


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    data, ledger = await _cluster(tmp_path / "first")
    await ledger.close()
    saved = save(data, tmp_path / "one.snapshot")
    with pytest.raises(SnapshotRefused, match="exists"):
        save(data, saved.path)
    with pytest.raises(SnapshotRefused, match="not empty"):
        restore(saved.path, data)


def test_what_is_no_snapshot_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(SnapshotRefused, match="no snapshot"):
        read(tmp_path / "empty")
    (tmp_path / "text").write_bytes(b"text" + hashlib.sha256(b"text").digest())
    with pytest.raises(SnapshotRefused, match="no snapshot"):
        read(tmp_path / "text")


@pytest.mark.parametrize(
    ("name", "kind"), [("../out", tarfile.REGTYPE), ("/out", tarfile.REGTYPE), ("pki", tarfile.SYMTYPE)]
)
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc"
    path = tmp_path / "one.snapshot"
    with path.open("w+b") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.addfile(member)
        seal(file)
    with pytest.raises(SnapshotRefused, match="does not belong"):
        read(path)
