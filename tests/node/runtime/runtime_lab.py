"""One sandbox in one runtime on this very machine, and short ways to run scripts in it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from kubeade.cni import Attachment
from kubeade.cri.types import ContainerConfig, ContainerMetadata, SandboxConfig, SandboxMetadata
from kubeade.lib.clock import SystemClock
from kubeade.lib.ids import Ids
from kubeade.runtime.embedded import EmbeddedRuntime
from kubeade.runtime.images.host import HOST_IMAGE
from kubeade.runtime.images.service import Images
from kubeade.runtime.mode import Mode


class NoNetwork:
    async def add(self, request):
        return Attachment(())

    async def remove(self, sandbox_id):
        return None


@dataclass
class Lab:
    """One sandbox in one runtime."""

    directory: Path
    runtime: EmbeddedRuntime
    mode: Mode
    sandbox_id: str = ""

    @property
    def sandbox(self) -> SandboxConfig:
        return SandboxConfig(
            SandboxMetadata("web", "uid", "shop"),
            hostname="web-0",
            log_directory=str(self.directory / "logs"),
        )

    async def create(self, script: str, **fields) -> str:
        command = ["sh", "-c", script]
        config = ContainerConfig(
            ContainerMetadata("c"), HOST_IMAGE, command=command, log_path="c.log", **fields
        )
        return await self.runtime.create_container(self.sandbox_id, config, self.sandbox)

    async def start(self, script: str = "trap 'exit 0' TERM; sleep 1000 & wait", **fields) -> str:
        container_id = await self.create(script, **fields)
        await self.runtime.start_container(container_id)
        return container_id

    async def end(self, container_id: str):
        """Its status once it has ended."""
        async with asyncio.timeout(20):
            while (status := await self.runtime.container_status(container_id)).finished_at == 0:
                await asyncio.sleep(0.01)
        return status

    async def output(self, script: str, **fields) -> list[str]:
        """What a container with this script writes until it ends."""
        log = self.directory / "logs" / "c.log"
        log.unlink(missing_ok=True)
        await self.end(await self.start(script, **fields))
        return [line.split(" ", 3)[3] for line in log.read_text().splitlines()]


def make_runtime(directory: Path, mode: Mode) -> EmbeddedRuntime:
    images = Images(directory / "images", allow_host_image=True, data_directory=directory)
    return EmbeddedRuntime(directory / "runtime", mode, images, NoNetwork(), clock=SystemClock(), ids=Ids())
