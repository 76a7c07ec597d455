"""Two upgraded connections become one: bytes both ways, nothing interpreted."""

import asyncio
from collections.abc import Callable

from kubeade.lib.http.dial import StreamDuplex
from kubeade.lib.http.message import Duplex

IDLE_SECONDS = 4 * 3600.0


async def splice(client: Duplex, server: StreamDuplex, idle_seconds: float = IDLE_SECONDS) -> None:
    """Copy until the server has ended, one side is gone, or nothing has come for `idle_seconds`.

    A client that only half-closes still gets what the server has to say, except over TLS, of which asyncio
    cannot close one direction. Nothing depends on that: what travels here are WebSocket and SPDY, whose
    streams have ends of their own. The server's side is closed.
    """
    try:
        async with asyncio.timeout(idle_seconds) as idle, asyncio.TaskGroup() as tasks:

            def seen() -> None:
                idle.reschedule(asyncio.get_running_loop().time() + idle_seconds)

            to_server = tasks.create_task(_carry_to_server(client, server, seen))
            await _copy(server, client, seen)
            to_server.cancel()
    except* (TimeoutError, OSError):
        server.abort()  # idle for too long, or one side is gone: nobody waits for what is on its way
    finally:
        await server.close()


async def _carry_to_server(client: Duplex, server: StreamDuplex, seen: Callable[[], None]) -> None:
    await _copy(client, server, seen)
    if not server.end():
        await server.close()


async def _copy(source: Duplex, target: Duplex, seen: Callable[[], None]) -> None:
    while data := await source.read():
        seen()
        await target.write(data)
