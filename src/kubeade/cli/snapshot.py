"""`kubeade snapshot`: the whole cluster into one file, and back."""

import argparse
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kubeade.cli import etcd
from kubeade.cli.errors import CommandError

if TYPE_CHECKING:
    from kubeade.cluster.snapshot import EtcdPlace, Snapshot

HELP = "save the whole cluster into a file while it runs, restore it into a new --data-dir, list such files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=["save", "restore", "ls"], help="ls: verify and describe snapshot files"
    )
    parser.add_argument(
        "path",
        nargs="?",
        metavar="FILE",
        default="",
        help="the snapshot (save: default ./kubeade-TIME.snapshot; ls: also a directory, default .)",
    )
    etcd.add_arguments(parser.add_argument_group("restore into a real etcd (default: SQLite)"))
    parser.add_argument(
        "--force", action="store_true", help="replace what etcd has below --etcd-prefix, whosever it is"
    )


def run(options: argparse.Namespace) -> int:
    from kubeade.cluster.snapshot import SnapshotRefused

    if options.action != "restore" and (options.etcd_servers or options.force):
        raise CommandError(f"--etcd-servers and --force are not for {options.action}", exit_code=2)
    actions = {"save": _save, "restore": _restore, "ls": _list}
    try:
        return actions[options.action](options)
    except SnapshotRefused as error:
        raise CommandError(str(error)) from error


def _save(options: argparse.Namespace) -> int:
    from kubeade.cluster import snapshot
    from kubeade.lib.clock import SystemClock

    name = f"kubeade-{_stamp(SystemClock().now())}{snapshot.SUFFIX}"
    print(_line(snapshot.save(options.data, Path(options.path or name).absolute())))
    return 0


def _restore(options: argparse.Namespace) -> int:
    from kubeade.cluster import snapshot

    if not options.path:
        raise CommandError("snapshot restore needs a FILE", exit_code=2)
    place = _place(options)
    restored = snapshot.restore(Path(options.path), options.data, place)
    whole = "" if restored.whole else ", the ledger alone: keys and addresses are made anew"
    print(f"{options.data.root} holds the cluster as of revision {restored.revision}{whole}")
    if place is not None:
        print(f"its {restored.keys} keys are in etcd, below {place.settings.branch}, at new revisions")
    print(f"start it with 'kubeade up --data-dir {options.data.root}'")
    return 0


def _place(options: argparse.Namespace) -> "EtcdPlace | None":
    """In etcd, as a cluster of its own."""
    from kubeade.cluster.snapshot import EtcdPlace
    from kubeade.lib.ids import Ids

    found = etcd.read(options)
    if found is None:
        if options.force:
            raise CommandError("--force is for --etcd-servers", exit_code=2)
        return None
    return EtcdPlace(replace(found, owner=Ids().uid()), options.force)


def _list(options: argparse.Namespace) -> int:
    from kubeade.cluster import snapshot

    place = Path(options.path or ".")
    paths = sorted(place.glob(f"*{snapshot.SUFFIX}")) if place.is_dir() else [place]
    code = 0
    for path in paths:
        try:
            print(_line(snapshot.read(path)))
        except snapshot.SnapshotRefused as error:
            print(error)
            code = 1
    if not paths:
        print(f"no snapshots in {place.resolve()}")
    return code


def _line(one: "Snapshot") -> str:
    what = "whole cluster" if one.whole else "ledger alone"
    size = f"{one.size_bytes / 1024 / 1024:.1f} MiB"
    return (
        f"{one.path}  {one.saved:%Y-%m-%d %H:%M:%S}  revision {one.revision}  {one.keys} keys  {size}  {what}"
    )


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"
