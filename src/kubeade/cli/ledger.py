"""`kubeade ledger`: look after the ledger itself, and reach it with etcd's own tools."""

import argparse

from kubeade.cli.errors import CommandError

HELP = "check the ledger, print what etcdctl needs to reach it, or serve it as etcd would"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=["check", "flags", "serve"],
        help="check: verify it; flags: what etcdctl needs; serve: only the ledger, without a cluster",
    )
    parser.add_argument(
        "--port", type=int, default=2379, metavar="P", help="with serve (default: %(default)s; 0: any)"
    )


def run(options: argparse.Namespace) -> int:
    actions = {"check": _check, "flags": _flags, "serve": _serve}
    return actions[options.action](options)


def _check(options: argparse.Namespace) -> int:
    from kubeade.cluster import ledger

    if not options.data.ledger.exists():
        raise CommandError(f"no ledger in {options.data.root}")
    findings = ledger.check(options.data.ledger)
    for finding in findings:
        print(finding)
    print("the ledger is consistent" if not findings else f"{len(findings)} findings")
    return 1 if findings else 0


def _flags(options: argparse.Namespace) -> int:
    from kubeade.cluster import etcd_face, settings
    from kubeade.lib.clock import SystemClock

    kept = settings.load(options.data.settings)
    if kept is not None and kept.etcd is not None:
        print(etcd_face.flags_of_etcd(kept.etcd))
        return 0
    endpoint = etcd_face.running(options.data)
    if endpoint is None:
        raise CommandError(
            f"nobody serves the ledger in {options.data.root}: start the cluster ('kubeade up') or the ledger"
            " alone ('kubeade ledger serve')"
        )
    print(etcd_face.flags(options.data, endpoint, SystemClock()))
    return 0


def _serve(options: argparse.Namespace) -> int:
    from kubeade.cluster import ledger

    ledger.serve(options.data, options.port, lambda url: print(f"serving {url}", flush=True))
    return 0
