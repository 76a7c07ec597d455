"""What one stream has to send, in order: few messages wait, and whoever fills it waits for room."""

import asyncio
from collections import deque

from kubeade.lib.protobuf.message import Message

MOST_WAITING = 16


class Outbox:
    """Many put, one takes."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def empty(self) -> bool:
        return not self._messages

    def put(self, message: Message) -> None:
        """Answers to requests: the requests are what limits them."""
        self._messages.append(message)
        self._changed.set()

    async def put_when_room(self, message: Message) -> None:
        while len(self._messages) >= MOST_WAITING and not self._closed:
            await self._change()
        self.put(message)

    async def take(self) -> Message | None:
        """The next one; None when closed."""
        while not self._messages:
            if self._closed:
                return None
            await self._change()
        message = self._messages.popleft()
        self._changed.set()
        return message

    def close(self) -> None:
        self._closed = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
