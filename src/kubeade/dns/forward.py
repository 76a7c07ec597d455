"""Questions that are not the cluster's go to the machine's own name servers, one after the other."""

import asyncio
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 2.0
PORT = 53


def name_servers(resolv_conf: Path) -> list[str]:
    """The `nameserver` lines of a resolv.conf; none if there is no such file."""
    try:
        lines = resolv_conf.read_text().splitlines()
    except OSError:
        return []
    fields = [line.split() for line in lines]
    return [words[1] for words in fields if len(words) > 1 and words[0] == "nameserver"]


class Forwarder:
    """Asks over the protocol that the client used."""

    def __init__(self, servers: list[str], port: int = PORT) -> None:
        self._servers = servers
        self._port = port

    async def ask(self, query: bytes, *, tcp: bool) -> bytes | None:
        """The first answer with the query's id; None when no server gave one."""
        for server in self._servers:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    answer = await (self._ask_tcp if tcp else self._ask_udp)(server, query)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                continue
            if answer[:2] == query[:2]:
                return answer
        return None

    async def _ask_udp(self, server: str, query: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[bytes] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Asker(answered), remote_addr=(server, self._port)
        )
        try:
            transport.sendto(query)
            return await answered
        finally:
            transport.close()

    async def _ask_tcp(self, server: str, query: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(server, self._port)
        try:
            writer.write(len(query).to_bytes(2, "big") + query)
            size = int.from_bytes(await reader.readexactly(2), "big")
            return await reader.readexactly(size)
        finally:
            writer.close()


class _Asker(asyncio.DatagramProtocol):
    def __init__(self, answered: asyncio.Future[bytes]) -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        if not self._answered.done():
            self._answered.set_result(data)

    def error_received(self, error: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(error)
