"""Files about access that are read again when they change, as kube-apiserver does it.

A changed file that says something wrong is told of in the log, and what was read before stays in use.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from kubeade.apiserver.config_file import ConfigError
from kubeade.lib.changed_file import ChangedFile

_log = logging.getLogger(__name__)

GRACE_SECONDS = 10.0
Close = Callable[[], Awaitable[None]]
Reload = Callable[[], Awaitable[Close]]
"""Returns what closes what was in use before. Raises ConfigError, OSError, and changes nothing then."""


class ReloadedFiles:
    """Knows a file's content from the moment that it is added."""

    def __init__(self) -> None:
        self._files: list[tuple[str, ChangedFile, Reload]] = []

    def add(self, path: str, reload: Reload) -> None:
        self._files.append((path, ChangedFile(Path(path)), reload))

    async def run(self) -> None:
        """Ends only by cancellation, or at once where there is no file."""
        async with asyncio.TaskGroup() as group:
            for each in self._files:
                group.create_task(_follow(*each))


async def _follow(path: str, file: ChangedFile, reload: Reload) -> None:
    while True:
        await file.changed()
        try:
            close = await reload()
        except (ConfigError, OSError) as error:
            _log.error("%s has changed and is not used: %s", path, error)
            continue
        _log.info("%s has changed and is in use", path)
        try:
            await asyncio.sleep(GRACE_SECONDS)  # requests that began before may still ask
        finally:
            await close()
