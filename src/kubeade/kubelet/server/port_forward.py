"""/portForward/{namespace}/{pod}: what a connection to a port of a pod is, whatever protocol carries it
(`port_forward_spdy`, `port_forward_websocket`).

Each has a stream for the bytes and one for what went wrong. A client that ends its side half-closes the pod's
connection; the pod's end ends both streams.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from kubeade.cri.service import CriError, PodConnection


class Side(Protocol):
    """One stream of a request, at the client's side."""

    async def read(self) -> bytes:
        """b"" at its end."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def end(self) -> None: ...

    async def reset(self) -> None: ...

    @property
    def was_reset(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Target:
    """The pod. `connect` raises OSError, CriError."""

    name: str
    uid: str
    connect: Callable[[int], Awaitable[PodConnection]]


async def forward(target: Target, port: int, data: Side, error: Side) -> None:
    """One connection from its start to its end."""
    try:
        connection = await target.connect(port)
    except (OSError, CriError) as problem:
        where = f"error forwarding port {port} to pod {target.name}, uid {target.uid}"
        await error.write(f"{where}: {problem}".encode())
        await error.end()
        await data.reset()
        return
    to_pod = asyncio.create_task(_carry_to_pod(data, connection))
    to_client = asyncio.create_task(_carry_to_client(connection, data))
    try:
        await asyncio.wait([to_pod, to_client], return_when=asyncio.FIRST_COMPLETED)
        if not data.was_reset:
            await asyncio.wait([to_client])
    finally:
        for task in (to_pod, to_client):
            task.cancel()
        await asyncio.gather(to_pod, to_client, return_exceptions=True)
        await connection.close()
    await error.end()
    await data.reset()


async def _carry_to_pod(data: Side, connection: PodConnection) -> None:
    while chunk := await data.read():
        await connection.write(chunk)
    connection.end()


async def _carry_to_client(connection: PodConnection, data: Side) -> None:
    while chunk := await connection.read():
        await data.write(chunk)
    await data.end()


async def first_of(*each: Coroutine[None, None, None]) -> None:
    """Run them until one has ended, be it because the client has gone; the others are cancelled."""
    tasks = [asyncio.create_task(one) for one in each]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    with suppress(ConnectionError):
        for task in ended:
            task.result()


def port_number(text: str) -> int | None:
    """None for what is no port."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return number if 0 < number < 1 << 16 else None
