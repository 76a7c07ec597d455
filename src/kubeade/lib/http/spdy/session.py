"""The server's side of a SPDY connection: streams that a client opens, over one `Duplex`.

Of the peers that there are, those built on Go's spdystream keep no windows: they neither wait for room nor
give any back. So a peer's window counts from the first SETTINGS or WINDOW_UPDATE on in which it speaks of
one, and what bounds our memory is that nothing more is read from the connection while `_UNREAD_BYTES` wait
for their readers. A peer that keeps to the window it was told never gets there.
"""

import asyncio
from contextlib import suppress
from typing import Self

from kubeade.lib.http.message import Duplex
from kubeade.lib.http.spdy.codec import FrameReader, FrameWriter
from kubeade.lib.http.spdy.frames import (
    INITIAL_WINDOW_SIZE,
    Data,
    Frame,
    GoAway,
    Goodbye,
    HeadersFrame,
    Ping,
    RstStream,
    Settings,
    SpdyError,
    Status,
    SynReply,
    SynStream,
    WindowUpdate,
)
from kubeade.lib.http.spdy.stream import WINDOW_BYTES, Stream

_STREAMS = 1024
_UNREAD_BYTES = 2 * 1024 * 1024
_LINGER_SECONDS = 5.0
_OUR_PING = 2
_LAST_ID = 0x7FFF_FFFF


class SpdySession:
    """`async with` it: reading goes on in a task of its own until the block is left, which says goodbye and
    closes the connection. `accept` gives the client's streams as they come."""

    def __init__(self, duplex: Duplex) -> None:
        self._duplex = duplex
        self._frames = FrameReader()
        self._writer = FrameWriter()
        self._writing = asyncio.Lock()
        self._streams: dict[int, Stream] = {}
        self._new: asyncio.Queue[Stream | None] = asyncio.Queue()
        self._last_id = 0
        self._window: int | None = None
        self._unread_bytes = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._goodbye = Goodbye.OK
        self.ended = asyncio.Event()
        """The client has gone, or breaks the protocol: no stream brings anything more."""

    async def __aenter__(self) -> Self:
        self._reading = asyncio.create_task(self._read())
        with suppress(ConnectionError):
            await self.send(Settings({INITIAL_WINDOW_SIZE: WINDOW_BYTES}))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        with suppress(ConnectionError):
            await self.send(GoAway(self._last_id, self._goodbye))
        for stream in list(self._streams.values()):
            stream.lose()
        if kind is None:  # closing while the client still sends would cut off what it has not read yet
            await asyncio.wait([self._reading], timeout=_LINGER_SECONDS)
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._duplex.close()

    async def accept(self) -> Stream | None:
        """The next stream that the client has opened; None once there will be no more."""
        return await self._new.get() if not self.ended.is_set() or not self._new.empty() else None

    async def ping(self) -> None:
        """Raises ConnectionError once the peer has gone. Nobody waits for its answer."""
        await self.send(Ping(_OUR_PING))

    # -- what streams need -------------------------------------------------------------------------

    async def send(self, frame: Frame) -> None:
        async with self._writing:
            await self._duplex.write(self._writer.write(frame))

    def consumed(self, size: int) -> None:
        self._unread_bytes -= size
        if self._unread_bytes < _UNREAD_BYTES:
            self._has_room.set()

    def forget(self, stream_id: int) -> None:
        self._streams.pop(stream_id, None)

    # -- reading -----------------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            while data := await self._duplex.read():
                self._frames.feed(data)
                while (frame := self._frames.next_frame()) is not None:
                    await self._take(frame)
                    if isinstance(frame, GoAway):
                        return
                await self._has_room.wait()
        except SpdyError:
            self._goodbye = Goodbye.PROTOCOL_ERROR
        except ConnectionError:
            pass  # the client is gone: every stream of it ends below
        finally:
            self.ended.set()
            for stream in list(self._streams.values()):
                stream.feed_gone()
            self._new.put_nowait(None)

    async def _take(self, frame: Frame) -> None:
        match frame:
            case SynStream():
                await self._open(frame)
            case Data():
                await self._receive(frame)
            case RstStream():
                if stream := self._streams.get(frame.stream_id):
                    stream.lose()
            case HeadersFrame():
                if frame.fin and (stream := self._streams.get(frame.stream_id)):
                    stream.feed_end()
            case WindowUpdate():
                self._widen(frame)
            case Settings():
                self._set_window(frame.values.get(INITIAL_WINDOW_SIZE))
            case Ping() if frame.ping_id % 2:
                await self.send(frame)

    async def _open(self, frame: SynStream) -> None:
        if frame.stream_id <= self._last_id or frame.stream_id % 2 == 0:
            await self.send(RstStream(frame.stream_id, Status.PROTOCOL_ERROR))
            return
        self._last_id = frame.stream_id
        waiting = max(len(self._streams), self._new.qsize())
        if waiting >= _STREAMS or frame.unidirectional:
            await self.send(RstStream(frame.stream_id, Status.REFUSED_STREAM))
            return
        stream = Stream(frame.stream_id, frame.headers, self, ended=frame.fin, window=self._window)
        self._streams[stream.id] = stream
        await self.send(SynReply(stream.id))
        self._new.put_nowait(stream)

    async def _receive(self, frame: Data) -> None:
        """Data for a stream that is over is dropped: it may have been on its way when that ended."""
        stream = self._streams.get(frame.stream_id)
        if stream is None or not stream.accepts:
            return
        if frame.data:
            stream.feed(frame.data)
            self._unread_bytes += len(frame.data)
            if self._unread_bytes >= _UNREAD_BYTES:
                self._has_room.clear()
        if frame.fin:
            stream.feed_end()

    def _widen(self, frame: WindowUpdate) -> None:
        stream = self._streams.get(frame.stream_id)
        if stream is not None:
            stream.widen(frame.delta & _LAST_ID)

    def _set_window(self, size: int | None) -> None:
        """The peer keeps windows of this size: new streams start with it, open ones get the difference."""
        if size is None:
            return
        size = min(size, _LAST_ID)
        for stream in self._streams.values():
            stream.widen(size - (self._window or 0))
        self._window = size
