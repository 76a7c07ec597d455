"""`kubeade kubelet`: this machine as a node of any cluster, with kubelet's flags."""

import argparse

from kubeade.cli.component import add_kubeconfig, kubeconfig_path
from kubeade.cli.errors import CommandError
from kubeade.cli.node_arguments import add_node_arguments, node_order
from kubeade.cli.starting import start

HELP = "be a node of any cluster, for which a kubeconfig is at hand"
PORT = 10250


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    add_node_arguments(parser, PORT)


def run(options: argparse.Namespace) -> int:
    from kubeade.client import kubeconfig
    from kubeade.client.kubeconfig import Credentials
    from kubeade.cluster import node_process

    order = node_order(options, kubeconfig=kubeconfig_path(options))
    try:
        credentials = kubeconfig.load(kubeconfig_path(options))
    except kubeconfig.KubeconfigError as error:
        raise CommandError(str(error)) from error

    async def admit() -> Credentials:
        return credentials

    return start(options, "the node", lambda report: node_process.run(options.data, order, report, admit))
