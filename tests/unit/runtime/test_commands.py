"""Commands in containers, when the launcher does not live to see them end."""

import asyncio

import pytest

from kubeade.cri.service import CriError
from kubeade.runtime.commands import Commands


async def test_launcher_that_dies_while_a_command_starts_fails_it():
    commands = Commands()

    async def ask(op, fds, **fields):
        commands.fail_all()
        raise CriError("the container launcher went away")

    with pytest.raises(CriError, match="went away"):
        await commands.start(ask, "c", ["true"], stdin=False, tty=False)


async def test_launcher_that_dies_while_a_command_runs_fails_it():
    commands = Commands()

    async def ask(op, fds, **fields):
        return {"pid": 1}, []

    session = await commands.start(ask, "c", ["true"], stdin=False, tty=False)
    waiting = asyncio.ensure_future(session.wait())
    await asyncio.sleep(0)
    commands.fail_all()
    with pytest.raises(CriError, match="went away"):
        await waiting
    await session.close()
