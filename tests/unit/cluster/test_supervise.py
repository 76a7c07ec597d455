"""A component that fails is replaced, and its neighbours do not notice."""

import asyncio

from kubeade.cluster import supervise as module
from kubeade.cluster.supervise import anew, supervise
from kubeade.lib.backoff import Backoff


class Component:
    def __init__(self, made: list["Component"], *, failures: int) -> None:
        made.append(self)
        self._fails = len(made) <= failures
        self.running = asyncio.Event()

    async def run(self) -> None:
        if self._fails:
            raise RuntimeError("a bug")
        self.running.set()
        await asyncio.Event().wait()


async def test_failed_component_is_replaced_by_a_new_one(monkeypatch):
    monkeypatch.setattr(module, "RESTART_BACKOFF", Backoff(initial_seconds=0.001, limit_seconds=0.001))
    made: list[Component] = []
    task = asyncio.create_task(supervise("proxy", anew(lambda: Component(made, failures=2))))
    async with asyncio.timeout(5):
        while len(made) < 3:
            await asyncio.sleep(0)
        await made[2].running.wait()
    task.cancel()
    assert len(made) == 3


async def test_component_that_cannot_even_be_made_is_tried_again(monkeypatch):
    monkeypatch.setattr(module, "RESTART_BACKOFF", Backoff(initial_seconds=0.001, limit_seconds=0.001))
    tries: list[int] = []
    done = asyncio.Event()

    def make() -> Component:
        tries.append(1)
        if len(tries) == 3:
            done.set()
        raise OSError("no port")

    task = asyncio.create_task(supervise("dns", anew(make)))
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
