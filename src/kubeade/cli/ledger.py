"""`kubeade ledger`: look after the ledger itself."""

import argparse

from kubeade.cli.errors import CommandError

HELP = "check the ledger, or print what etcdctl needs to reach it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["check", "flags"], help="check: verify it; flags: for etcdctl")


def run(options: argparse.Namespace) -> int:
    if options.action == "flags":
        raise CommandError("the ledger has no etcd face yet, so there is nothing for etcdctl to reach")
    return _check(options)


def _check(options: argparse.Namespace) -> int:
    from kubeade.cluster import ledger

    if not options.data.ledger.exists():
        raise CommandError(f"no ledger in {options.data.root}")
    findings = ledger.check(options.data.ledger)
    for finding in findings:
        print(finding)
    print("the ledger is consistent" if not findings else f"{len(findings)} findings")
    return 1 if findings else 0
