"""Every runtime that must keep the treaty: `subject` is each of them in turn."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from kubeade.cni import Attachment, NetworkRequest
from kubeade.cri.service import ImageService, RuntimeService
from kubeade.cri.types import (
    ContainerConfig,
    ContainerMetadata,
    NamespaceMode,
    NamespaceOptions,
    SandboxConfig,
    SandboxMetadata,
)
from kubeade.lib.clock import SystemClock
from kubeade.lib.ids import Ids
from kubeade.runtime.embedded import EmbeddedRuntime
from kubeade.runtime.images.host import HOST_IMAGE
from kubeade.runtime.images.service import Images
from kubeade.runtime.mode import Mode, ModeRefused, detect_mode
from kubeade.runtime.simulated import SimulatedImages, SimulatedRuntime


class RecordingNetwork:
    """A pod network that attaches nothing and remembers who asked."""

    def __init__(self) -> None:
        self.attached: dict[str, str] = {}

    async def add(self, request: NetworkRequest) -> Attachment:
        address = self.attached.setdefault(request.sandbox_id, f"10.9.0.{len(self.attached) + 1}")
        return Attachment((address,))

    async def remove(self, sandbox_id: str) -> None:
        self.attached.pop(sandbox_id, None)


@dataclass
class Subject:
    """A runtime under test. `has_processes`: commands really run, `sleeper` sleeps and obeys SIGTERM."""

    runtime: RuntimeService
    images: ImageService
    network: RecordingNetwork
    image: str
    has_processes: bool
    sleeper: list[str] = field(default_factory=lambda: ["sleep", "1000"])
    log_directory: str = ""

    def sandbox_config(self, name: str = "web", *, host_network: bool = False) -> SandboxConfig:
        network = NamespaceMode.NODE if host_network else NamespaceMode.POD
        return SandboxConfig(
            metadata=SandboxMetadata(name, f"uid-{name}", "shop"),
            hostname=name,
            log_directory=self.log_directory,
            labels={"io.kubernetes.pod.uid": f"uid-{name}", "app": name},
            annotations={"note": "kept"},
            namespaces=NamespaceOptions(network=network),
        )

    def container_config(self, name: str = "app", attempt: int = 0) -> ContainerConfig:
        return ContainerConfig(
            metadata=ContainerMetadata(name, attempt),
            image=self.image,
            command=list(self.sleeper),
            labels={"io.kubernetes.container.name": name},
            annotations={"hash": "1234"},
            log_path=f"{name}/{attempt}.log",
        )


Maker = Callable[[pytest.FixtureRequest], Awaitable[tuple[Subject, Callable[[], Awaitable[None]]]]]


async def _nothing() -> None:
    return None


async def _simulated(request: pytest.FixtureRequest) -> tuple[Subject, Callable[[], Awaitable[None]]]:
    network = RecordingNetwork()
    runtime = SimulatedRuntime(network, SystemClock())
    return Subject(runtime, SimulatedImages(), network, "lemonade:1", has_processes=False), _nothing


async def _embedded(
    request: pytest.FixtureRequest, mode: Mode
) -> tuple[Subject, Callable[[], Awaitable[None]]]:
    directory = request.getfixturevalue("tmp_path")
    network = RecordingNetwork()
    images = Images(directory / "images", allow_host_image=True, data_directory=directory)
    runtime = EmbeddedRuntime(directory / "runtime", mode, images, network, clock=SystemClock(), ids=Ids())
    await runtime.open()
    subject = Subject(runtime, images, network, HOST_IMAGE, has_processes=True)
    # The first process of a PID namespace gets only the signals that it handles.
    subject.sleeper = ["sh", "-c", "trap 'exit 0' TERM; sleep 1000 & wait"]
    subject.log_directory = str(directory / "logs")
    return subject, runtime.purge


async def _process(request: pytest.FixtureRequest) -> tuple[Subject, Callable[[], Awaitable[None]]]:
    return await _embedded(request, Mode.PROCESS)


async def _namespaces(request: pytest.FixtureRequest) -> tuple[Subject, Callable[[], Awaitable[None]]]:
    try:
        detect_mode("namespaces", request.getfixturevalue("tmp_path"))
    except ModeRefused as refused:
        pytest.skip(f"{refused} (user {os.geteuid()})")
    return await _embedded(request, Mode.NAMESPACES)


RUNTIMES: dict[str, Maker] = {"simulated": _simulated, "process": _process, "namespaces": _namespaces}


@pytest.fixture(params=sorted(RUNTIMES))
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    made, close = await RUNTIMES[request.param](request)
    yield made
    await close()
