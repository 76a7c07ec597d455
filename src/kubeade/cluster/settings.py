"""What a cluster was ordered with, and what was chosen for it on its first start.

Choices that stored objects depend on (addresses, node name) are kept in `settings.json`: a later `up` finds
the same Services at the same addresses.
"""

from dataclasses import asdict, dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

import msgspec

from kubeade.cluster.access import Access
from kubeade.cluster.pki import write_private

CLUSTER_DOMAIN = "cluster.local"
KUBERNETES_VERSION = "1.37"
ETCD_PREFIX = "/kubeade"


class SettingsError(Exception):
    """What was asked for does not fit what the cluster was created with; the message says what to do."""


@dataclass(frozen=True, slots=True)
class EtcdSettings:
    """A real etcd as the ledger: its members' URLs, and the files that TLS to them needs.

    `prefix` is where the keys are ("": the usual place), `owner` by what the cluster that has them to itself
    is known there ("": they are shared).
    """

    servers: tuple[str, ...]
    authority_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    prefix: str = ""
    owner: str = ""

    @property
    def branch(self) -> str:
        return self.prefix or ETCD_PREFIX


@dataclass(frozen=True, slots=True)
class Room:
    """What the ledger's file may take. `quota_bytes` 0: the disk's size. `history_bytes`: the past is kept as
    far as it goes into so much, however old; 0: as far as the ledger itself finds right."""

    quota_bytes: int = 0
    history_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for on the command line. `port` 0: 6443 if it is free, else any free one.

    `store`: sqlite, etcd, or "" for what the cluster was created with (sqlite for a new one).
    `advertise_address`: where other machines reach the API; without it only this one does.
    """

    runtime: str = "auto"
    port: int = 0
    simulated_nodes: int = 0
    kubernetes_version: str = KUBERNETES_VERSION
    store: str = ""
    etcd: EtcdSettings | None = None
    advertise_address: str = ""
    access: Access = field(default_factory=Access)
    room: Room = field(default_factory=Room)


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen. `network` is bridge, loopback or simulated; addresses are in CIDR form or plain;
    `fork_of` is the data directory of the cluster that this one began as a copy of."""

    network: str
    api_port: int
    pod_cidr: str
    service_cidr: str
    node_name: str
    simulated_nodes: int
    kubernetes_version: str
    etcd: EtcdSettings | None = None
    advertise_address: str = ""
    fork_of: str = ""

    @property
    def service_range(self) -> str:
        """All addresses that the proxy listens on: Services and load balancers, one /16."""
        return f"{self.service_prefix}.0.0/16"

    @property
    def load_balancer_range(self) -> str:
        """Where Services of type LoadBalancer get their addresses: beside the Services' own."""
        return f"{self.service_prefix}.128.0/17"

    @property
    def service_prefix(self) -> str:
        """The first two numbers of the service range, always the lower half of a /16."""
        return ".".join(self.service_cidr.split(".")[:2])

    @property
    def api_service_address(self) -> str:
        """The `kubernetes` Service's: the first address of the range, as upstream takes it."""
        return str(ip_network(self.service_cidr)[1])

    @property
    def dns_service_address(self) -> str:
        """The cluster DNS Service's: the tenth address, as kubeadm takes it."""
        return f"{self.service_prefix}.0.10"


def load(path: Path) -> Settings | None:
    """The kept settings, None for a new cluster. Raises SettingsError for a damaged file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        hint = "start anew with 'kubeade down --delete'"
        raise SettingsError(f"{path} is damaged ({error}): {hint}") from error


def advertised(path: Path) -> str:
    """Where other machines reach the API (https://HOST:PORT); empty where they do not."""
    kept = load(path)
    return f"https://{kept.advertise_address}:{kept.api_port}" if kept and kept.advertise_address else ""


def save(path: Path, settings: Settings) -> None:
    write_private(path, msgspec.json.encode(asdict(settings)))


def keep_to(kept: Settings, order: Order, network: str) -> Settings:
    """The settings of an existing cluster for a new start. Raises SettingsError where they cannot hold."""
    if kept.network != network:
        raise SettingsError(
            f"this cluster was created with {kept.network} addresses and would now get {network} ones: "
            "use the runtime it was created with, or start anew with 'kubeade down --delete'"
        )
    if order.store and (order.store == "etcd") != (kept.etcd is not None):
        raise SettingsError(
            f"this cluster was created with its ledger in {'etcd' if kept.etcd else 'sqlite'}: leave --store "
            "out, or start anew with 'kubeade down --delete'"
        )
    return replace(
        kept,
        etcd=_keep_etcd(kept.etcd, order.etcd),
        api_port=order.port or kept.api_port,
        simulated_nodes=order.simulated_nodes or kept.simulated_nodes,
        kubernetes_version=order.kubernetes_version,
        advertise_address=order.advertise_address or kept.advertise_address,
    )


def _keep_etcd(kept: EtcdSettings | None, order: EtcdSettings | None) -> EtcdSettings | None:
    """Members and files may change; where the keys are, and whose, may not."""
    if kept is None or order is None:
        return order or kept
    if order.prefix and order.branch != kept.branch:
        raise SettingsError(f"this cluster's keys are below {kept.branch} in etcd: leave --etcd-prefix out")
    return replace(order, prefix=kept.prefix, owner=kept.owner)
