"""`kubeade controllers`: the controller manager on its own."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kubeade.cli.component import (
    add_kubeconfig,
    add_leader_election,
    kubeconfig_path,
    run_component,
    truth,
)
from kubeade.cli.errors import CommandError

if TYPE_CHECKING:
    from kubeade.client.client import Client
    from kubeade.client.kubeconfig import Credentials
    from kubeade.controllers.certificate.signer import SigningKey
    from kubeade.controllers.manager import ControllerManagerConfig

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
    parser.add_argument(
        "--use-service-account-credentials",
        nargs="?",
        const=True,
        default=False,
        type=truth,
        metavar="BOOL",
        help="each controller as a service account of its own (default: false)",
    )


def run(options: argparse.Namespace) -> int:
    from kubeade.client import kubeconfig
    from kubeade.controllers.manager import ControllerManagerConfig

    try:
        credentials = kubeconfig.load(kubeconfig_path(options))
    except kubeconfig.KubeconfigError as error:
        raise CommandError(str(error)) from error
    authority = (
        Path(options.root_ca_file).read_text() if options.root_ca_file else credentials.ca_pem.decode()
    )
    config = ControllerManagerConfig(authority, options.cluster_cidr, _signing_key(options))
    accounts = credentials if options.use_service_account_credentials else None
    return run_component(options, "controllers", lambda client: _work(client, config, accounts))


async def _work(client: "Client", config: "ControllerManagerConfig", accounts: "Credentials | None") -> None:
    """All controllers as one user, or, where credentials are given, as an account each: what only reads for
    all of them stays who it is."""
    from kubeade.client.account import AccountTransport
    from kubeade.client.client import Client
    from kubeade.client.kubeconfig import anonymous
    from kubeade.client.socket import SocketTransport
    from kubeade.controllers.manager import ControllerManager
    from kubeade.lib.clock import SystemClock
    from kubeade.lib.ids import Ids

    clock = SystemClock()
    if accounts is None:
        await ControllerManager(lambda name: client, clock, Ids(), config).run()
        return
    async with SocketTransport(anonymous(accounts)) as transport:

        def client_for(name: str) -> Client:
            if not name:
                return client
            return Client(AccountTransport(transport, client, name, clock), user_agent=f"kubeade-{name}")

        await ControllerManager(client_for, clock, Ids(), config).run()


def _signing_key(options: argparse.Namespace) -> "SigningKey | None":
    from kubeade.controllers.certificate.signer import SigningKey

    certificate, key = options.cluster_signing_cert_file, options.cluster_signing_key_file
    if bool(certificate) != bool(key):
        raise CommandError(
            "--cluster-signing-cert-file and --cluster-signing-key-file go together", exit_code=2
        )
    return SigningKey(Path(certificate).read_bytes(), Path(key).read_bytes()) if certificate else None
