"""What a pod's /etc/resolv.conf says, by its dnsPolicy and dnsConfig. Pure."""

from dataclasses import dataclass, field

from kubeade.api.resource import Object
from kubeade.cri.types import DnsConfig
from kubeade.kubelet import pods

NDOTS_OPTION = "ndots:5"
MAX_SERVERS = 3
MAX_SEARCHES = 32


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """The cluster's servers and domain, and the node's own resolv.conf."""

    cluster_servers: list[str] = field(default_factory=list)
    cluster_domain: str = "cluster.local"
    host: DnsConfig = field(default_factory=DnsConfig)


def parse_resolv_conf(text: str) -> DnsConfig:
    """The node's own settings from its resolv.conf; the last `search` counts."""
    config = DnsConfig()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or line[0] in "#;":
            continue
        if words[0] == "nameserver":
            config.servers.append(words[1])
        elif words[0] == "search":
            config.searches = [each.rstrip(".") or "." for each in words[1:]]
        elif words[0] == "options":
            config.options = words[1:]
    return config


def lacks_cluster_dns(pod: Object, settings: DnsSettings) -> bool:
    """Whether the pod asks for the cluster's DNS and there is none: it gets the node's."""
    return effective_policy(pod) == "ClusterFirst" and not settings.cluster_servers


def effective_policy(pod: Object) -> str:
    """ClusterFirst, Default or None."""
    policy = pod["spec"].get("dnsPolicy") or "ClusterFirst"
    if policy == "ClusterFirst" and pods.uses_host_network(pod):
        return "Default"
    return "ClusterFirst" if policy == "ClusterFirstWithHostNet" else str(policy)


def pod_dns(pod: Object, settings: DnsSettings) -> DnsConfig:
    policy = effective_policy(pod)
    if policy == "None":
        base = DnsConfig()
    elif policy == "ClusterFirst" and settings.cluster_servers:
        domain = settings.cluster_domain
        searches = [f"{pods.namespace_of(pod)}.svc.{domain}", f"svc.{domain}", domain]
        base = DnsConfig(list(settings.cluster_servers), [*searches, *settings.host.searches], [NDOTS_OPTION])
    else:
        base = DnsConfig(
            list(settings.host.servers), list(settings.host.searches), list(settings.host.options)
        )
    return _extended(base, pod["spec"].get("dnsConfig") or {})


def _extended(base: DnsConfig, extra: Object) -> DnsConfig:
    servers = _unique([*base.servers, *(extra.get("nameservers") or [])])
    searches = _unique([*base.searches, *(extra.get("searches") or [])])
    options = {each.partition(":")[0]: each for each in base.options}
    for option in extra.get("options") or []:
        value = option.get("value")
        options[option["name"]] = f"{option['name']}:{value}" if value else option["name"]
    return DnsConfig(servers[:MAX_SERVERS], searches[:MAX_SEARCHES], list(options.values()))


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))
