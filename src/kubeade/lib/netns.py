"""Sockets inside another network namespace (Linux).

A socket belongs to the namespace that its thread was in when it was made; so a short visit is enough, and
afterwards the socket is used from anywhere.
"""

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_CLONE_NEWNET = 0x40000000


def socket_in_namespace(namespace_path: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
    """A new socket of the network namespace that the file at `namespace_path` stands for. Raises OSError."""
    with _visit(namespace_path):
        return socket.socket(family, kind, protocol)


@contextmanager
def _visit(namespace_path: str) -> Iterator[None]:
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        other = os.open(namespace_path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(other)
        finally:
            os.close(other)
        try:
            yield
        finally:
            _setns(own)
    finally:
        os.close(own)


def _setns(fd: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(fd, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"enter a network namespace: {os.strerror(number)}")
