"""Keeps a component running: one that fails is started anew, with back-off, and the others do not notice."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from kubeade.lib.backoff import Backoff

log = logging.getLogger(__name__)

RESTART_BACKOFF = Backoff(initial_seconds=0.5, limit_seconds=30.0)
STEADY_SECONDS = 60.0


Start = Callable[[], Awaitable[None]]


class Runner(Protocol):
    """A component that works until it is cancelled."""

    async def run(self) -> None: ...


def anew(make: Callable[[], Runner]) -> Start:
    """A start that makes its component: what the last one held may be half done, closed or out of date."""

    async def start() -> None:
        await make().run()

    return start


async def supervise(name: str, start: Start) -> None:
    """Run `start()` again whenever it ends or raises, until cancelled."""
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        began = loop.time()
        try:
            await start()
            log.error("%s ended; it is started anew", name)
        except Exception:  # whatever it was: the cluster goes on, the log has it
            log.exception("%s failed; it is started anew", name)
        failures = 1 if loop.time() - began > STEADY_SECONDS else failures + 1
        await asyncio.sleep(RESTART_BACKOFF.delay_seconds(failures))
