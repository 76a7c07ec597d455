"""Connections into a sandbox, to its localhost."""

import asyncio
import os
import socket

from kubeade.runtime.streams import SocketDuplex

_CONNECT_SECONDS = 10.0


async def connect(network_path: str | None, addresses: list[str], port: int) -> SocketDuplex:
    """Connect to `port`: inside the network namespace at `network_path`, else on the sandbox's own addresses
    and then on localhost. Raises OSError, in words for who asked."""
    hosts = ["127.0.0.1", "::1"] if network_path else [*addresses, "127.0.0.1", "::1"]
    failure = OSError()
    for host in dict.fromkeys(hosts):
        try:
            return SocketDuplex(await _connect(network_path, host, port))
        except OSError as error:
            if host == hosts[0]:
                failure = error
    reason = os.strerror(failure.errno).lower() if failure.errno else "no answer"
    raise OSError(f"failed to connect to localhost:{port} inside the pod: {reason}") from failure


async def _connect(network_path: str | None, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    connection = _socket(network_path, family)
    try:
        connection.setblocking(False)
        async with asyncio.timeout(_CONNECT_SECONDS):
            await asyncio.get_running_loop().sock_connect(connection, (host, port))
    except BaseException:
        connection.close()
        raise
    return connection


def _socket(network_path: str | None, family: int) -> socket.socket:
    if network_path is None:
        return socket.socket(family, socket.SOCK_STREAM)
    from kubeade.lib.netns import socket_in_namespace

    return socket_in_namespace(network_path, family, socket.SOCK_STREAM)
