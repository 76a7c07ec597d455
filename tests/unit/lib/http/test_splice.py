"""What becomes of two connections that are one, when one of them ends."""

import asyncio
from contextlib import suppress

from kubeade.lib.http.dial import StreamDuplex
from kubeade.lib.http.splice import splice


class Client:
    """Sends without end; what is sent to it fails."""

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        return bytes(1 << 16)

    async def write(self, data: bytes) -> None:
        raise ConnectionResetError("the peer is gone")

    async def close(self) -> None: ...


async def test_a_client_that_is_gone_frees_a_server_that_reads_nothing() -> None:
    ended = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)  # both buffers are full by then, or it makes no difference
        writer.write(b"a word to whoever is left")
        with suppress(ConnectionResetError):
            while await reader.read(1 << 16):
                pass
        ended.set()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0, limit=1024)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    await asyncio.wait_for(splice(Client(), StreamDuplex(reader, writer)), 10)
    await asyncio.wait_for(ended.wait(), 10)
    server.close()
