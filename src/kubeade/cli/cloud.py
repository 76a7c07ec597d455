"""`kubeade cloud`: the cloud controllers on their own, with this machine as the cloud."""

import argparse

from kubeade.cli.component import add_kubeconfig, add_leader_election, run_component

HELP = "run the cloud controllers alone, against any API server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    add_leader_election(parser, "cloud-controller-manager")
    parser.add_argument(
        "--cloud-provider", default="local", choices=["local"], help="the cloud (default: %(default)s)"
    )
    parser.add_argument(
        "--address-range",
        default="127.10.0.0/16",
        help="where load balancers get addresses (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    from kubeade.cloud.manager import CloudManager
    from kubeade.cloud.providers.local import local_provider
    from kubeade.lib.clock import SystemClock

    return run_component(
        options,
        "cloud",
        lambda client: CloudManager(
            client, SystemClock(), lambda services: local_provider(options.address_range, services)
        ).run(),
    )
