"""The arguments that name a real etcd as the ledger, by kube-apiserver's names."""

import argparse
from pathlib import Path

from kubeade.cli.errors import CommandError
from kubeade.cluster.settings import ETCD_PREFIX, EtcdSettings

_FILES = ("etcd_cafile", "etcd_certfile", "etcd_keyfile")


def add_arguments(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--etcd-servers", default="", metavar="URLS", help="a real etcd's members")
    parser.add_argument(
        "--etcd-prefix",
        default="",
        metavar="PATH",
        help=f"where in it all keys of the cluster are (default: {ETCD_PREFIX})",
    )
    parser.add_argument("--etcd-cafile", default="", metavar="FILE", help="who signed etcd's certificates")
    parser.add_argument("--etcd-certfile", default="", metavar="FILE", help="the certificate to show to etcd")
    parser.add_argument("--etcd-keyfile", default="", metavar="FILE", help="and its key")


def read(options: argparse.Namespace) -> EtcdSettings | None:
    """None where no servers are named. Raises CommandError (2) for what does not fit together."""
    servers = tuple(one.strip().rstrip("/") for one in options.etcd_servers.split(",") if one.strip())
    files = [getattr(options, name) for name in _FILES]
    prefix = options.etcd_prefix.rstrip("/")
    if not servers and (any(files) or options.etcd_prefix):
        raise CommandError(
            "--etcd-prefix, --etcd-cafile, --etcd-certfile and --etcd-keyfile need --etcd-servers",
            exit_code=2,
        )
    if options.etcd_prefix and not prefix.startswith("/"):
        raise CommandError(
            f"--etcd-prefix {options.etcd_prefix} must be a path like {ETCD_PREFIX}", exit_code=2
        )
    for server in servers:
        if not server.startswith(("http://", "https://")):
            raise CommandError(f"--etcd-servers: {server} must start with http:// or https://", exit_code=2)
    if bool(options.etcd_certfile) != bool(options.etcd_keyfile):
        raise CommandError("--etcd-certfile and --etcd-keyfile go together", exit_code=2)
    if not servers:
        return None
    authority, certificate, key = (str(Path(file).absolute()) if file else "" for file in files)
    return EtcdSettings(servers, authority, certificate, key, prefix)
