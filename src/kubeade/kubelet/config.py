"""What a kubelet is told when it is built."""

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path

from kubeade.api.resource import Object
from kubeade.kubelet.pod_fields import Mode
from kubeade.lib.backoff import Backoff

RETRY_BACKOFF = Backoff(initial_seconds=1.0, limit_seconds=30.0)
FAILURE_BACKOFF = Backoff(initial_seconds=10.0, limit_seconds=300.0)

EVICTION_HARD = {
    "memory.available": "100Mi",
    "nodefs.available": "500Mi",
    "nodefs.inodesFree": "1%",
    "imagefs.available": "500Mi",
    "imagefs.inodesFree": "1%",
    "pid.available": "1%",
}
"""Upstream's percentages are meant for servers: the disk of a laptop is nine tenths full on a good day."""


def _default_capacity() -> dict[str, str]:
    """The machine's processors and memory, and room for pods."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": str(os.cpu_count() or 1), "memory": f"{memory_bytes // 1024}Ki"}


@dataclass(frozen=True, slots=True)
class KubeletConfig:
    """One node. `addresses` are its IPs, the preferred one first; `capacity` adds to or replaces what the
    machine has; `reserved` is kept from pods. `serve_port` is announced, 0 where no server runs.
    `simulated`: containers have no processes, so probes and hooks pass and no volumes are written. Not
    `isolated`: they are plain processes of the node, which many fields of a pod cannot reach."""

    node_name: str
    root_directory: Path
    addresses: list[str] = field(default_factory=list)
    cluster_dns: list[str] = field(default_factory=list)
    cluster_domain: str = "cluster.local"
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    taints: list[Object] = field(default_factory=list)
    capacity: dict[str, str] = field(default_factory=dict)
    reserved: dict[str, str] = field(default_factory=dict)
    max_pods: int = 110
    provider_id: str = ""
    kubernetes_version: str = "v1.37.0"
    serve_port: int = 0
    register_node: bool = True
    resolv_conf: Path = Path("/etc/resolv.conf")
    hosts_file: Path = Path("/etc/hosts")
    lease_renew_seconds: float = 10.0
    status_report_seconds: float = 300.0
    resync_seconds: float = 120.0
    static_pod_directory: Path | None = None
    simulated: bool = False
    isolated: bool = True
    retry_backoff: Backoff = RETRY_BACKOFF
    crash_loop_backoff: Backoff = FAILURE_BACKOFF
    image_pull_backoff: Backoff = FAILURE_BACKOFF
    max_parallel_image_pulls: int = 5
    container_log_max_bytes: int = 10 << 20
    container_log_max_files: int = 5
    eviction_hard: dict[str, str] = field(default_factory=lambda: dict(EVICTION_HARD))
    eviction_transition_seconds: float = 60.0
    image_gc_high_percent: int = 95
    image_gc_low_percent: int = 90

    @property
    def mode(self) -> Mode:
        """How the containers of this node are kept apart."""
        if self.simulated:
            return Mode.SIMULATED
        return Mode.NAMESPACES if self.isolated else Mode.PROCESS

    def full_capacity(self) -> dict[str, str]:
        """Capacity of every resource, `pods` and `ephemeral-storage` included."""
        room = {"pods": str(self.max_pods), "ephemeral-storage": self._disk()}
        return {**_default_capacity(), **room, **self.capacity}

    def as_kubelet_configuration(self) -> Object:
        """The settings under the names of upstream's KubeletConfiguration, for /configz."""
        return {
            "kind": "KubeletConfiguration",
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "authentication": {
                "x509": {},
                "webhook": {"enabled": True},
                "anonymous": {"enabled": False},
            },
            "authorization": {"mode": "Webhook"},
            "containerLogMaxFiles": self.container_log_max_files,
            "containerLogMaxSize": str(self.container_log_max_bytes),
            "evictionHard": self.eviction_hard,
            "evictionPressureTransitionPeriod": f"{self.eviction_transition_seconds:g}s",
            "imageGCHighThresholdPercent": self.image_gc_high_percent,
            "imageGCLowThresholdPercent": self.image_gc_low_percent,
            "clusterDNS": self.cluster_dns,
            "clusterDomain": self.cluster_domain,
            "maxParallelImagePulls": self.max_parallel_image_pulls,
            "maxPods": self.max_pods,
            "nodeStatusReportFrequency": f"{self.status_report_seconds:g}s",
            "port": self.serve_port,
            "providerID": self.provider_id,
            "registerNode": self.register_node,
            "registerWithTaints": self.taints,
            "resolvConf": str(self.resolv_conf),
            "staticPodPath": str(self.static_pod_directory or ""),
            "syncFrequency": f"{self.resync_seconds:g}s",
            "systemReserved": self.reserved,
        }

    def _disk(self) -> str:
        place = self.root_directory if self.root_directory.exists() else Path("/")
        usage = os.statvfs(place)
        return f"{usage.f_blocks * usage.f_frsize // 1024}Ki"

    def pod_directory(self, uid: str) -> Path:
        """Volumes, hosts file and termination messages of one pod."""
        return self.root_directory / "pods" / uid

    def log_directory(self, namespace: str, name: str, uid: str) -> Path:
        """Where the runtime writes a pod's logs: `<container>/<attempt>.log` below it."""
        return self.root_directory / "pods-logs" / f"{namespace}_{name}_{uid}"

    def pod_directories(self) -> list[tuple[str, Path]]:
        """What there is of pods, known or not: uid and directory, of files and of logs."""
        found = [*self.root_directory.glob("pods/*"), *self.root_directory.glob("pods-logs/*")]
        return [(path.name.rpartition("_")[2], path) for path in found]


def architecture() -> str:
    """The machine's architecture as Go and OCI call it."""
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}.get(machine, machine)
