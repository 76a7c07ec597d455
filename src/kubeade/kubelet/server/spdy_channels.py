"""Channels as the streams of a SPDY session: the client opens one for each, named by a header.

v2 is v1 without its flaws, v3 has a stream for the terminal's size, v4 a Status at the end.
"""

import asyncio
from collections.abc import Mapping

from kubeade.api.resource import Object
from kubeade.kubelet.server.channels import Channel, Message, status_text
from kubeade.lib.http.spdy.session import SpdySession
from kubeade.lib.http.spdy.stream import Stream

V4 = "v4.channel.k8s.io"
V3 = "v3.channel.k8s.io"
PROTOCOLS = (V4, V3, "v2.channel.k8s.io", "channel.k8s.io")
STREAM_TYPE = "streamtype"
CREATION_SECONDS = 30.0
_TYPES = {channel.name.lower(): channel for channel in Channel}


async def gather_streams(session: SpdySession, wanted: frozenset[Channel]) -> dict[Channel, Stream] | None:
    """Every wanted stream, in whatever order the client opens them; None when it does not in time."""
    streams: dict[Channel, Stream] = {}
    try:
        async with asyncio.timeout(CREATION_SECONDS):
            while not wanted <= streams.keys():
                stream = await session.accept()
                if stream is None:
                    return None
                channel = _TYPES.get(stream.headers.get(STREAM_TYPE, ""))
                if channel is None or channel in streams:
                    await stream.reset()
                else:
                    streams[channel] = stream
    except TimeoutError:
        return None
    return streams


class SpdyChannels:
    """The channels of a remote command, as long as `pump` runs."""

    def __init__(self, session: SpdySession, streams: Mapping[Channel, Stream], protocol: str) -> None:
        self._session = session
        self._streams = streams
        self._protocol = protocol
        self._received: asyncio.Queue[Message | None] = asyncio.Queue(1)

    async def pump(self) -> None:
        """Carry what the client sends to `receive`, until it has gone."""
        async with asyncio.TaskGroup() as tasks:
            for channel in (Channel.STDIN, Channel.RESIZE):
                if channel in self._streams:
                    tasks.create_task(self._pump(channel, self._streams[channel]))
            await self._session.ended.wait()
        await self._received.put(None)

    async def _pump(self, channel: Channel, stream: Stream) -> None:
        while data := await stream.read():
            await self._received.put(Message(channel, data))
        await self._received.put(Message(channel, b"", ended=True))

    async def receive(self) -> Message | None:
        return await self._received.get()

    async def send(self, channel: Channel, data: bytes) -> None:
        if channel in self._streams:
            await self._streams[channel].write(data)

    async def send_status(self, status: Object) -> None:
        await self.send(Channel.ERROR, status_text(status, as_object=self._protocol == V4))

    async def ping(self) -> None:
        await self._session.ping()

    async def close(self) -> None:
        for stream in self._streams.values():
            await stream.end()
