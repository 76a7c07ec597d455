"""`kubeade up`: start the cluster of the data directory; ready means the API answers and the node is
Ready."""

import argparse

from kubeade.cli import access, etcd, version
from kubeade.cli.errors import CommandError
from kubeade.cli.starting import start
from kubeade.cluster.settings import Order, Room

HELP = "start a cluster: the API server, its node and all that belongs to them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--detach", action="store_true", help="return once it is ready; it runs on")
    parser.add_argument(
        "--port", type=int, default=0, metavar="P", help="the API's port (default: 6443 or a free one)"
    )
    parser.add_argument(
        "--advertise-address",
        default="",
        metavar="IP",
        help="an address of this machine where others reach the API, so that they can join",
    )
    parser.add_argument(
        "--runtime",
        default="auto",
        metavar="MODE",
        help="how pods run: auto (the best that this machine allows), namespaces, process or simulated",
    )
    parser.add_argument(
        "--simulated-nodes", type=int, default=0, metavar="N", help="add N nodes whose pods are simulated"
    )
    parser.add_argument(
        "--store",
        default="",
        choices=["sqlite", "etcd"],
        help="the ledger (default: sqlite, or what the cluster was created with)",
    )
    parser.add_argument(
        "--quota-backend-bytes",
        type=int,
        default=0,
        metavar="N",
        help="how large the ledger's file may become (default: as the disk has room)",
    )
    parser.add_argument(
        "--history-budget",
        type=int,
        default=0,
        metavar="BYTES",
        help="how much of the past the ledger keeps for 'history' and 'get --at', however old (default: 10000"
        " changes and all of the last five minutes, in 64 MiB)",
    )
    etcd.add_arguments(parser)
    version.add_arguments(parser)
    access.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from kubeade.cluster import all_in_one

    order = _order(options)
    ready = f"export KUBECONFIG={options.data.kubeconfig}"
    return start(
        options, "the cluster", lambda report: all_in_one.run(options.data, order, report), ready=ready
    )


def _order(options: argparse.Namespace) -> Order:
    if options.runtime not in ("auto", "namespaces", "process", "simulated"):
        raise CommandError(
            f"--runtime {options.runtime} is not supported yet: use auto, namespaces, process or simulated",
            exit_code=2,
        )
    store = etcd.read(options)
    if (options.store == "etcd") != (store is not None):
        raise CommandError("--store etcd and --etcd-servers go together", exit_code=2)
    if options.quota_backend_bytes < 0 or (options.quota_backend_bytes and store is not None):
        raise CommandError(
            "--quota-backend-bytes is a number of bytes for the ledger in sqlite; a real etcd has its own",
            exit_code=2,
        )
    if options.history_budget < 0 or (options.history_budget and store is not None):
        raise CommandError(
            "--history-budget is a number of bytes for the ledger in sqlite; a real etcd's history is kept"
            " for five to ten minutes",
            exit_code=2,
        )
    if options.advertise_address:
        from ipaddress import ip_address

        try:
            ip_address(options.advertise_address)
        except ValueError as error:
            raise CommandError(f"--advertise-address: {error}", exit_code=2) from error
    if not 0 <= options.port <= 65535:
        raise CommandError(f"--port {options.port} is not a port (1-65535)", exit_code=2)
    if options.simulated_nodes < 0:
        raise CommandError("--simulated-nodes cannot be negative", exit_code=2)
    return Order(
        options.runtime,
        options.port,
        options.simulated_nodes,
        version.read(options),
        options.store,
        store,
        options.advertise_address,
        access.read(options),
        Room(options.quota_backend_bytes, options.history_budget),
    )
