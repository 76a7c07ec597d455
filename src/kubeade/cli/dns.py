"""`kubeade dns`: the cluster DNS on its own."""

import argparse
from pathlib import Path

from kubeade.cli.component import add_kubeconfig, run_component
from kubeade.client.client import Client

HELP = "run the cluster DNS alone, against any API server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    parser.add_argument("--address", default="127.0.0.1", help="where to listen (default: %(default)s)")
    parser.add_argument(
        "--dns-port", type=int, default=10053, metavar="P", help="the port (default: %(default)s)"
    )
    parser.add_argument("--domain", default="cluster.local", help="the cluster domain (default: %(default)s)")
    parser.add_argument(
        "--resolv-conf", default="/etc/resolv.conf", metavar="FILE", help="whom to ask for the rest"
    )


def run(options: argparse.Namespace) -> int:
    return run_component(options, "dns", lambda client: _serve(client, options))


async def _serve(client: Client, options: argparse.Namespace) -> None:
    from kubeade.dns.forward import Forwarder, name_servers
    from kubeade.dns.server import DnsServer

    forwarder = Forwarder(name_servers(Path(options.resolv_conf)))
    server = DnsServer(client, options.domain, forwarder)
    await server.start(options.address, options.dns_port)
    await server.run()
