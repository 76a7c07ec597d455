"""The contents of a pod's /etc/hosts. Pure."""

from kubeade.api.resource import Object
from kubeade.kubelet import pods
from kubeade.kubelet.container_config import short_hostname

HEADER = "# Kubernetes-managed hosts file.\n"
HOST_NETWORK_HEADER = "# Kubernetes-managed hosts file (host network).\n"
LOOPBACK = """127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""


def hosts_file(pod: Object, addresses: list[str], cluster_domain: str, node_hosts: str) -> str:
    """`node_hosts` is the node's own file, which a pod in the host's network sees."""
    if pods.uses_host_network(pod):
        return HOST_NETWORK_HEADER + node_hosts + _aliases(pod)
    name = short_hostname(pod)
    subdomain = pod["spec"].get("subdomain")
    full = f"{name}.{subdomain}.{pods.namespace_of(pod)}.svc.{cluster_domain}" if subdomain else ""
    names = f"{full}\t{name}" if full else name
    lines = "".join(f"{address}\t{names}\n" for address in addresses)
    return HEADER + LOOPBACK + lines + _aliases(pod)


def _aliases(pod: Object) -> str:
    aliases = pod["spec"].get("hostAliases") or []
    if not aliases:
        return ""
    lines = [f"{each['ip']}\t" + "\t".join(each.get("hostnames") or []) + "\n" for each in aliases]
    return "\n# Entries added by HostAliases.\n" + "".join(lines)
