"""A second cluster from the state of a first one, which runs on and does not notice.

A fork is a cluster of its own, in `forks/NAME` of the first one's data directory: docs/decisions/0015. Its
ledger begins as the first one's (`store.clone`), its service account key is the same, so that tokens
stay valid; its authority is its own. Its pods are simulated, at addresses of its own, and nothing in it
serves or probes Services: whatever happens in it, nothing that belongs to the first is started, stopped,
called or listened for.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from kubeade.cluster import addresses, daemon, settings
from kubeade.cluster.etcd_keys import in_etcd
from kubeade.cluster.layout import DataDirectory
from kubeade.cluster.pki import write_private
from kubeade.store.clone import clone_ledger
from kubeade.store.ledger import LedgerError
from kubeade.store.transplant import write_state

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class ForkRefused(Exception):
    """There can be no such fork; the message says why."""


@dataclass(frozen=True, slots=True)
class Fork:
    """One that there is. `server` is where its API answers while it runs."""

    name: str
    data: DataDirectory
    running: bool
    server: str


def make(data: DataDirectory, name: str, port: int = 0) -> DataDirectory:
    """Everything that the fork's start needs. `port` 0: any free one. Raises ForkRefused, OSError."""
    kept = settings.load(data.settings)
    if kept is None or not (kept.etcd or data.ledger.exists()):
        raise ForkRefused(f"no cluster in {data.root}")
    fork = fork_directory(data, name)
    if fork.root.exists():
        raise ForkRefused(f"{name} exists: remove it with 'kubeade down --delete --data-dir {fork.root}'")
    data.forks.mkdir(exist_ok=True, mode=0o700)
    # Under another name until it is whole: whatever ends this half-way, nobody starts what is left.
    making = DataDirectory(Path(mkdtemp(dir=data.forks, prefix=f".{name}-")))
    try:
        making.prepare()
        settings.save(making.settings, _settings(data, kept, fork, port))
        _copy_ledger(data, kept, making)
        write_private(making.pki / "sa.key", (data.pki / "sa.key").read_bytes())
        making.root.rename(fork.root)
    except BaseException as error:
        shutil.rmtree(making.root)
        if isinstance(error, sqlite3.Error | LedgerError):
            raise ForkRefused(f"the ledger of {data.root} cannot be read: {error}") from error
        raise
    return fork


def _copy_ledger(data: DataDirectory, kept: settings.Settings, making: DataDirectory) -> None:
    """Of what is in a real etcd the fork has a ledger of its own."""
    if kept.etcd is None:
        clone_ledger(data.ledger, making.ledger)
    else:
        write_state(making.ledger, in_etcd(kept.etcd, lambda keys: keys.read()))


def fork_directory(data: DataDirectory, name: str) -> DataDirectory:
    """Where the fork of that name is, or would be. Raises ForkRefused for what is no name."""
    if not _NAME.fullmatch(name) or name == "ls":
        raise ForkRefused(f"{name!r} is no name for a fork: use lower-case letters, digits and dashes")
    return DataDirectory(data.forks / name)


def forks(data: DataDirectory) -> Iterator[Fork]:
    """All that were made and not removed."""
    if not data.forks.is_dir():
        return
    for root in sorted(data.forks.iterdir()):
        fork = DataDirectory(root)
        if _NAME.fullmatch(root.name) and fork.is_cluster and (kept := settings.load(fork.settings)):
            running = daemon.recorded(fork.process) is not None
            yield Fork(root.name, fork, running, f"https://127.0.0.1:{kept.api_port}")


def _settings(
    data: DataDirectory, kept: settings.Settings, fork: DataDirectory, port: int
) -> settings.Settings:
    """Services keep their addresses, which nobody listens on for the fork. Pods get others: 127/8 is
    nobody's where nobody listens, so whoever calls a pod of the fork is refused at once."""
    pods, _ = addresses.choose_ranges("simulated", fork.tag, [kept.pod_cidr, kept.service_range])
    return replace(
        kept,
        network="simulated",
        api_port=port or addresses.free_port(),
        pod_cidr=pods,
        advertise_address="",
        etcd=None,
        fork_of=str(data.root),
    )
