"""A runtime without processes: containers run at once, and end when they are told to.

For clusters of thousands of pods on one machine, and for tests of everything above the runtime. Every
image is there. A container annotated `kubeade.dev/runs-to-completion` exits with code 0: at once where the
annotation says `init`, else after a second, or after what its sandbox's annotation
`kubeade.dev/simulated-run-seconds` says. Nothing survives the process. exec, attach, port forwarding and
logs are refused by name.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

from kubeade.cni import Attachment, NetworkRequest, PodNetwork, PortMapping
from kubeade.cri.service import (
    CriError,
    ExecSession,
    InvalidArgument,
    NotFound,
    NotSupported,
    PodConnection,
)
from kubeade.cri.types import (
    AuthConfig,
    ContainerConfig,
    ContainerEvent,
    ContainerEventType,
    ContainerState,
    ContainerStats,
    ContainerStatus,
    ContainerSummary,
    FilesystemUsage,
    Image,
    LinuxResources,
    NamespaceMode,
    NetworkInterfaceUsage,
    RuntimeCondition,
    RuntimeStatus,
    RuntimeVersion,
    SandboxConfig,
    SandboxState,
    SandboxStatus,
)
from kubeade.lib.clock import Clock

RUN_SECONDS_ANNOTATION = "kubeade.dev/simulated-run-seconds"
RUNS_TO_COMPLETION_ANNOTATION = "kubeade.dev/runs-to-completion"
DEFAULT_RUN_SECONDS = 1.0
IMAGE_SIZE_BYTES = 1_000_000
EVENT_QUEUE_LIMIT = 100_000


class SimulatedRuntime:
    """RuntimeService over dictionaries. Addresses come from the given pod network."""

    def __init__(self, network: PodNetwork, clock: Clock, *, version: str = "0") -> None:
        self._network = network
        self._clock = clock
        self._version = version
        self._numbers = count(1)
        self._sandboxes: dict[str, SandboxStatus] = {}
        self._containers: dict[str, tuple[str, ContainerStatus]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._listeners: set[asyncio.Queue[ContainerEvent]] = set()

    async def close(self) -> None:
        """Stop the timers that end simulated runs."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def version(self) -> RuntimeVersion:
        return RuntimeVersion("simulated", self._version)

    async def status(self) -> RuntimeStatus:
        return RuntimeStatus([RuntimeCondition("RuntimeReady", True), RuntimeCondition("NetworkReady", True)])

    async def run_pod_sandbox(self, config: SandboxConfig) -> str:
        sandbox_id = self._new_id()
        addresses: tuple[str, ...] = ()
        if config.namespaces.network is not NamespaceMode.NODE:
            addresses = (await self._attach(sandbox_id, config)).addresses
        self._sandboxes[sandbox_id] = SandboxStatus(
            id=sandbox_id,
            metadata=config.metadata,
            state=SandboxState.READY,
            created_at=self._now(),
            ips=list(addresses),
            labels=dict(config.labels),
            annotations=dict(config.annotations),
            runtime_handler=config.runtime_handler,
        )
        return sandbox_id

    async def stop_pod_sandbox(self, sandbox_id: str) -> None:
        sandbox = self._sandboxes.get(sandbox_id)
        if sandbox is None or sandbox.state is SandboxState.NOT_READY:
            return
        for container_id in self._of_sandbox(sandbox_id):
            await self.stop_container(container_id, 0)
        await self._network.remove(sandbox_id)
        sandbox.state = SandboxState.NOT_READY
        self._tell(sandbox_id, sandbox_id, ContainerEventType.STOPPED)

    async def remove_pod_sandbox(self, sandbox_id: str) -> None:
        await self.stop_pod_sandbox(sandbox_id)
        for container_id in self._of_sandbox(sandbox_id):
            await self.remove_container(container_id)
        if sandbox_id in self._sandboxes:
            self._tell(sandbox_id, sandbox_id, ContainerEventType.DELETED)
            del self._sandboxes[sandbox_id]

    async def pod_sandbox_status(self, sandbox_id: str) -> SandboxStatus:
        sandbox = self._sandbox(sandbox_id)
        return replace(sandbox, ips=list(sandbox.ips))

    async def list_pod_sandboxes(self, labels: dict[str, str] | None = None) -> list[SandboxStatus]:
        wanted = (labels or {}).items()
        return [replace(each) for each in self._sandboxes.values() if wanted <= each.labels.items()]

    async def create_container(
        self, sandbox_id: str, config: ContainerConfig, sandbox_config: SandboxConfig
    ) -> str:
        if self._sandbox(sandbox_id).state is not SandboxState.READY:
            raise InvalidArgument(f"sandbox {sandbox_id} is not ready")
        container_id = self._new_id()
        image = _image(config.image)
        status = ContainerStatus(
            id=container_id,
            metadata=config.metadata,
            state=ContainerState.CREATED,
            created_at=self._now(),
            started_at=0,
            finished_at=0,
            exit_code=0,
            image=config.image,
            image_ref=image.repo_digests[0],
            labels=dict(config.labels),
            annotations=dict(config.annotations),
            resources=config.resources,
        )
        self._containers[container_id] = (sandbox_id, status)
        self._tell(container_id, sandbox_id, ContainerEventType.CREATED)
        return container_id

    async def start_container(self, container_id: str) -> None:
        sandbox_id, status = self._container(container_id)
        if status.state is not ContainerState.CREATED:
            raise InvalidArgument(f"container {container_id} has been started before")
        status.state = ContainerState.RUNNING
        status.started_at = self._now()
        self._tell(container_id, sandbox_id, ContainerEventType.STARTED)
        seconds = _run_seconds(self._sandboxes[sandbox_id], status)
        if seconds is not None:
            self._end_later(container_id, seconds)

    async def stop_container(self, container_id: str, timeout_seconds: int) -> None:
        if container_id in self._containers:
            self._end(container_id, 0)

    async def remove_container(self, container_id: str) -> None:
        if container_id not in self._containers:
            return
        self._end(container_id, 137)
        sandbox_id, _ = self._containers[container_id]
        self._tell(container_id, sandbox_id, ContainerEventType.DELETED)
        del self._containers[container_id]

    async def list_containers(
        self, sandbox_id: str = "", labels: dict[str, str] | None = None
    ) -> list[ContainerSummary]:
        wanted = (labels or {}).items()
        return [
            _summary(owner, status)
            for owner, status in self._containers.values()
            if sandbox_id in ("", owner) and wanted <= status.labels.items()
        ]

    async def container_status(self, container_id: str) -> ContainerStatus:
        return replace(self._container(container_id)[1])

    async def update_container_resources(self, container_id: str, resources: LinuxResources) -> None:
        self._container(container_id)[1].resources = resources

    async def reopen_container_log(self, container_id: str) -> None:
        raise NotSupported("the simulated runtime keeps no logs")

    async def exec_sync(
        self, container_id: str, command: list[str], timeout_seconds: float
    ) -> tuple[bytes, bytes, int]:
        self._container(container_id)
        raise NotSupported("the simulated runtime cannot exec: its containers have no processes")

    async def exec(self, container_id: str, command: list[str], *, stdin: bool, tty: bool) -> ExecSession:
        self._container(container_id)
        raise NotSupported("the simulated runtime cannot exec: its containers have no processes")

    async def attach(self, container_id: str, *, stdin: bool, tty: bool) -> ExecSession:
        self._container(container_id)
        raise NotSupported("the simulated runtime cannot attach: its containers have no processes")

    async def port_forward(self, sandbox_id: str, port: int) -> PodConnection:
        self._sandbox(sandbox_id)
        raise NotSupported("the simulated runtime cannot forward ports: nothing listens in its sandboxes")

    async def container_stats(self, container_id: str) -> ContainerStats:
        _, status = self._container(container_id)
        return ContainerStats(status.id, status.metadata, dict(status.labels), self._now(), 0, 0, 0)

    async def network_usage(self, sandbox_id: str) -> list[NetworkInterfaceUsage]:
        self._sandbox(sandbox_id)
        return []

    async def container_events(self) -> AsyncIterator[ContainerEvent]:
        queue: asyncio.Queue[ContainerEvent] = asyncio.Queue(EVENT_QUEUE_LIMIT)
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    async def _attach(self, sandbox_id: str, config: SandboxConfig) -> Attachment:
        mappings = tuple(
            PortMapping(each.protocol, each.container_port, each.host_port, each.host_ip)
            for each in config.port_mappings
        )
        return await self._network.add(NetworkRequest(sandbox_id, None, dict(config.labels), mappings))

    def _end_later(self, container_id: str, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timers[container_id] = loop.call_later(seconds, self._end, container_id, 0)

    def _end(self, container_id: str, exit_code: int) -> None:
        timer = self._timers.pop(container_id, None)
        if timer is not None:
            timer.cancel()
        sandbox_id, status = self._containers[container_id]
        if status.state is not ContainerState.RUNNING:
            return
        status.state = ContainerState.EXITED
        status.finished_at = self._now()
        status.exit_code = exit_code
        status.reason = "Completed" if exit_code == 0 else "Error"
        self._tell(container_id, sandbox_id, ContainerEventType.STOPPED)

    def _tell(self, container_id: str, sandbox_id: str, type: ContainerEventType) -> None:
        metadata = self._sandboxes[sandbox_id].metadata
        event = ContainerEvent(container_id, type, self._now(), sandbox_id, metadata)
        for queue in self._listeners:
            if not queue.full():
                queue.put_nowait(event)

    def _sandbox(self, sandbox_id: str) -> SandboxStatus:
        if sandbox_id not in self._sandboxes:
            raise NotFound(f"sandbox {sandbox_id} not found")
        return self._sandboxes[sandbox_id]

    def _container(self, container_id: str) -> tuple[str, ContainerStatus]:
        if container_id not in self._containers:
            raise NotFound(f"container {container_id} not found")
        return self._containers[container_id]

    def _of_sandbox(self, sandbox_id: str) -> list[str]:
        return [key for key, (owner, _) in self._containers.items() if owner == sandbox_id]

    def _new_id(self) -> str:
        """64 hexadecimal digits, as runtimes have, unique for this runtime."""
        return hashlib.sha256(f"{id(self)} {next(self._numbers)}".encode()).hexdigest()

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1e9)


class SimulatedImages:
    """ImageService that has every image."""

    async def list_images(self) -> list[Image]:
        return []

    async def image_status(self, image: str) -> Image | None:
        return _image(image)

    async def pull_image(self, image: str, auth: AuthConfig | None = None) -> str:
        return _image(image).id

    async def remove_image(self, image: str) -> None:
        return None

    async def image_fs_info(self) -> list[FilesystemUsage]:
        return []


def _image(name: str) -> Image:
    digest = "sha256:" + hashlib.sha256(name.encode()).hexdigest()
    repository = name.partition("@")[0]
    head, _, tag = repository.rpartition(":")
    if head and "/" not in tag:
        repository = head
    return Image(digest, [name], [f"{repository}@{digest}"], IMAGE_SIZE_BYTES, uid=65532)


def _summary(sandbox_id: str, status: ContainerStatus) -> ContainerSummary:
    return ContainerSummary(
        id=status.id,
        sandbox_id=sandbox_id,
        metadata=status.metadata,
        image=status.image,
        image_ref=status.image_ref,
        state=status.state,
        created_at=status.created_at,
        labels=dict(status.labels),
        annotations=dict(status.annotations),
    )


def _run_seconds(sandbox: SandboxStatus, container: ContainerStatus) -> float | None:
    """How long the container runs by itself; None: until it is stopped."""
    kind = container.annotations.get(RUNS_TO_COMPLETION_ANNOTATION)
    if kind == "init":
        return 0.0
    explicit = sandbox.annotations.get(RUN_SECONDS_ANNOTATION)
    if explicit is not None:
        return _seconds(explicit)
    return DEFAULT_RUN_SECONDS if kind else None


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        raise CriError(f"{RUN_SECONDS_ANNOTATION}: {text!r} is not a number of seconds") from None
