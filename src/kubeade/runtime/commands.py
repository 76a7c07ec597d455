"""Commands in containers (exec) and sessions on containers (attach): descriptors, terminals, exit codes."""

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
from collections.abc import Awaitable, Callable
from typing import Any

from kubeade.cri.service import CriError, ExecSession
from kubeade.runtime.streams import Reader, Session, Writer

AskForFds = Callable[..., Awaitable[tuple[dict[str, Any], list[int]]]]

OUTPUT_LIMIT_BYTES = 16 << 20
_DRAIN_SECONDS = 2.0


class Commands:
    """The commands under way, by a token that the launcher repeats when one ends."""

    def __init__(self) -> None:
        self._ends: dict[str, asyncio.Future[int]] = {}
        self._last = 0

    def ended(self, token: str, exit_code: int) -> None:
        future = self._ends.pop(token, None)
        if future and not future.done():
            future.set_result(exit_code)

    def fail_all(self) -> None:
        """The launcher is gone, and with it whoever could tell."""
        for future in self._ends.values():
            if not future.done():
                future.set_exception(CriError("the container launcher went away"))
        self._ends.clear()

    async def start(
        self, ask: AskForFds, container_id: str, command: list[str], *, stdin: bool, tty: bool
    ) -> ExecSession:
        """Run `command`; the session's `wait` gives its exit code."""
        self._last += 1
        token = f"{os.getpid()}-{self._last}"
        end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        end.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._ends[token] = end
        pipes = _Pipes(stdin=stdin) if not tty else None
        theirs = pipes.theirs if pipes else []
        try:
            spec = {"args": command, "tty": tty}
            answer, fds = await ask("exec", theirs, target=container_id, token=token, spec=spec)
        except BaseException:
            self._ends.pop(token, None)  # a launcher that went away has failed it already
            if pipes:
                pipes.close_ours()
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        session = pipes.session(lambda: asyncio.shield(end)) if pipes else _terminal(fds[0], end)

        async def kill() -> None:
            if not end.done():
                with contextlib.suppress(CriError):
                    await ask("kill_command", target=container_id, pid=answer["pid"])

        session.on_close = kill
        return session


class _Pipes:
    """Three pipes; the process's ends are `theirs`."""

    def __init__(self, *, stdin: bool) -> None:
        self._stdout, stdout = os.pipe()
        self._stderr, stderr = os.pipe()
        self._stdin = -1
        if stdin:
            reader, self._stdin = os.pipe()
        else:
            reader = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self.theirs = [reader, stdout, stderr]

    def session(self, wait: Callable[[], Awaitable[int]]) -> Session:
        stdin = Writer(self._stdin) if self._stdin >= 0 else None
        return Session(stdin, Reader(self._stdout), Reader(self._stderr), wait)

    def close_ours(self) -> None:
        for fd in (self._stdin, self._stdout, self._stderr):
            if fd >= 0:
                os.close(fd)


def _terminal(master: int, end: "asyncio.Future[int]") -> Session:
    size_fd = os.dup(master)
    session = Session(Writer(os.dup(master)), Reader(master), None, lambda: asyncio.shield(end))

    async def resize(width: int, height: int) -> None:
        if not end.done():
            fcntl.ioctl(size_fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    session.on_resize = resize
    end.add_done_callback(lambda _: os.close(size_fd))
    return session


async def run_to_end(session: ExecSession, timeout_seconds: float) -> tuple[bytes, bytes, int]:
    """Everything it wrote, and its exit code. Raises TimeoutError after killing it; no limit for 0."""
    readers = [asyncio.create_task(_collect(stream)) for stream in (session.stdout(), session.stderr())]
    try:
        async with asyncio.timeout(timeout_seconds or None):
            code = await session.wait()
        # A process that it left behind may hold the pipes for ever.
        await asyncio.wait(readers, timeout=_DRAIN_SECONDS)
    finally:
        await session.close()
        stdout, stderr = await asyncio.gather(*readers)
    return stdout, stderr, code


async def _collect(stream: Any) -> bytes:
    data = bytearray()
    async for chunk in stream:
        data += chunk[: OUTPUT_LIMIT_BYTES - len(data)]
    return bytes(data)


async def attach(
    ask: AskForFds, record: dict[str, Any], wait: Callable[[], Awaitable[int]], *, stdin: bool
) -> ExecSession:
    """A session on the container's own streams."""
    pipes = _Pipes(stdin=False)
    target = record["id"]
    try:
        answer, fds = await ask("attach", pipes.theirs[1:], target=target, stdin=stdin)
    except BaseException:
        pipes.close_ours()
        raise
    finally:
        for fd in pipes.theirs:
            os.close(fd)
    session = pipes.session(wait)
    session.use_stdin(Writer(fds[0]) if fds else None)

    async def resize(width: int, height: int) -> None:
        if answer["tty"]:
            await ask("resize", target=target, width=width, height=height)

    async def stdin_ended() -> None:
        if record["spec"]["stdin_once"]:
            with contextlib.suppress(CriError):
                await ask("close_stdin", target=target)

    session.on_resize = resize
    session.on_stdin_end = stdin_ended
    return session
