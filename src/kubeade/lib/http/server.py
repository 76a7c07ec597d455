"""Puts a `Handler` behind sockets: HTTP/1.1, with or without TLS, on TCP or a Unix path.

Guarantees: what is read, queued and kept open is bounded (`Limits`); a request is handled only when it is
there in full; answers leave in the order of their requests; a stream's iterator is closed when its client
goes away or the server stops. Routing, authentication and the shape of errors are the handler's own affair.
"""

import asyncio
import os
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from kubeade.lib.clock import Clock, SystemClock
from kubeade.lib.http.connection import Connection, ErrorPage, Limits, Site, plain_error
from kubeade.lib.http.message import Handler

_SWEEP_SECONDS = 5.0
_HANDSHAKE_SECONDS = 10.0


class HttpServer:
    """One handler on any number of listening sockets.

    `error_page` shapes what the server itself answers (400, 408, 413, 431, 500, 503). `streams` says of a
    path whether bodies that are sent there are handed on as they come, whatever their size.
    """

    def __init__(
        self,
        handler: Handler,
        ssl_context: ssl.SSLContext | None = None,
        *,
        limits: Limits | None = None,
        error_page: ErrorPage = plain_error,
        clock: Clock | None = None,
        streams: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._ssl_context = ssl_context
        if ssl_context is not None:
            ssl_context.set_alpn_protocols(["http/1.1"])
        limits = _affordable(limits or Limits())
        self._site = Site(handler, limits, error_page, clock or SystemClock(), streams)
        self._listeners: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return len(self._site.connections)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the port, which is the system's choice when 0 was asked for."""
        listener = await asyncio.get_running_loop().create_server(
            self._connection,
            host,
            port,
            backlog=1024,
            ssl=self._ssl_context,
            ssl_handshake_timeout=self._tls_wait,
        )
        self._listen(listener)
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    async def start_unix(self, path: str, mode: int = 0o600) -> None:
        """Listen on a Unix socket, replacing a stale one."""
        with suppress(FileNotFoundError):
            os.unlink(path)
        listener = await asyncio.get_running_loop().create_unix_server(
            self._connection, path, ssl=self._ssl_context, ssl_handshake_timeout=self._tls_wait
        )
        os.chmod(path, mode)
        self._listen(listener)

    async def stop(self, grace_seconds: float = 2.0) -> None:
        """Accept nothing more, end streams, let running requests finish, then cut what is left."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._site.stopping = True
        for connection in list(self._site.connections):
            connection.stop()
        running = [c.task for c in self._site.connections if c.task is not None]
        if running:
            await asyncio.wait(running, timeout=grace_seconds)
        for connection in list(self._site.connections):
            connection.abort()

    def _connection(self) -> Connection:
        return Connection(self._site)

    @property
    def _tls_wait(self) -> float | None:
        return None if self._ssl_context is None else _HANDSHAKE_SECONDS

    def _listen(self, listener: asyncio.Server) -> None:
        self._listeners.append(listener)
        if self._sweeper is None:
            self._sweep()

    def _sweep(self) -> None:
        """Drop connections that kept us waiting past their deadline."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [c for c in self._site.connections if c.deadline < now]:
            connection.time_out()
        self._sweeper = loop.call_later(_SWEEP_SECONDS, self._sweep)


def _affordable(limits: Limits) -> Limits:
    """Half of the file descriptors that the process may have: clients must not take those for files."""
    try:
        import resource
    except ImportError:  # no such limit on this system
        return limits
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limits if soft < 0 else replace(limits, connections=min(limits.connections, soft // 2))
