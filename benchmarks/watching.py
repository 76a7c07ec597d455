"""Many watchers of one resource: how many events a second reach all of them.

The client only counts what comes in, so that it is the server that is measured; still both share the machine, and the
events per second of the server's CPU time say more than those per second.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import cast

from load import Target, drive

WATCHERS = 500
CREATES = 200
LONGEST_SECONDS = 60
_EVENT = b'{"type":"ADDED"'


class Watcher(asyncio.Protocol):
    """One watch connection: counts events as they come in, also where one is cut in two."""

    def __init__(self, request: bytes, came: Callable[[int], None]) -> None:
        self._request = request
        self._came = came
        self._tail = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        joined = self._tail + data
        count = joined.count(_EVENT)
        self._tail = joined[-len(_EVENT) + 1 :]
        if count:
            self._came(count)


class Count:
    """Wakes whoever waits once `wanted` events have come in."""

    def __init__(self, wanted: int) -> None:
        self._missing = wanted
        self.received = 0
        self.last_at = 0.0
        self.complete = asyncio.Event()

    def add(self, events: int) -> None:
        self.received += events
        self.last_at = time.perf_counter()
        self._missing -= events
        if self._missing <= 0:
            self.complete.set()


async def fan_out(
    target: Target, creates: Iterator[bytes], cpu_seconds: Callable[[], float]
) -> tuple[float, float]:
    """Events per second, and per CPU second of the server. `creates` makes CREATES ConfigMaps in `default`."""
    watch = target.request("GET", "/api/v1/namespaces/default/configmaps?watch=1&labelSelector=fan%3Dout")
    loop, count = asyncio.get_running_loop(), Count(WATCHERS * CREATES)
    watchers = []
    for _ in range(WATCHERS):
        _, watcher = await loop.create_connection(
            lambda: Watcher(watch, count.add),
            target.host,
            target.port,
            ssl=target.context,
            server_hostname=target.host,
        )
        watchers.append(watcher)
    await asyncio.sleep(2)
    cpu, began = cpu_seconds(), time.perf_counter()
    result = await drive(target, creates, 1)
    if set(result.statuses) != {201}:
        raise SystemExit(f"unexpected answers: {result.statuses}")
    # A server may cut off watchers that fall behind: then what came in until the last event is what counts.
    with suppress(TimeoutError):
        await asyncio.wait_for(count.complete.wait(), LONGEST_SECONDS)
    seconds, cpu = count.last_at - began, cpu_seconds() - cpu
    for watcher in watchers:
        watcher.transport.close()
    return count.received / seconds, count.received / cpu
