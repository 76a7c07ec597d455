"""Keeps the logs of running containers bounded: a file that has grown too long is put aside and compressed.

Names are upstream's: `0.log` is the newest, `0.log.<moment>` was put aside last, `0.log.<moment>.gz` before
that. Whoever follows the log goes on in the new file (`server/log_file.py`).
"""

import asyncio
import gzip
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from kubeade.cri.service import CriError, RuntimeService
from kubeade.cri.types import ContainerStatus
from kubeade.kubelet.config import KubeletConfig
from kubeade.kubelet.pod_context import PodContext
from kubeade.lib.clock import Clock

log = logging.getLogger(__name__)

PERIOD_SECONDS = 10.0
PACKED = ".gz"


class LogRotation:
    """`contexts` gives the pods of the node."""

    def __init__(
        self,
        config: KubeletConfig,
        runtime: RuntimeService,
        clock: Clock,
        contexts: Callable[[], list[PodContext]],
    ) -> None:
        self._config = config
        self._runtime = runtime
        self._clock = clock
        self._contexts = contexts

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Rotate what has grown too long."""
        for context in self._contexts():
            for status in (await context.observe()).running():
                try:
                    await self._look_at(log_path(context, status), status.id)
                except (CriError, OSError) as error:
                    log.warning("rotating the log of container %s: %s", status.metadata.name, error)

    async def _look_at(self, path: Path, container_id: str) -> None:
        if _size(path) < self._config.container_log_max_bytes:
            return
        await asyncio.to_thread(pack, path, self._config.container_log_max_files)
        aside = path.with_name(f"{path.name}.{self._clock.now():%Y%m%d-%H%M%S}")
        os.rename(path, aside)
        try:
            await self._runtime.reopen_container_log(container_id)
        except CriError:
            os.rename(aside, path)  # it is being written to still: next time, then
            raise


def log_path(context: PodContext, status: ContainerStatus) -> Path:
    """Where the runtime writes what this run of a container says."""
    return context.log_directory / status.metadata.name / f"{status.metadata.attempt}.log"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def rotated(path: Path) -> list[Path]:
    """What has been put aside of a log, the oldest first."""
    return sorted(path.parent.glob(f"{path.name}.*"))


def pack(path: Path, files_kept: int) -> None:
    """Compress what was put aside, and remove the oldest: room for one more, and the newest, is left."""
    old = rotated(path)
    for each in old[: max(0, len(old) - (files_kept - 2))]:
        each.unlink()
    for each in rotated(path):
        if each.suffix != PACKED:
            _compress(each)


def _compress(path: Path) -> None:
    unfinished = path.with_name(f".{path.name}{PACKED}")
    with path.open("rb") as source, gzip.open(unfinished, "wb") as target:
        shutil.copyfileobj(source, target)
    unfinished.rename(path.with_name(path.name + PACKED))
    path.unlink()
