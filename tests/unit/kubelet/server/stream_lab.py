"""A command and a pod's port without a runtime, and clients of the old and the new protocols."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from kubeade.lib.http.message import Request, Response
from kubeade.lib.http.spdy.frames import Data, Frame, SynReply, SynStream

sys.path.insert(0, str(Path(__file__).parents[2] / "lib" / "http" / "spdy"))
from spdy_client import Client


class Command:
    """An ExecSession that says back what it hears, and ends with `exit_code` when its input does."""

    def __init__(self, exit_code: int = 0) -> None:
        self._exit_code = exit_code
        self._output: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = asyncio.Event()
        self.sizes: list[tuple[int, int]] = []
        self.heard = b""
        self.closed = False

    async def write_stdin(self, data: bytes) -> None:
        self.heard += data
        self._output.put_nowait(data)

    async def close_stdin(self) -> None:
        self._output.put_nowait(b"")
        self._ended.set()

    async def stdout(self) -> AsyncIterator[bytes]:
        while data := await self._output.get():
            yield data

    async def stderr(self) -> AsyncIterator[bytes]:
        yield b"oops"

    async def resize(self, width: int, height: int) -> None:
        self.sizes.append((width, height))

    async def wait(self) -> int:
        await self._ended.wait()
        return self._exit_code

    async def close(self) -> None:
        self.closed = True


class PodPort:
    """A PodConnection to a server that says "hello", hears all, answers and closes."""

    def __init__(self) -> None:
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._answers.put_nowait(b"hello")
        self.heard = b""
        self.closed = False

    async def read(self) -> bytes:
        return await self._answers.get()

    async def write(self, data: bytes) -> None:
        self.heard += data

    def end(self) -> None:
        self._answers.put_nowait(b"heard " + self.heard)
        self._answers.put_nowait(b"")

    async def close(self) -> None:
        self.closed = True


def spdy_request(protocol: str, query: str = "") -> Request:
    headers = {"connection": "Upgrade", "upgrade": "SPDY/3.1", "x-stream-protocol-version": protocol}
    return Request("POST", "/", query, headers)


def websocket_request(protocol: str, query: str = "") -> Request:
    headers = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    return Request("GET", "/", query, headers | ({"sec-websocket-protocol": protocol} if protocol else {}))


def serve(response: Response, wire: Client) -> "asyncio.Task[None]":
    assert response.status == 101, response.body
    assert response.upgrade is not None
    upgrade: Callable[[Client], Awaitable[None]] = response.upgrade

    async def run() -> None:
        await upgrade(wire)

    return asyncio.create_task(run())


class SpdyStreams:
    """What has come, by stream: `open` streams by number and type, then look at `data` and `ended`."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.data: dict[int, bytes] = {}
        self.ended: set[int] = set()
        self.others: list[Frame] = []

    def open(self, stream_id: int, kind: str, *, fin: bool = False, **headers: str) -> None:
        self.client.send(SynStream(stream_id, {"streamtype": kind, **headers}, fin))

    def send(self, stream_id: int, data: bytes, *, fin: bool = False) -> None:
        self.client.send(Data(stream_id, data, fin))

    async def until(self, reached: Callable[["SpdyStreams"], bool]) -> None:
        async with asyncio.timeout(10):
            while not reached(self):
                self._take(await self.client.receive())

    def _take(self, frame: Frame) -> None:
        if not isinstance(frame, Data):
            self.others += [frame] if not isinstance(frame, SynReply) else []
            return
        self.data[frame.stream_id] = self.data.get(frame.stream_id, b"") + frame.data
        if frame.fin:
            self.ended.add(frame.stream_id)


class WebSocketClient:
    """Messages over a wire of raw bytes."""

    def __init__(self, wire: Client) -> None:
        self.wire = wire
        self._connection = Connection(ConnectionType.CLIENT)
        self._messages: list[bytes | str] = []
        self.code = 0

    def send(self, data: bytes | str) -> None:
        event = TextMessage(data=data) if isinstance(data, str) else BytesMessage(data=data)
        self.wire.send_bytes(self._connection.send(event))

    def leave(self) -> None:
        self.wire.send_bytes(b"")

    async def receive(self) -> bytes | str | None:
        """None once the server has closed."""
        async with asyncio.timeout(10):
            while not self._messages and not self.code:
                self._connection.receive_data(await self.wire.receive_bytes())
                for event in self._connection.events():
                    self._take(event)
        return self._messages.pop(0) if self._messages else None

    async def receive_all(self) -> list[bytes | str]:
        found = []
        while (message := await self.receive()) is not None:
            found.append(message)
        return found

    def _take(self, event: object) -> None:
        if isinstance(event, CloseConnection):
            self.code = int(event.code)
            self.wire.send_bytes(self._connection.send(event.response()))
        elif isinstance(event, BytesMessage | TextMessage):
            self._messages.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
