"""The streams of a remote command, by number, whatever protocol carries them (`websocket_channels`,
`spdy_channels`)."""

import json
from enum import IntEnum
from typing import NamedTuple, Protocol

from kubeade.api.resource import Object


class Channel(IntEnum):
    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ERROR = 3
    RESIZE = 4


class Message(NamedTuple):
    """What a client sent; `ended` closes the channel."""

    channel: Channel
    data: bytes
    ended: bool = False


class Channels(Protocol):
    """Several streams on one connection."""

    async def receive(self) -> Message | None:
        """The next message for stdin or resize; None once the client has gone."""
        ...

    async def send(self, channel: Channel, data: bytes) -> None:
        """Raises ConnectionError once the client has gone."""
        ...

    async def send_status(self, status: Object) -> None:
        """How it ended, as this protocol says it. Raises as `send`."""
        ...

    async def ping(self) -> None:
        """Raises ConnectionError once the client has gone, though nobody may be receiving."""
        ...

    async def close(self) -> None: ...


def status_text(status: Object, *, as_object: bool) -> bytes:
    """Since v4 the error stream carries a Status; before, only the words of a failure."""
    if as_object:
        return json.dumps(status).encode()
    return str(status.get("message", "")).encode()
