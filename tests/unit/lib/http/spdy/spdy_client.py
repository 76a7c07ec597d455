"""The client's end of a SPDY connection that is two queues; nothing of it but the codec is ours."""

import asyncio
from collections.abc import Callable

from kubeade.lib.http.spdy.codec import FrameReader, FrameWriter
from kubeade.lib.http.spdy.frames import Frame


class Client:
    """A Duplex for the session, and the hand at its other end."""

    def __init__(self) -> None:
        self._to_server: asyncio.Queue[bytes] = asyncio.Queue()
        self._to_client: asyncio.Queue[bytes] = asyncio.Queue()
        self._writer = FrameWriter()
        self._reader = FrameReader()
        self.reads = 0
        self.closed = False
        self.gone = False

    async def read(self) -> bytes:
        self.reads += 1
        return await self._to_server.get()

    async def write(self, data: bytes) -> None:
        if self.gone:
            raise ConnectionResetError("the peer is gone")
        self._to_client.put_nowait(data)

    async def close(self) -> None:
        self.closed = True

    def send(self, *frames: Frame) -> None:
        self._to_server.put_nowait(b"".join(self._writer.write(frame) for frame in frames))

    def send_bytes(self, data: bytes) -> None:
        self._to_server.put_nowait(data)

    async def receive(self) -> Frame:
        while (frame := self._reader.next_frame()) is None:
            self._reader.feed(await self._to_client.get())
        return frame

    async def receive_bytes(self) -> bytes:
        return await self._to_client.get()

    async def settle_until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not reached():
                await asyncio.sleep(0)

    async def settle(self) -> list[Frame]:
        """What has come once the session has nothing more to do."""
        for _ in range(20):
            await asyncio.sleep(0)
        found = []
        while not self._to_client.empty():
            self._reader.feed(self._to_client.get_nowait())
        while (frame := self._reader.next_frame()) is not None:
            found.append(frame)
        return found
