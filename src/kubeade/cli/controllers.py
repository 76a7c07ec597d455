"""`kubeade controllers`: the controller manager on its own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kubeade.cli.component import add_kubeconfig, add_leader_election, kubeconfig_path, run_component
from kubeade.cli.errors import CommandError

if TYPE_CHECKING:
    from kubeade.controllers.certificate.signer import SigningKey

HELP = "run the controllers alone, against any API server"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_kubeconfig(parser)
    add_leader_election(parser, "kube-controller-manager")
    parser.add_argument("--root-ca-file", default="", metavar="FILE", help="published to every namespace")
    parser.add_argument(
        "--cluster-signing-cert-file", default="", metavar="FILE", help="the authority that signs requests"
    )
    parser.add_argument("--cluster-signing-key-file", default="", metavar="FILE", help="its private key")
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
        try:
            authority = kubeconfig.load(kubeconfig_path(options)).ca_pem.decode()
        except kubeconfig.KubeconfigError as error:
            raise CommandError(str(error)) from error
    config = ControllerManagerConfig(authority, options.cluster_cidr, _signing_key(options))
    return run_component(
        options,
        "controllers",
        lambda client: ControllerManager(lambda name: client, SystemClock(), Ids(), config).run(),
    )


def _signing_key(options: argparse.Namespace) -> "SigningKey | None":
    from kubeade.controllers.certificate.signer import SigningKey

    certificate, key = options.cluster_signing_cert_file, options.cluster_signing_key_file
    if bool(certificate) != bool(key):
        raise CommandError(
            "--cluster-signing-cert-file and --cluster-signing-key-file go together", exit_code=2
        )
    return SigningKey(Path(certificate).read_bytes(), Path(key).read_bytes()) if certificate else None
