"""Many calls at once, but carefully: one first, then twice as many each time, until one fails.

So a hundred pods that a quota refuses cost one request, not a hundred (upstream: slowStartBatch).
"""

import asyncio
from collections.abc import Awaitable, Callable

LARGEST_BATCH = 64


async def slow_start(count: int, call: Callable[[int], Awaitable[None]]) -> None:
    """Call `call(0) ... call(count - 1)`. After a batch with failures the first one is raised."""
    done, batch = 0, 1
    while done < count:
        numbers = range(done, min(count, done + batch))
        outcomes = await asyncio.gather(*(call(number) for number in numbers), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        done, batch = done + len(numbers), min(batch * 2, LARGEST_BATCH)
