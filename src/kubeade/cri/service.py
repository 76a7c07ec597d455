"""The CRI's two services as protocols, and the session that replaces its streaming server.

Contract for every implementation (tests/contract/cri): calls are idempotent where the CRI says so (stopping
what is stopped, removing what is gone, pulling what is there); a stop returns after the last process of the
container has gone; state survives the caller: a kubelet that restarts finds its containers by list calls.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from kubeade.cri.types import (
    AuthConfig,
    ContainerConfig,
    ContainerEvent,
    ContainerStats,
    ContainerStatus,
    ContainerSummary,
    FilesystemUsage,
    Image,
    LinuxResources,
    NetworkInterfaceUsage,
    RuntimeStatus,
    RuntimeVersion,
    SandboxConfig,
    SandboxStatus,
)
from kubeade.lib.http.message import Duplex


class CriError(Exception):
    """Base of what a runtime refuses, by the gRPC code that the CRI would use.

    CriError            (Unknown, Internal)
     ├── NotFound          no such sandbox, container or image
     ├── InvalidArgument   the request can never work
     ├── PullFailed        the image cannot be had now; the message says why
     ├── Unauthenticated   the registry refused the credentials
     └── NotSupported      this runtime or its mode cannot do it; the message names what
    """


class NotFound(CriError):
    """No such sandbox, container or image."""


class InvalidArgument(CriError):
    """The request can never work as it is."""


class PullFailed(CriError):
    """The image could not be pulled: network, registry, or a damaged image."""


class Unauthenticated(PullFailed):
    """The registry wants (other) credentials."""


class NotSupported(CriError):
    """The runtime, or the mode it is in, cannot do what was asked."""


class ExecSession(Protocol):
    """A process (exec) or a container (attach) with its streams at the caller's hand.

    With a terminal, stdout carries everything and stderr ends at once.
    """

    async def write_stdin(self, data: bytes) -> None: ...

    async def close_stdin(self) -> None: ...

    def stdout(self) -> AsyncIterator[bytes]: ...

    def stderr(self) -> AsyncIterator[bytes]: ...

    async def resize(self, width: int, height: int) -> None: ...

    async def wait(self) -> int:
        """The exit code; 128 + signal for a killed process. For attach: when the streams end."""
        ...

    async def close(self) -> None:
        """Let go: an exec'd process is killed, an attached container runs on."""
        ...


class PodConnection(Duplex, Protocol):
    """A connection to a port of a sandbox."""

    def end(self) -> None:
        """Send no more; what comes back is still read."""
        ...


class RuntimeService(Protocol):
    async def version(self) -> RuntimeVersion: ...

    async def status(self) -> RuntimeStatus: ...

    async def run_pod_sandbox(self, config: SandboxConfig) -> str:
        """Create and start a sandbox with its network; the id. Fails wholly or not at all."""
        ...

    async def stop_pod_sandbox(self, sandbox_id: str) -> None:
        """Stop its containers, free its network."""
        ...

    async def remove_pod_sandbox(self, sandbox_id: str) -> None: ...

    async def pod_sandbox_status(self, sandbox_id: str) -> SandboxStatus: ...

    async def list_pod_sandboxes(self, labels: dict[str, str] | None = None) -> list[SandboxStatus]: ...

    async def create_container(
        self, sandbox_id: str, config: ContainerConfig, sandbox_config: SandboxConfig
    ) -> str: ...

    async def start_container(self, container_id: str) -> None: ...

    async def stop_container(self, container_id: str, timeout_seconds: int) -> None:
        """The stop signal, then SIGKILL after the timeout; returns when it has exited."""
        ...

    async def remove_container(self, container_id: str) -> None: ...

    async def list_containers(
        self, sandbox_id: str = "", labels: dict[str, str] | None = None
    ) -> list[ContainerSummary]: ...

    async def container_status(self, container_id: str) -> ContainerStatus: ...

    async def update_container_resources(self, container_id: str, resources: LinuxResources) -> None: ...

    async def reopen_container_log(self, container_id: str) -> None: ...

    async def exec_sync(
        self, container_id: str, command: list[str], timeout_seconds: float
    ) -> tuple[bytes, bytes, int]:
        """stdout, stderr (each at most 16 MiB), exit code. Raises TimeoutError after killing it."""
        ...

    async def exec(self, container_id: str, command: list[str], *, stdin: bool, tty: bool) -> ExecSession: ...

    async def attach(self, container_id: str, *, stdin: bool, tty: bool) -> ExecSession: ...

    async def port_forward(self, sandbox_id: str, port: int) -> PodConnection:
        """A connection to localhost:port as seen from inside the sandbox. Raises OSError."""
        ...

    async def container_stats(self, container_id: str) -> ContainerStats: ...

    async def network_usage(self, sandbox_id: str) -> list[NetworkInterfaceUsage]:
        """The interfaces of a sandbox with a network of its own, the default one first; else none."""
        ...

    def container_events(self) -> AsyncIterator[ContainerEvent]:
        """Every change from now on. Ends when the runtime does."""
        ...


class ImageService(Protocol):
    async def list_images(self) -> list[Image]: ...

    async def image_status(self, image: str) -> Image | None: ...

    async def pull_image(self, image: str, auth: AuthConfig | None = None) -> str:
        """Pull, unless it is there by digest; the image's id. Raises PullFailed, Unauthenticated."""
        ...

    async def remove_image(self, image: str) -> None: ...

    async def image_fs_info(self) -> list[FilesystemUsage]: ...
