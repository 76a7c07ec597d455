"""`kubeade snapshot`: the whole cluster into one file, and back."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kubeade.cli.errors import CommandError

if TYPE_CHECKING:
    from kubeade.cluster.snapshot import Snapshot

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


def run(options: argparse.Namespace) -> int:
    from kubeade.cluster.snapshot import SnapshotRefused

    actions = {"save": _save, "restore": _restore, "ls": _list}
    try:
        return actions[options.action](options)
    except SnapshotRefused as error:
        raise CommandError(str(error)) from error


def _save(options: argparse.Namespace) -> int:
    from kubeade.cluster import settings, snapshot
    from kubeade.lib.clock import SystemClock

    kept = settings.load(options.data.settings)
    if kept is not None and kept.etcd is not None:
        raise CommandError(
            "this cluster's ledger is a real etcd: use 'etcdctl $(kubeade ledger flags) snapshot save'"
        )
    name = f"kubeade-{_stamp(SystemClock().now())}{snapshot.SUFFIX}"
    print(_line(snapshot.save(options.data, Path(options.path or name).absolute())))
    return 0


def _restore(options: argparse.Namespace) -> int:
    from kubeade.cluster import snapshot

    if not options.path:
        raise CommandError("snapshot restore needs a FILE", exit_code=2)
    restored = snapshot.restore(Path(options.path), options.data)
    whole = "" if restored.whole else ", the ledger alone: keys and addresses are made anew"
    print(f"{options.data.root} holds the cluster as of revision {restored.revision}{whole}")
    print(f"start it with 'kubeade up --data-dir {options.data.root}'")
    return 0


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
