"""The flags of commands that make this machine a node, with kubelet's names, and the order they make."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubeade.cli.component import truth
from kubeade.cli.errors import CommandError

if TYPE_CHECKING:
    from kubeade.cluster.worker import NodeOrder

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
RUNTIMES = ("auto", "namespaces", "process", "simulated")


def add_node_arguments(parser: argparse.ArgumentParser, port: int) -> None:
    parser.add_argument(
        "--hostname-override", "--node-name", default="", metavar="NAME", help="the Node's name"
    )
    parser.add_argument("--node-ip", default="", metavar="IP", help="where others find this node")
    parser.add_argument(
        "--runtime", default="auto", choices=RUNTIMES, help="how pods run (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=int, default=port, metavar="P", help="for logs and commands (default: %(default)s)"
    )
    parser.add_argument("--node-labels", type=labels, default={}, metavar="K=V,...")
    parser.add_argument("--register-with-taints", type=taints, default=(), metavar="K=V:EFFECT,...")
    parser.add_argument(
        "--pod-cidr", default="", metavar="CIDR", help="its pods' range (default: the cluster's choice)"
    )
    parser.add_argument("--cluster-dns", default="", metavar="IP,...", help="default: the Service kube-dns")
    parser.add_argument("--cluster-domain", default="cluster.local", help="default: %(default)s")
    parser.add_argument("--resolv-conf", default="/etc/resolv.conf", metavar="FILE")
    parser.add_argument("--max-pods", type=int, default=110, metavar="N", help="default: %(default)s")
    parser.add_argument("--provider-id", default="", metavar="ID")
    parser.add_argument("--register-node", type=truth, nargs="?", const=True, default=True, metavar="BOOL")
    parser.add_argument("--tls-cert-file", default="", metavar="FILE", help="default: signed by the cluster")
    parser.add_argument("--tls-private-key-file", default="", metavar="FILE")
    parser.add_argument("--client-ca-file", default="", metavar="FILE", help="default: the cluster's")


def node_order(options: argparse.Namespace, **rest: Any) -> "NodeOrder":
    """Raises CommandError (2) for what is out of range."""
    from ipaddress import ip_address, ip_network

    from kubeade.cluster.addresses import node_name
    from kubeade.cluster.worker import NodeOrder

    try:
        if options.node_ip:
            ip_address(options.node_ip)
        if options.pod_cidr:
            ip_network(options.pod_cidr)
    except ValueError as error:
        raise CommandError(str(error), exit_code=2) from error
    if bool(options.tls_cert_file) != bool(options.tls_private_key_file):
        raise CommandError("--tls-cert-file and --tls-private-key-file go together", exit_code=2)
    if not 0 <= options.port <= 65535:
        raise CommandError(f"--port {options.port} is not a port (1-65535, or 0 for any)", exit_code=2)
    return NodeOrder(
        name=options.hostname_override or node_name(),
        runtime=options.runtime,
        node_ip=options.node_ip,
        pod_cidr=options.pod_cidr,
        port=options.port,
        cluster_dns=tuple(one for one in options.cluster_dns.split(",") if one),
        cluster_domain=options.cluster_domain,
        labels=options.node_labels,
        taints=options.register_with_taints,
        max_pods=options.max_pods,
        provider_id=options.provider_id,
        resolv_conf=Path(options.resolv_conf),
        register_node=options.register_node,
        tls_certificate=options.tls_cert_file,
        tls_key=options.tls_private_key_file,
        client_authority=options.client_ca_file,
        **rest,
    )


def labels(text: str) -> dict[str, str]:
    found = {}
    for one in filter(None, text.split(",")):
        key, equals, value = one.partition("=")
        if not equals:
            raise argparse.ArgumentTypeError(f"{one!r} is not KEY=VALUE")
        found[key.strip()] = value.strip()
    return found


def taints(text: str) -> tuple[dict[str, str], ...]:
    found = []
    for one in filter(None, text.split(",")):
        rest, colon, effect = one.rpartition(":")
        if not colon or effect not in EFFECTS:
            raise argparse.ArgumentTypeError(f"{one!r} is not KEY=VALUE:EFFECT ({', '.join(EFFECTS)})")
        key, _, value = rest.partition("=")
        found.append({"key": key, **({"value": value} if value else {}), "effect": effect})
    return tuple(found)
