"""`kubeade proxy`: the service proxy on its own."""

import argparse

from kubeade.cli.component import add_kubeconfig, run_component
from kubeade.client.client import Client

HELP = "run the service proxy of this node alone, against any API server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    parser.add_argument("--hostname-override", default="", metavar="NODE", help="this node's name")


def run(options: argparse.Namespace) -> int:
    return run_component(options, "proxy", lambda client: _work(client, options.hostname_override))


async def _work(client: Client, node: str) -> None:
    from kubeade.cluster.addresses import node_name
    from kubeade.cluster.service_addresses import take_service_addresses
    from kubeade.lib.clock import SystemClock
    from kubeade.proxy.proxy import Proxy

    await take_service_addresses(client)
    await Proxy(client, node or node_name(), SystemClock()).run()
