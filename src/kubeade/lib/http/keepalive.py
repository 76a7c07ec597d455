"""Notices that a peer has gone while nobody reads from it.

Reading stops while somebody further on is slow; until it goes on, the end of a connection is not seen, nor
does it arrive: it waits behind what was sent before. What is written to a peer that is no more, however, is
refused, and the write after that fails.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

PERIOD_SECONDS = 30.0


async def until_gone(ping: Callable[[], Awaitable[None]]) -> None:
    """Return once `ping` raises ConnectionError."""
    with suppress(ConnectionError):
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            await ping()
