"""A cluster's keys in a real etcd, for who is not its server: each call with a connection of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kubeade.cluster.etcd_face import silence_grpc
from kubeade.cluster.settings import EtcdSettings

if TYPE_CHECKING:
    from kubeade.store.remote.keys import BranchKeys
    from kubeade.store.remote.members import EtcdAddress

T = TypeVar("T")


def address(etcd: EtcdSettings) -> "EtcdAddress":
    """Raises OSError where a file of its keys cannot be read."""
    from kubeade.store.remote.members import EtcdAddress

    authority, certificate, key = map(_pem, (etcd.authority_file, etcd.certificate_file, etcd.key_file))
    return EtcdAddress(etcd.servers, authority, certificate, key, etcd.branch)


def in_etcd(etcd: EtcdSettings, act: "Callable[[BranchKeys], Awaitable[T]]") -> T:
    """Raises LedgerError, OSError."""
    return asyncio.run(with_keys(etcd, act))


async def with_keys(etcd: EtcdSettings, act: "Callable[[BranchKeys], Awaitable[T]]") -> T:
    """Raises LedgerError, OSError."""
    silence_grpc()
    from kubeade.store.remote.keys import BranchKeys
    from kubeade.store.remote.members import Members

    members = Members(address(etcd))
    try:
        return await act(BranchKeys(members))
    finally:
        await members.close()


def _pem(file: str) -> bytes | None:
    return Path(file).read_bytes() if file else None
