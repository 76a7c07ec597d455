"""Pipes and terminals as asyncio streams: the sessions of exec and attach, and connections into a sandbox."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

_READ_BYTES = 64 * 1024


class _Descriptor:
    """A non-blocking descriptor that somebody may be waiting for when it is closed."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting: asyncio.Future[None] | None = None
        os.set_blocking(fd, False)

    async def _ready(self, *, writing: bool) -> None:
        loop = asyncio.get_running_loop()
        fd, future = self._fd, loop.create_future()
        add = loop.add_writer if writing else loop.add_reader
        remove = loop.remove_writer if writing else loop.remove_reader
        self._waiting = future
        add(fd, self._wake)
        try:
            await future
        finally:
            self._waiting = None
            if self._fd >= 0:
                remove(fd)

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        """Whoever waits is woken, and sees the end."""
        if self._fd < 0:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        loop.remove_writer(self._fd)
        os.close(self._fd)
        self._fd = -1
        self._wake()


class Reader(_Descriptor):
    """The bytes of a descriptor, which it owns. A terminal whose other side is closed is at its end."""

    async def read(self) -> bytes:
        """The next bytes; b"" at the end, or once closed."""
        while self._fd >= 0:
            try:
                return os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                await self._ready(writing=False)
            except OSError:
                return b""
        return b""

    async def chunks(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data


class Writer(_Descriptor):
    """Bytes to a descriptor, which it owns. Writing to one whose reader has gone is no error."""

    async def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and self._fd >= 0:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                await self._ready(writing=True)
            except OSError:
                return


class Session:
    """An ExecSession over descriptors: pipes, or one terminal for everything."""

    def __init__(
        self,
        stdin: Writer | None,
        stdout: Reader,
        stderr: Reader | None,
        wait: Callable[[], Awaitable[int]],
    ) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._stderr = stderr
        self._wait = wait
        self.on_resize: Callable[[int, int], Awaitable[None]] = _ignore_size
        self.on_stdin_end: Callable[[], Awaitable[None]] = _nothing
        self.on_close: Callable[[], Awaitable[None]] = _nothing

    def use_stdin(self, stdin: Writer | None) -> None:
        """Where the input goes, if that is known only later."""
        self._stdin = stdin

    async def write_stdin(self, data: bytes) -> None:
        if self._stdin:
            await self._stdin.write(data)

    async def close_stdin(self) -> None:
        if self._stdin:
            self._stdin.close()
            self._stdin = None
            await self.on_stdin_end()

    def stdout(self) -> AsyncIterator[bytes]:
        return self._stdout.chunks()

    def stderr(self) -> AsyncIterator[bytes]:
        return self._stderr.chunks() if self._stderr else _empty()

    async def resize(self, width: int, height: int) -> None:
        await self.on_resize(width, height)

    async def wait(self) -> int:
        return await self._wait()

    async def close(self) -> None:
        await self.on_close()
        await self.close_stdin()
        self._stdout.close()
        if self._stderr:
            self._stderr.close()


async def _ignore_size(width: int, height: int) -> None:
    """Without a terminal there is no size."""


async def _nothing() -> None:
    """Nothing else has to happen."""


async def _empty() -> AsyncIterator[bytes]:
    chunks: tuple[bytes, ...] = ()
    for chunk in chunks:
        yield chunk


class SocketDuplex:
    """A connected socket as a Duplex, which owns it."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket: socket.socket | None = connection

    async def read(self) -> bytes:
        if self._socket is None:
            return b""
        try:
            return await asyncio.get_running_loop().sock_recv(self._socket, _READ_BYTES)
        except ConnectionError:
            return b""

    async def write(self, data: bytes) -> None:
        if self._socket is None:
            raise BrokenPipeError("the connection is closed")
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    def end(self) -> None:
        """Send no more; what comes back is still read."""
        if self._socket is not None:
            with suppress(OSError):  # the other side was faster
                self._socket.shutdown(socket.SHUT_WR)

    async def close(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()
