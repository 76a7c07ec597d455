"""`kubeade apiserver`: the API server and its ledger on their own, with kube-apiserver's flags."""

import argparse
from typing import TYPE_CHECKING

from kubeade.cli import access, etcd, version
from kubeade.cli.errors import CommandError
from kubeade.cli.starting import start

if TYPE_CHECKING:
    from kubeade.cluster.front_proxy import FrontProxyFiles
    from kubeade.cluster.trust import KeyFiles

HELP = "run the API server alone, with a ledger in the data directory"
_HEADER_FLAGS = ("username-headers", "uid-headers", "group-headers", "extra-headers-prefix")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    listen = parser.add_argument_group("where it listens")
    listen.add_argument("--bind-address", default="127.0.0.1", metavar="IP", help="default: %(default)s")
    listen.add_argument("--secure-port", type=int, default=6443, metavar="P", help="default: %(default)s")
    listen.add_argument("--advertise-address", default="", metavar="IP", help="what others reach it by")
    listen.add_argument(
        "--service-cluster-ip-range", default="10.96.0.0/16", metavar="CIDR", help="default: %(default)s"
    )
    keys = parser.add_argument_group("keys (default: its own, in the data directory)")
    keys.add_argument("--tls-cert-file", default="", metavar="FILE")
    keys.add_argument("--tls-private-key-file", default="", metavar="FILE")
    keys.add_argument("--client-ca-file", default="", metavar="FILE", help="who signs client certificates")
    keys.add_argument("--service-account-signing-key-file", default="", metavar="FILE")
    keys.add_argument("--service-account-key-file", action="append", default=[], metavar="FILE")
    keys.add_argument("--service-account-issuer", action="append", default=[], metavar="URL")
    keys.add_argument("--api-audiences", default="", metavar="LIST")
    keys.add_argument("--kubelet-client-certificate", default="", metavar="FILE")
    keys.add_argument("--kubelet-client-key", default="", metavar="FILE")
    keys.add_argument("--kubelet-certificate-authority", default="", metavar="FILE")
    _add_front_proxies(parser)
    version.add_arguments(parser)
    access.add_arguments(parser)
    etcd.add_arguments(parser.add_argument_group("its ledger (default: SQLite in the data directory)"))


def _add_front_proxies(parser: argparse.ArgumentParser) -> None:
    proxies = parser.add_argument_group("front proxies (default: its own alone)")
    proxies.add_argument("--requestheader-client-ca-file", default="", metavar="FILE", help="who signs them")
    for what in ("allowed-names", *_HEADER_FLAGS):
        proxies.add_argument(f"--requestheader-{what}", default="", metavar="LIST")
    proxies.add_argument("--proxy-client-cert-file", default="", metavar="FILE", help="what it shows itself")
    proxies.add_argument("--proxy-client-key-file", default="", metavar="FILE")


def run(options: argparse.Namespace) -> int:
    from kubeade.cluster import standalone_api
    from kubeade.cluster.addresses import machine_address
    from kubeade.cluster.standalone_api import ApiOrder

    _check(options)
    everywhere = options.bind_address in ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on
    own = machine_address() if everywhere else options.bind_address
    order = ApiOrder(
        options.bind_address,
        options.advertise_address or own,
        options.secure_port,
        options.service_cluster_ip_range,
        _files(options),
        etcd.read(options),
        access.read(options),
        version.read(options),
    )
    ready = "" if options.client_ca_file else f"export KUBECONFIG={options.data.kubeconfig}"
    return start(
        options, "the API server", lambda report: standalone_api.run(options.data, order, report), ready=ready
    )


def _files(options: argparse.Namespace) -> "KeyFiles":
    from kubeade.cluster.trust import KeyFiles

    return KeyFiles(
        options.tls_cert_file,
        options.tls_private_key_file,
        options.client_ca_file,
        options.service_account_signing_key_file,
        tuple(options.service_account_key_file),
        tuple(options.service_account_issuer),
        tuple(one for one in options.api_audiences.split(",") if one),
        options.kubelet_client_certificate,
        options.kubelet_client_key,
        options.kubelet_certificate_authority,
        _front_proxies(options),
    )


def _front_proxies(options: argparse.Namespace) -> "FrontProxyFiles":
    from kubeade.cluster.front_proxy import FrontProxyFiles

    def listed(flag: str) -> tuple[str, ...]:
        given: str = getattr(options, f"requestheader_{flag.replace('-', '_')}")
        return tuple(one.strip() for one in given.split(",") if one.strip())

    return FrontProxyFiles(
        options.requestheader_client_ca_file,
        listed("allowed-names"),
        listed("username-headers"),
        listed("uid-headers"),
        listed("group-headers"),
        listed("extra-headers-prefix"),
        options.proxy_client_cert_file,
        options.proxy_client_key_file,
    )


def _check(options: argparse.Namespace) -> None:
    """Raises CommandError (2) for what does not fit together or is not there."""
    from ipaddress import IPv4Network, ip_address

    for one, other in (
        ("tls_cert_file", "tls_private_key_file"),
        ("kubelet_client_certificate", "kubelet_client_key"),
        ("proxy_client_cert_file", "proxy_client_key_file"),
    ):
        if bool(getattr(options, one)) != bool(getattr(options, other)):
            flags = " and ".join(f"--{each.replace('_', '-')}" for each in (one, other))
            raise CommandError(f"{flags} go together", exit_code=2)
    if not 1 <= options.secure_port <= 65535:
        raise CommandError(f"--secure-port {options.secure_port} is not a port (1-65535)", exit_code=2)
    try:
        ip_address(options.bind_address)
        ip_address(options.advertise_address or options.bind_address)
        if IPv4Network(options.service_cluster_ip_range).prefixlen > 28:
            raise ValueError(f"--service-cluster-ip-range {options.service_cluster_ip_range} is too small")
    except ValueError as error:
        raise CommandError(str(error), exit_code=2) from error
