"""The CRI's messages as dataclasses (cri-api, runtime/v1/api.proto)."""

from dataclasses import dataclass, field
from enum import Enum

Labels = dict[str, str]


class NamespaceMode(Enum):
    """Whose namespace to be in: the sandbox's, the container's own, or the node's."""

    POD = "POD"
    CONTAINER = "CONTAINER"
    NODE = "NODE"
    TARGET = "TARGET"


class SandboxState(Enum):
    READY = "SANDBOX_READY"
    NOT_READY = "SANDBOX_NOTREADY"


class ContainerState(Enum):
    CREATED = "CONTAINER_CREATED"
    RUNNING = "CONTAINER_RUNNING"
    EXITED = "CONTAINER_EXITED"
    UNKNOWN = "CONTAINER_UNKNOWN"


class MountPropagation(Enum):
    PRIVATE = "PROPAGATION_PRIVATE"
    HOST_TO_CONTAINER = "PROPAGATION_HOST_TO_CONTAINER"
    BIDIRECTIONAL = "PROPAGATION_BIDIRECTIONAL"


@dataclass(slots=True)
class NamespaceOptions:
    network: NamespaceMode = NamespaceMode.POD
    pid: NamespaceMode = NamespaceMode.CONTAINER
    ipc: NamespaceMode = NamespaceMode.POD
    target_id: str = ""
    host_users: bool = True


@dataclass(slots=True)
class DnsConfig:
    servers: list[str] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PortMapping:
    protocol: str
    container_port: int
    host_port: int
    host_ip: str = ""


@dataclass(slots=True)
class SandboxMetadata:
    name: str
    uid: str
    namespace: str
    attempt: int = 0


@dataclass(slots=True)
class SecurityProfile:
    """seccomp or AppArmor: `profile_type` is RuntimeDefault, Unconfined or Localhost."""

    profile_type: str = "Unconfined"
    localhost_ref: str = ""


@dataclass(slots=True)
class SandboxConfig:
    """`resources` bound all containers of the sandbox together; None: only each by itself."""

    metadata: SandboxMetadata
    hostname: str = ""
    log_directory: str = ""
    dns_config: DnsConfig | None = None
    port_mappings: list[PortMapping] = field(default_factory=list)
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)
    namespaces: NamespaceOptions = field(default_factory=NamespaceOptions)
    sysctls: dict[str, str] = field(default_factory=dict)
    cgroup_parent: str = ""
    runtime_handler: str = ""
    resources: "LinuxResources | None" = None


@dataclass(slots=True)
class SandboxStatus:
    id: str
    metadata: SandboxMetadata
    state: SandboxState
    created_at: int
    ips: list[str] = field(default_factory=list)
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)
    runtime_handler: str = ""


@dataclass(slots=True)
class LinuxResources:
    """cgroup settings; 0 means unset, as in the CRI."""

    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_shares: int = 0
    memory_limit_in_bytes: int = 0
    oom_score_adj: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""
    pids_limit: int = 0
    unified: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Mount:
    """`sub_path` is beyond the CRI: the part of `host_path` that is meant. It has no links in it, and whoever
    mounts must follow none there: a container may be swapping them in just now. With `image` it is that
    image's content, read-only, and `image_sub_path` the part of it. `options` (nosuid, nodev, noexec) are
    beyond the CRI, too."""

    container_path: str
    host_path: str
    sub_path: str = field(default="", kw_only=True)
    readonly: bool = False
    recursive_read_only: bool = False
    propagation: MountPropagation = MountPropagation.PRIVATE
    image: str = ""
    image_sub_path: str = ""
    options: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SecurityContext:
    """The container's. `run_as_user` None: what the image says. Capabilities without the CAP_ prefix."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_username: str = ""
    supplemental_groups: list[int] = field(default_factory=list)
    supplemental_groups_policy: str = "Merge"
    privileged: bool = False
    readonly_rootfs: bool = False
    no_new_privs: bool = False
    add_capabilities: list[str] = field(default_factory=list)
    drop_capabilities: list[str] = field(default_factory=list)
    namespaces: NamespaceOptions = field(default_factory=NamespaceOptions)
    seccomp: SecurityProfile = field(default_factory=SecurityProfile)
    apparmor: SecurityProfile = field(default_factory=SecurityProfile)
    masked_paths: list[str] = field(default_factory=list)
    readonly_paths: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Device:
    container_path: str
    host_path: str
    permissions: str


@dataclass(slots=True)
class ContainerMetadata:
    name: str
    attempt: int = 0


@dataclass(slots=True)
class ContainerConfig:
    """`log_path` is relative to the sandbox's log_directory. `command` and `args` override the image's
    entrypoint and cmd by the CRI's rule: a command alone discards the image's cmd too."""

    metadata: ContainerMetadata
    image: str
    command: list[str] = field(default_factory=list)
    args: list[str] = field(default_factory=list)
    working_dir: str = ""
    envs: list[tuple[str, str]] = field(default_factory=list)
    mounts: list[Mount] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)
    log_path: str = ""
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False
    resources: LinuxResources = field(default_factory=LinuxResources)
    security: SecurityContext = field(default_factory=SecurityContext)
    stop_signal: str = ""


@dataclass(slots=True)
class ContainerSummary:
    id: str
    sandbox_id: str
    metadata: ContainerMetadata
    image: str
    image_ref: str
    state: ContainerState
    created_at: int
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)


@dataclass(slots=True)
class ContainerStatus:
    """`reason` is Completed, Error, OOMKilled, StartError, ContainerCannotRun or empty."""

    id: str
    metadata: ContainerMetadata
    state: ContainerState
    created_at: int
    started_at: int
    finished_at: int
    exit_code: int
    image: str
    image_ref: str
    reason: str = ""
    message: str = ""
    signal: int = 0
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)
    log_path: str = ""
    resources: LinuxResources | None = None
    user: tuple[int, int, list[int]] | None = None


@dataclass(slots=True)
class Image:
    """`id` is the config's digest (sha256:...). `uid` or `username` is what its config runs as."""

    id: str
    repo_tags: list[str]
    repo_digests: list[str]
    size: int
    uid: int | None = None
    username: str = ""
    pinned: bool = False


@dataclass(slots=True)
class AuthConfig:
    username: str = ""
    password: str = ""
    auth: str = ""
    server_address: str = ""
    identity_token: str = ""
    registry_token: str = ""


@dataclass(slots=True)
class FilesystemUsage:
    timestamp: int
    mountpoint: str
    used_bytes: int
    inodes_used: int


@dataclass(slots=True)
class ContainerStats:
    """Counters at `timestamp`: CPU in nanoseconds since start, memory in bytes. `processes` is beyond the
    CRI, which counts them per sandbox."""

    id: str
    metadata: ContainerMetadata
    labels: Labels
    timestamp: int
    cpu_usage_core_nano_seconds: int
    memory_usage_bytes: int
    memory_working_set_bytes: int
    memory_rss_bytes: int = 0
    swap_usage_bytes: int = 0
    page_faults: int = 0
    major_page_faults: int = 0
    processes: int = 0
    writable_layer_bytes: int = 0
    writable_layer_inodes: int = 0


@dataclass(slots=True)
class NetworkInterfaceUsage:
    """Counters of one interface of a sandbox."""

    name: str
    rx_bytes: int
    rx_errors: int
    tx_bytes: int
    tx_errors: int


class ContainerEventType(Enum):
    CREATED = "CONTAINER_CREATED_EVENT"
    STARTED = "CONTAINER_STARTED_EVENT"
    STOPPED = "CONTAINER_STOPPED_EVENT"
    DELETED = "CONTAINER_DELETED_EVENT"


@dataclass(slots=True)
class ContainerEvent:
    """`container_id` equals the sandbox's id for events of the sandbox itself."""

    container_id: str
    type: ContainerEventType
    created_at: int
    sandbox_id: str
    sandbox_metadata: SandboxMetadata


@dataclass(slots=True)
class RuntimeVersion:
    runtime_name: str
    runtime_version: str
    runtime_api_version: str = "v1"


@dataclass(slots=True)
class RuntimeCondition:
    """`type` is RuntimeReady or NetworkReady."""

    type: str
    status: bool
    reason: str = ""
    message: str = ""


@dataclass(slots=True)
class RuntimeStatus:
    conditions: list[RuntimeCondition]
    handlers: list[str] = field(default_factory=lambda: [""])
