"""A whole cluster in one file, and a cluster from such a file.

The file is a tar archive, sealed with its SHA-256: the ledger as of one moment, the cluster's keys and its
settings. So what is restored is the same cluster: certificates, tokens and addresses stay valid. What
`etcdctl snapshot save` gets from the ledger's etcd face can be restored, too; it is the ledger alone.

A cluster on a real etcd is saved through its API, all keys as of one revision; the file is the same. And any
such file can be restored into the data directory or into a real etcd, whichever it came from. etcd gives the
keys revisions of its own.

Saving never stops the cluster. Restoring goes into a directory that holds nothing yet, and the ledger is
checked before anybody relies on it. Whatever ends either of them half-way, nobody takes what is left for
whole: a snapshot gets its name, and a directory the mark of a cluster, when all of it is on disk.
"""

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kubeade.cluster import settings
from kubeade.cluster.etcd_keys import in_etcd
from kubeade.cluster.layout import MARK, DataDirectory
from kubeade.store.check import check_file
from kubeade.store.ledger import LedgerError
from kubeade.store.schema import copy_file, read_extent
from kubeade.store.sealed import SealBroken, seal, verify
from kubeade.store.transplant import State, read_state, write_state

if TYPE_CHECKING:
    from kubeade.store.remote.keys import BranchKeys

SUFFIX = ".snapshot"
_SQLITE = b"SQLite format 3\0"
_BBOLT = b"\xed\xda\x0c\xed"
"""Behind the head of its first page, which is as long as SQLite's mark."""

_KEPT = ("settings.json", "pki")
_NOT_KEPT = ("endpoint.json",)
"""Says where the ledger's etcd face is now."""

_STAGE = ".restoring"
"""Where a restored cluster is put together, inside of its own directory, which may be a mount point."""


class SnapshotRefused(Exception):
    """It cannot be saved or restored; the message says why."""


@dataclass(frozen=True, slots=True)
class EtcdPlace:
    """Where in a real etcd a cluster is to be restored. `force`: whatever is there now."""

    settings: settings.EtcdSettings
    force: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a file holds. `whole` is False for a ledger alone."""

    path: Path
    saved: datetime
    size_bytes: int
    revision: int
    keys: int
    whole: bool


def save(data: DataDirectory, target: Path) -> Snapshot:
    """Of a cluster that runs or is stopped. Raises SnapshotRefused, OSError."""
    kept = _kept(data)
    if not (data.ledger.exists() or (kept and kept.etcd)):
        raise SnapshotRefused(f"no ledger in {data.root}")
    if target.exists():
        raise SnapshotRefused(f"{target} exists")
    with TemporaryDirectory(dir=target.parent, prefix=".snapshot-") as folder:
        copy, packed = Path(folder, "ledger.db"), Path(folder, "packed")
        try:
            _copy(data, kept, copy)
        except (sqlite3.Error, LedgerError) as error:
            raise SnapshotRefused(f"the ledger of {data.root} cannot be read: {error}") from error
        _pack(data, copy, packed)
        os.link(packed, target)  # fails where somebody else made it meanwhile
    _sync(target.parent)
    return read(target)


def read(path: Path) -> Snapshot:
    """Verified. Raises SnapshotRefused, OSError."""
    with _opened(path) as folder:
        try:
            revision, keys = read_extent(folder / "ledger.db")
        except sqlite3.Error as error:
            raise SnapshotRefused(f"no ledger in {path}: {error}") from error
        saved = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Snapshot(path, saved, path.stat().st_size, revision, keys, (folder / "pki").is_dir())


def _kept(data: DataDirectory) -> settings.Settings | None:
    try:
        return settings.load(data.settings)
    except settings.SettingsError as error:
        raise SnapshotRefused(str(error)) from error


def _copy(data: DataDirectory, kept: settings.Settings | None, copy: Path) -> None:
    if kept is None or kept.etcd is None:
        copy_file(data.ledger, copy)
    else:
        write_state(copy, in_etcd(kept.etcd, lambda keys: keys.read()))


def restore(path: Path, data: DataDirectory, etcd: EtcdPlace | None = None) -> Snapshot:
    """With `etcd` the keys go there. Raises SnapshotRefused, OSError."""
    _make_room(data)
    snapshot = read(path)
    if etcd is not None and not snapshot.whole:
        raise SnapshotRefused(f"{path} is a ledger alone: it can be restored into a data directory only")
    with _opened(path) as folder:
        if findings := check_file(folder / "ledger.db"):
            raise SnapshotRefused(f"the ledger in {path} is not consistent: {findings[0]}")
        data.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            _settle(_staged(folder, data, etcd), data)
        except BaseException:
            _clear(data)
            raise
    return snapshot


def _make_room(data: DataDirectory) -> None:
    """What a restore that was cut off has left goes; anything else is in the way."""
    if not data.root.exists():
        return
    if (data.root / _STAGE).exists() and not data.is_cluster:
        _clear(data)
    if any(data.root.iterdir()):
        raise SnapshotRefused(f"{data.root} is not empty: restore into a new --data-dir")


def _clear(data: DataDirectory) -> None:
    for path in data.own_entries():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _staged(folder: Path, data: DataDirectory, etcd: EtcdPlace | None) -> DataDirectory:
    """All of the cluster, on disk, but not where it counts."""
    stage = DataDirectory(data.root / _STAGE)
    stage.prepare()
    for name in _KEPT:
        if (folder / name).is_dir():
            shutil.copytree(folder / name, stage.root / name, dirs_exist_ok=True)
        elif (folder / name).exists():
            shutil.copyfile(folder / name, stage.root / name)
    stage.pki.chmod(0o700)
    if etcd is None:
        copy_file(folder / "ledger.db", stage.ledger)
    else:
        _put(read_state(folder / "ledger.db"), etcd)
    _note_ledger(stage, etcd)
    for path, _, names in os.walk(stage.root):
        for name in (*names, ""):
            _sync(Path(path, name))
    return stage


def _put(state: State, etcd: EtcdPlace) -> None:
    """The cluster owns what is there when all of it is: what is left of half of it is nobody's."""
    try:
        in_etcd(etcd.settings, lambda keys: _replace(keys, state, etcd))
    except LedgerError as error:
        raise SnapshotRefused(f"etcd: {error}") from error


async def _replace(keys: "BranchKeys", state: State, etcd: EtcdPlace) -> None:
    if not await keys.is_empty():
        if not etcd.force:
            raise SnapshotRefused(
                f"etcd has keys below {etcd.settings.branch}: name another --etcd-prefix, or replace all of"
                " them with --force"
            )
        await keys.remove()
    await keys.write(state)
    await keys.own(etcd.settings.owner)


def _note_ledger(stage: DataDirectory, etcd: EtcdPlace | None) -> None:
    """Where the ledger is from now on, wherever it was."""
    kept = _kept(stage)
    if kept is not None:
        settings.save(stage.settings, replace(kept, etcd=etcd.settings if etcd else None))


def _settle(stage: DataDirectory, data: DataDirectory) -> None:
    """What makes it a cluster comes last."""
    marks = (data.settings.name, MARK)
    for path in sorted(stage.root.iterdir(), key=lambda each: each.name in marks):
        path.rename(data.root / path.name)
    _sync(data.root)
    stage.root.rmdir()


def _pack(data: DataDirectory, ledger: Path, packed: Path) -> None:
    descriptor = os.open(packed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.add(ledger, "ledger.db")
            for name in _KEPT:
                if (data.root / name).exists():
                    archive.add(data.root / name, name, filter=_is_kept)
        seal(file)


def _is_kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.name.rpartition("/")[2] in _NOT_KEPT else member


@contextmanager
def _opened(path: Path) -> Iterator[Path]:
    """A folder with what the file holds, once its seal is verified."""
    try:
        size = verify(path)
    except SealBroken as error:
        raise SnapshotRefused(str(error)) from error
    with TemporaryDirectory(prefix="kubeade-snapshot-") as name, path.open("rb") as file:
        folder = Path(name)
        head = file.read(len(_SQLITE) + len(_BBOLT))
        if head.endswith(_BBOLT):
            raise SnapshotRefused(
                f"{path} is a snapshot of etcd's own: restore it with etcd's tools, and name that etcd to"
                " 'kubeade up' with --etcd-servers"
            )
        if head.startswith(_SQLITE):
            _take_ledger(path, size, folder / "ledger.db")
        else:
            file.seek(0)
            try:
                with tarfile.open(fileobj=file, mode="r:") as archive:
                    _take_out(archive, folder)
            except tarfile.TarError as error:
                raise SnapshotRefused(f"{path} is no snapshot of kubeade: {error}") from error
        yield folder


def _take_out(archive: tarfile.TarFile, folder: Path) -> None:
    """Folders and files of the archive, each below `folder`, without owners."""
    for member in archive:
        target = folder / member.name
        if not target.resolve().is_relative_to(folder.resolve()) or not (member.isdir() or member.isfile()):
            raise SnapshotRefused(f"{member.name} does not belong in a snapshot of kubeade")
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True, mode=0o700)
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = archive.extractfile(member)
        assert content is not None, "a regular file has content"
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file)
        target.chmod(member.mode & 0o755)


def _take_ledger(path: Path, size: int, target: Path) -> None:
    shutil.copyfile(path, target)
    os.truncate(target, size)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
