"""`kubeade proxy`: the service proxy on its own."""

import argparse

from kubeade.cli.component import add_kubeconfig, run_component

HELP = "run the service proxy of this node alone, against any API server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    parser.add_argument("--hostname-override", default="", metavar="NODE", help="this node's name")


def run(options: argparse.Namespace) -> int:
    from kubeade.cluster.addresses import node_name
    from kubeade.lib.clock import SystemClock
    from kubeade.proxy.proxy import Proxy

    name = options.hostname_override or node_name()
    return run_component(options, "proxy", lambda client: Proxy(client, name, SystemClock()).run())
