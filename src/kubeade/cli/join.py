"""`kubeade join HOST:PORT`: this machine as a node of a cluster that runs elsewhere, with kubeadm's words."""

import argparse
import re

from kubeade.cli.errors import CommandError
from kubeade.cli.node_arguments import add_node_arguments, node_order
from kubeade.cli.starting import start

HELP = "join a cluster: be a node of it, let in by a token (see: kubeade token create)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", metavar="HOST:PORT", help="the API server")
    parser.add_argument("--token", required=True, metavar="TOKEN", help="a bootstrap token")
    parser.add_argument(
        "--discovery-token-ca-cert-hash",
        action="append",
        required=True,
        metavar="sha256:HEX",
        help="by which the right cluster is known",
    )
    parser.add_argument("--detach", action="store_true", help="return once it is ready; it runs on")
    add_node_arguments(parser, 0)


def run(options: argparse.Namespace) -> int:
    from kubeade.client.kubeconfig import Credentials
    from kubeade.cluster import joining, node_process
    from kubeade.lib.clock import SystemClock

    for each in options.discovery_token_ca_cert_hash:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", each):
            raise CommandError(f"{each!r} is not a hash (sha256: and 64 hex digits)", exit_code=2)
    if not re.fullmatch(r"(https://)?[^/:]+:\d+", options.server):
        raise CommandError(f"{options.server!r} is not HOST:PORT", exit_code=2)
    order = node_order(options, with_proxy=True)
    server = f"https://{options.server.removeprefix('https://')}"
    invitation = joining.Invitation(server, options.token, options.discovery_token_ca_cert_hash)

    async def admit() -> Credentials:
        return await joining.join(options.data, invitation, order.name, SystemClock())

    return start(options, "the node", lambda report: node_process.run(options.data, order, report, admit))
