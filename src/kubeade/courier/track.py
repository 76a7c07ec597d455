"""Following a delivery live: the verdict anew after every change, until it is delivered or blocked for
good."""

import asyncio
from collections.abc import AsyncIterator

from kubeade.api.resource import Resource
from kubeade.client.client import Client
from kubeade.courier.facts import Facts
from kubeade.courier.gather import gather
from kubeade.courier.verdict import State, Verdict
from kubeade.courier.why import why
from kubeade.reconcile.informer import Informer

GATHER_PAUSE_SECONDS = 0.1
BLOCKED_PATIENCE_SECONDS = 10.0
"""A blocked order may still get past its blocker (a slow registry, an order of two manifests)."""


async def track(
    client: Client, resource: Resource, name: str, namespace: str, watched: tuple[Resource, ...]
) -> AsyncIterator[tuple[Facts, Verdict]]:
    """Facts and verdict now and after each change in the namespace; ends with delivered, or blocked for a
    while."""
    changed = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        watches = []
        for one in watched:
            informer = Informer(client, one, namespace if one.namespaced else "")
            informer.add_handler(lambda old, new: changed.set())
            watches.append(tasks.create_task(informer.run()))
        async for facts, verdict in _verdicts(client, (resource, name, namespace), changed):
            yield facts, verdict
        for task in watches:
            task.cancel()


async def _verdicts(
    client: Client, order: tuple[Resource, str, str], changed: asyncio.Event
) -> AsyncIterator[tuple[Facts, Verdict]]:
    loop = asyncio.get_running_loop()
    blocked_since: float | None = None
    while True:
        changed.clear()
        facts = await gather(client, *order)
        verdict = why(facts)
        yield facts, verdict
        if verdict.state is State.DELIVERED:
            return
        if verdict.state is not State.BLOCKED:
            blocked_since = None
        elif blocked_since is None:
            blocked_since = loop.time()
        elif loop.time() - blocked_since > BLOCKED_PATIENCE_SECONDS:
            return
        await asyncio.sleep(GATHER_PAUSE_SECONDS)
        try:
            async with asyncio.timeout(BLOCKED_PATIENCE_SECONDS / 4):
                await changed.wait()
        except TimeoutError:
            continue
