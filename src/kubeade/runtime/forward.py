"""Connections into a sandbox, to its localhost."""

import asyncio
import os
import socket

from kubeade.lib.http.message import Duplex
from kubeade.runtime.streams import SocketDuplex

_CONNECT_SECONDS = 10.0


async def connect(network_path: str | None, addresses: list[str], port: int) -> Duplex:
    """Connect to `port`: inside the network namespace at `network_path`, else on the sandbox's own addresses
    and then on localhost. Raises OSError."""
    hosts = ["127.0.0.1", "::1"] if network_path else [*addresses, "127.0.0.1", "::1"]
    failure: OSError = ConnectionRefusedError(f"nothing listens on port {port}")
    for host in dict.fromkeys(hosts):
        try:
            return SocketDuplex(await _connect(network_path, host, port))
        except OSError as error:
            if host == hosts[0]:
                failure = error
    raise failure


async def _connect(network_path: str | None, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    connection = _socket_inside(network_path, family) if network_path else socket.socket(family)
    try:
        connection.setblocking(False)
        async with asyncio.timeout(_CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(connection, (host, port))
    except BaseException:
        connection.close()
        raise
    return connection


def _socket_inside(network_path: str, family: int) -> socket.socket:
    """A socket belongs to the namespace that it was made in: a short visit is enough."""
    from kubeade.runtime.launcher import syscalls

    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    inside = os.open(network_path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        syscalls.setns(inside, syscalls.CLONE_NEWNET)
        try:
            return socket.socket(family)
        finally:
            syscalls.setns(own, syscalls.CLONE_NEWNET)
    finally:
        os.close(inside)
        os.close(own)
