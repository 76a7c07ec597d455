"""Stopping a cluster, and removing it: by whoever asks, also after its process was killed.

Everything is found by the data directory, so nothing has to be remembered: containers and their launcher,
the bridge and its rules, routes, mounts, then the files. What somebody else put there is not touched: foreign
files stay, links are removed and not followed, and nothing is deleted through a mount.
"""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from kubeade.cluster import daemon, settings
from kubeade.cluster.etcd_keys import in_etcd
from kubeade.cluster.forking import forks
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.progress import Step
from kubeade.cluster.shop import NodeNetwork
from kubeade.cni import NetworkError
from kubeade.runtime.purge import PurgeFailed, mounts_below, purge, unmount_below
from kubeade.store.ledger import LedgerError, LedgerUnusable
from kubeade.store.lock import LedgerLock

if TYPE_CHECKING:
    from kubeade.store.remote.keys import BranchKeys

STOP_TIMEOUT_SECONDS = 20.0
LOCK_TIMEOUT_SECONDS = 10.0
LOCK_RETRY_SECONDS = 0.05


class TeardownFailed(Exception):
    """Something would not go; the message names it. Asking again is safe."""


def take_down(
    data: DataDirectory, *, delete: bool, stop_timeout_seconds: float = STOP_TIMEOUT_SECONDS
) -> Iterator[Step]:
    """Stop the cluster's process and pods; with `delete` remove the directory too. Yields what is done; the
    last step is "failed" if something is left that should not be."""
    began = monotonic()
    try:
        for step in _take_down(data, delete, stop_timeout_seconds):
            step.seconds = monotonic() - began
            yield step
    except (TeardownFailed, PurgeFailed, NetworkError, LedgerUnusable, OSError) as error:
        yield Step("failed", str(error))


def _take_down(data: DataDirectory, delete: bool, stop_timeout_seconds: float) -> Iterator[Step]:
    """Deleting takes the forks along."""
    for fork in forks(data) if delete else ():
        yield from _take_down(fork.data, True, stop_timeout_seconds)
    yield from _stop_process(data, stop_timeout_seconds)
    lock = _lock(data)
    try:
        yield from _stop_pods(data)
        yield Step("step", "pods, their network and mounts are gone")
        if delete:
            yield from _delete(data)
    finally:
        lock.release()


def _stop_process(data: DataDirectory, timeout_seconds: float) -> Iterator[Step]:
    process = daemon.recorded(data.process)
    if process is None:
        return
    if process.suspended:
        yield Step("note", f"process {process.pid} was suspended: it is continued so that it can end")
    if not daemon.stop(process, timeout_seconds):
        yield Step("note", f"process {process.pid} did not end within {timeout_seconds:g} s: it is killed")
        if not daemon.kill(process):
            raise TeardownFailed(f"process {process.pid} cannot be killed; its log: {data.log}")
    yield Step("step", "the cluster's process has ended")


def _lock(data: DataDirectory) -> LedgerLock:
    """Keeps a cluster from starting meanwhile. One that is just starting gets its chance to say who it is."""
    deadline = monotonic() + LOCK_TIMEOUT_SECONDS
    while True:
        try:
            return LedgerLock(data.ledger)
        except LedgerUnusable:
            process = daemon.recorded(data.process)
            if process is not None:
                daemon.stop(process, STOP_TIMEOUT_SECONDS)
            elif monotonic() > deadline:
                raise
        sleep(LOCK_RETRY_SECONDS)


async def stop_pods(data: DataDirectory) -> None:
    """End every container and take back what the kernel holds for the cluster. Raises what `take_down`
    reports."""
    await asyncio.to_thread(purge, data.runtime)
    await asyncio.to_thread(unmount_below, data.kubelet)
    await NodeNetwork(data, settings.load(data.settings)).purge()


def _stop_pods(data: DataDirectory) -> Iterator[Step]:
    try:
        asyncio.run(stop_pods(data))
    except settings.SettingsError:
        yield Step("note", f"{data.settings} is damaged: a route to the Services' addresses may be left")
        asyncio.run(NodeNetwork(data, None).purge())


def _delete(data: DataDirectory) -> Iterator[Step]:
    if mounted := mounts_below(data.root):
        raise TeardownFailed(f"{', '.join(mounted)} is still mounted: unmount it, then try again")
    yield from _empty_etcd(data)
    for path in data.own_entries():
        _remove(path)
    left = sorted(path.name for path in data.root.iterdir())
    if left:
        yield Step("note", f"{data.root} stays: {', '.join(left)} is not the cluster's")
    elif data.root.is_mount():
        yield Step("note", f"{data.root} stays: it is a mount point")
    else:
        data.root.rmdir()
        yield Step("step", f"{data.root} is removed")


def _empty_etcd(data: DataDirectory) -> Iterator[Step]:
    """Of a real etcd only what is below the cluster's own prefix, and only where nobody shares it."""
    try:
        kept = settings.load(data.settings)
    except settings.SettingsError:
        kept = None
    etcd = kept.etcd if kept else None
    if etcd is None:
        return
    try:
        removed = in_etcd(etcd, lambda keys: _remove_own(keys, etcd.owner))
    except (LedgerError, OSError) as error:
        yield Step("note", f"the keys below {etcd.branch} in etcd stay: {error}")
        return
    if removed is None:
        yield Step("note", f"the keys below {etcd.branch} in etcd stay: this cluster does not own them")
    else:
        yield Step("step", f"its keys in etcd, {removed} below {etcd.branch}, are removed")


async def _remove_own(keys: "BranchKeys", owner: str) -> int | None:
    """None: they are another's, or shared."""
    return await keys.remove() if owner and await keys.owner() == owner else None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
