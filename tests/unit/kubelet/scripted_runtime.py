"""A simulated runtime whose exec does what a test says, and whose stops take their time."""

import asyncio
import itertools

from kubeade.cni import Attachment, NetworkRequest
from kubeade.cri.service import CriError
from kubeade.lib.clock import SystemClock
from kubeade.runtime.simulated import SimulatedRuntime


class Network:
    def __init__(self, address="10.0.0"):
        self._numbers = itertools.count(1)
        self._address = address

    async def add(self, request: NetworkRequest) -> Attachment:
        return Attachment((f"{self._address}.{next(self._numbers)}",))

    async def remove(self, sandbox_id: str) -> None:
        return None


class ScriptedRuntime(SimulatedRuntime):
    """`answers` by the first word of a command: an exit code, a CriError, or a coroutine function.

    `tape` holds what happened: ("exec", word) and ("stop", container name, grace).
    """

    def __init__(self, address="10.0.0"):
        super().__init__(Network(address), SystemClock())
        self.answers = {}
        self.tape = []
        self.stop_gate = None
        self.fail_start = False

    async def exec_sync(self, container_id, command, timeout_seconds):
        answer = self.answers.get(command[0], 0)
        self.tape.append(("exec", command[0]))
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = await answer()
        return b"out of " + command[0].encode(), b"", answer

    async def start_container(self, container_id):
        if self.fail_start:
            raise CriError("no such file or directory")
        await super().start_container(container_id)

    async def stop_container(self, container_id, timeout_seconds):
        _, status = self._container(container_id)
        if status.finished_at == 0:
            self.tape.append(("stop", status.metadata.name, timeout_seconds))
            if self.stop_gate is not None:
                gate = self.stop_gate
                async with asyncio.timeout(timeout_seconds):
                    await gate.wait()
        await super().stop_container(container_id, timeout_seconds)
