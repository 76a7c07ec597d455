"""One TLS connection to a cluster, and whatever bytes a test wants to send over it."""

import json
import socket
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from kubeade.client import kubeconfig
from kubeade.client.socket import ssl_context


@lru_cache(maxsize=8)
def _administrator(path: Path) -> tuple[str, ssl.SSLContext]:
    credentials = kubeconfig.load(path)
    return credentials.server, ssl_context(credentials)


class TlsWire:
    """Authenticated as the administrator, unless another context is given."""

    def __init__(
        self, data: Path, context: ssl.SSLContext | None = None, timeout_seconds: float = 20
    ) -> None:
        server, own = _administrator(data / "kubeconfig")
        host, port = server.removeprefix("https://").split(":")
        plain = socket.create_connection((host, int(port)), timeout=timeout_seconds)
        self.socket = (context or own).wrap_socket(plain, server_hostname=host)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def request(
        self, method: str, path: str, body: Any = None, media_type: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and decoded body."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {media_type}\r\ncontent-length: {len(data)}\r\n\r\n"
        self.send(head.encode() + data)
        return self.answer()

    def answer(self) -> tuple[int, Any]:
        status, headers = self.head()
        body = self._file.read(int(headers.get("content-length", "0")))
        return status, json.loads(body) if "json" in headers.get("content-type", "") else body

    def head(self) -> tuple[int, dict[str, str]]:
        """Raises EOFError where the server has closed instead."""
        line = self._file.readline()
        if not line:
            raise EOFError
        headers = {}
        while (header := self._file.readline()) not in {b"\r\n", b""}:
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return int(line.split()[1]), headers

    def line(self) -> bytes:
        return self._file.readline()

    def is_closed(self) -> bool:
        """Waits for the server to close."""
        return self._file.read(1) == b""
