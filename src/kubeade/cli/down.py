"""`kubeade down`: stop the cluster and its pods; with `--delete` nothing of it stays behind."""

import argparse

from kubeade.cli.errors import CommandError
from kubeade.cli.terminal import follow

HELP = "stop the cluster and its pods (--delete: and remove all that it kept)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--delete", action="store_true", help="also remove the data directory")


def run(options: argparse.Namespace) -> int:
    from kubeade.cluster import teardown

    if not options.data.is_cluster:
        print(f"no cluster in {options.data.root}")
        return 0
    last = follow("stopping", teardown.take_down(options.data, delete=options.delete))
    if last is not None and last.kind == "failed":
        raise CommandError(last.text)
    return 0
