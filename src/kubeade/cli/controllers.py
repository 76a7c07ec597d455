"""`kubeade controllers`: the controller manager on its own."""

import argparse
from pathlib import Path

from kubeade.cli.component import add_kubeconfig, kubeconfig_path, run_component

HELP = "run the controllers alone, against any API server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    parser.add_argument("--root-ca-file", default="", metavar="FILE", help="published to every namespace")
    parser.add_argument(
        "--cluster-cidr", default="10.244.0.0/16", help="the pods' range (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    from kubeade.client import kubeconfig
    from kubeade.controllers.manager import ControllerManager, ControllerManagerConfig
    from kubeade.lib.clock import SystemClock
    from kubeade.lib.ids import Ids

    if options.root_ca_file:
        authority = Path(options.root_ca_file).read_text()
    else:
        authority = kubeconfig.load(kubeconfig_path(options)).ca_pem.decode()
    config = ControllerManagerConfig(root_ca_pem=authority, pod_cidr=options.cluster_cidr)
    return run_component(
        options,
        "controllers",
        lambda client: ControllerManager(lambda name: client, SystemClock(), Ids(), config).run(),
    )
