"""Ports of the host that lead to a pod (hostPort), relayed in user space.

The mappings are kept in a file: a restarted process takes them up again. TCP and UDP; SCTP is refused.
"""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from kubeade.cni import NetworkError, PortMapping

_READ_BYTES = 64 * 1024
_UDP_PEER_LIMIT = 1024


class _Kept(msgspec.Struct):
    address: str
    ports: list[PortMapping]


class HostPorts:
    """The relays of one node."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, _Kept] = {}
        self._open: dict[str, list[Any]] = {}

    async def open(self) -> None:
        """Take up what was kept; a port that somebody else has now stays closed."""
        if self._path.exists():
            self._kept = msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Kept])
        for sandbox_id, kept in self._kept.items():
            with contextlib.suppress(OSError):
                await self._listen(sandbox_id, kept)

    async def add(self, sandbox_id: str, address: str, ports: Sequence[PortMapping]) -> None:
        """Listen for a sandbox. Raises NetworkError, and then nothing listens."""
        if not ports or sandbox_id in self._open:
            return
        kept = _Kept(address, list(ports))
        try:
            await self._listen(sandbox_id, kept)
        except OSError as error:
            await self.remove(sandbox_id)
            wanted = ", ".join(f"{port.host_port}/{port.protocol}" for port in ports)
            raise NetworkError(f"host port {wanted}: {error.strerror or error}") from error
        self._kept[sandbox_id] = kept
        self._save()

    async def _listen(self, sandbox_id: str, kept: _Kept) -> None:
        relays = self._open.setdefault(sandbox_id, [])
        for port in kept.ports:
            relays.append(await _relay(port, kept.address))

    async def remove(self, sandbox_id: str) -> None:
        for relay in self._open.pop(sandbox_id, []):
            relay.close()
        if self._kept.pop(sandbox_id, None):
            self._save()

    async def close(self) -> None:
        for relays in self._open.values():
            for relay in relays:
                relay.close()
        self._open.clear()

    def purge(self) -> None:
        self._kept.clear()
        self._path.unlink(missing_ok=True)

    def _save(self) -> None:
        new = self._path.with_name(self._path.name + ".new")
        new.write_bytes(msgspec.json.encode(self._kept))
        os.replace(new, self._path)


async def _relay(port: PortMapping, address: str) -> Any:
    """Something that listens until it is closed. Raises OSError, NetworkError."""
    host = port.host_address or "0.0.0.0"  # noqa: S104 - what hostPort without hostIP means
    if port.protocol == "TCP":
        return await asyncio.start_server(
            lambda reader, writer: _relay_connection(reader, writer, address, port.container_port),
            host,
            port.host_port,
        )
    if port.protocol == "UDP":
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _DatagramRelay((address, port.container_port)), local_addr=(host, port.host_port)
        )
        return transport
    raise NetworkError(f"host port {port.host_port}: protocol {port.protocol} is not supported")


async def _relay_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str, port: int
) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection(address, port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_READ_BYTES):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            return
    writer.close()


class _DatagramRelay(asyncio.DatagramProtocol):
    """One socket towards the pod per client, the oldest given up first."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._transport: asyncio.DatagramTransport | None = None
        self._peers: dict[Any, asyncio.Task[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if addr not in self._peers:
            if len(self._peers) >= _UDP_PEER_LIMIT:
                _close_later(self._peers.pop(next(iter(self._peers))))
            self._peers[addr] = asyncio.get_running_loop().create_task(self._connect(addr))
        self._peers[addr].add_done_callback(lambda task: _send(task, data))

    async def _connect(self, client: Any) -> asyncio.DatagramTransport:
        relay = self._transport
        assert relay is not None
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answers(lambda data: relay.sendto(data, client)), remote_addr=self._target
        )
        return transport

    def connection_lost(self, exc: Exception | None) -> None:
        for task in self._peers.values():
            _close_later(task)
        self._peers.clear()


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, send: Any) -> None:
        self._send = send

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._send(data)


def _send(task: "asyncio.Task[asyncio.DatagramTransport]", data: bytes) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().sendto(data)


def _close(task: "asyncio.Task[asyncio.DatagramTransport]") -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


def _close_later(task: "asyncio.Task[asyncio.DatagramTransport]") -> None:
    task.add_done_callback(_close)
