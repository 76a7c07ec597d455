"""One exec or attach: carries bytes between a session and the client's channels, then tells how it ended.

The status comes last, after everything that was written. A client that goes away ends an exec'd process.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass

from kubeade.api.resource import Object
from kubeade.cri.service import CriError, ExecSession
from kubeade.kubelet.server.channels import Channel, Channels
from kubeade.lib.http.keepalive import until_gone

_DRAIN_SECONDS = 2.0
_SIZE_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which streams the client asked for. `reports_exit_code` is False for attach."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool
    reports_exit_code: bool = True

    @property
    def channels(self) -> frozenset[Channel]:
        """What a client opens that has a stream for each."""
        asked = {
            Channel.STDIN: self.stdin,
            Channel.STDOUT: self.stdout,
            Channel.STDERR: self.stderr,
            Channel.ERROR: True,
            Channel.RESIZE: self.tty,
        }
        return frozenset(channel for channel, is_asked in asked.items() if is_asked)

    @property
    def first_output(self) -> Channel:
        return next(each for each in (Channel.STDOUT, Channel.STDERR, Channel.ERROR) if each in self.channels)


class RemoteCommand:
    """One session on one connection."""

    def __init__(self, session: ExecSession, channels: Channels, wanted: Wanted) -> None:
        self._session = session
        self._channels = channels
        self._wanted = wanted

    async def run(self) -> None:
        """Until the process has ended or the client has gone. Raises ConnectionError for the latter."""
        outputs = [asyncio.create_task(each) for each in self._outputs()]
        inputs = asyncio.create_task(self._carry_input())
        ending = asyncio.create_task(self._ending())
        gone = asyncio.create_task(until_gone(self._channels.ping))
        tasks = [*outputs, inputs, ending, gone]
        try:
            await asyncio.wait([inputs, ending, gone], return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                return
            # A process that the command left behind may hold the pipes for ever.
            await asyncio.wait(outputs, timeout=_DRAIN_SECONDS)
            inputs.cancel()
            await asyncio.wait([inputs])
            await self._channels.send_status(ending.result())
            await self._channels.close()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._session.close()

    async def _ending(self) -> Object:
        try:
            code = await self._session.wait()
        except CriError as error:
            return internal_error(str(error))
        return status_of(code if self._wanted.reports_exit_code else 0)

    def _outputs(self) -> list[Coroutine[None, None, None]]:
        wanted, session = self._wanted, self._session
        outputs = [self._carry(Channel.STDOUT, session.stdout(), sent=wanted.stdout)]
        return [*outputs, self._carry(Channel.STDERR, session.stderr(), sent=wanted.stderr)]

    async def _carry(self, channel: Channel, chunks: AsyncIterator[bytes], *, sent: bool) -> None:
        """What nobody asked for is read all the same: a full pipe would stop the process."""
        async for chunk in chunks:
            if sent:
                await self._channels.send(channel, chunk)

    async def _carry_input(self) -> None:
        """Returns once the client has gone."""
        while (message := await self._channels.receive()) is not None:
            if message.channel is Channel.RESIZE:
                await self._resize(message.data)
            elif message.ended:
                await self._session.close_stdin()
            elif self._wanted.stdin:
                await self._session.write_stdin(message.data)

    async def _resize(self, data: bytes) -> None:
        """Sizes that make no sense are ignored."""
        try:
            size = json.loads(data)
            width, height = int(size["Width"]), int(size["Height"])
        except (ValueError, TypeError, KeyError):
            return
        if self._wanted.tty and 0 < width < _SIZE_LIMIT and 0 < height < _SIZE_LIMIT:
            await self._session.resize(width, height)


def status_of(exit_code: int) -> Object:
    """What the error channel carries at the end (upstream: remotecommand.NonZeroExitCodeReason)."""
    if exit_code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {exit_code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(exit_code)}]},
    }


def internal_error(message: str) -> Object:
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"Internal error occurred: {message}",
        "reason": "InternalError",
        "details": {"causes": [{"message": message}]},
        "code": 500,
    }


async def run_command(
    open_session: Callable[[], Awaitable[ExecSession]], channels: Channels, wanted: Wanted
) -> None:
    """Start it and carry its streams; what hinders the start is the client's to know."""
    try:
        session = await open_session()
    except CriError as error:
        await channels.send_status(internal_error(str(error)))
        await channels.close()
        return
    await RemoteCommand(session, channels, wanted).run()
