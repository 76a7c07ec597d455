"""A request's body on its way from the socket to a handler that passes it on, a little of it at a time."""

import asyncio
from collections import deque
from collections.abc import Callable

_HELD_BYTES = 256 * 1024
"""Beyond this, the client is not read from until the handler has taken what there is."""


class BodyStream:
    """Iterate over it once. `pause` and `resume` reading from the client; a client that sends nothing for
    `idle_seconds` is given up."""

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None], idle_seconds: float) -> None:
        self._pause = pause
        self._resume = resume
        self._idle_seconds = idle_seconds
        self._parts: deque[bytes] = deque()
        self._held = 0
        self._changed = asyncio.Event()
        self._error: ConnectionError | None = None
        self.complete = False

    def feed(self, data: bytes) -> None:
        self._parts.append(data)
        self._held += len(data)
        self._changed.set()
        if self._held > _HELD_BYTES:
            self._pause()

    def finish(self) -> None:
        self.complete = True
        self._changed.set()

    def fail(self, why: str) -> None:
        """What is missing will not come."""
        self._error = ConnectionResetError(why)
        self._changed.set()

    def __aiter__(self) -> "BodyStream":
        return self

    async def __anext__(self) -> bytes:
        """Raises ConnectionError where the end is missing."""
        while not self._parts:
            if self.complete:
                raise StopAsyncIteration
            if self._error is not None:
                raise self._error
            self._changed.clear()
            try:
                async with asyncio.timeout(self._idle_seconds):
                    await self._changed.wait()
            except TimeoutError:
                raise ConnectionAbortedError("the client does not go on with the body") from None
        part = self._parts.popleft()
        self._held -= len(part)
        if not self._parts:
            self._resume()
        return part
