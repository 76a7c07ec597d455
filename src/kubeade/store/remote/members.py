"""The members of an etcd cluster, and calls that go on to the next one when one is lost.

Reading may be tried again at will. A write is tried again only where it is certain that no member has
taken it; else its outcome is unknown, and its caller is told so.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import grpc
import grpc.aio

from kubeade.lib.protobuf.message import Message, decode, encode
from kubeade.store.etcd import refusals
from kubeade.store.ledger import (
    FutureRevision,
    LeaseNotFound,
    LedgerClosed,
    LedgerError,
    LedgerFailed,
    LedgerFull,
    LedgerUnusable,
    OutcomeUnknown,
    TransactionTooLarge,
)
from kubeade.store.remote.envelope import DEFAULT_PREFIX, Branch

M = TypeVar("M", bound=Message)

CALL_SECONDS = 5.0
PATIENCE_SECONDS = 15.0
RETRY_SECONDS = 0.1

HAS_LEADER = (("hasleader", "true"),)
"""A member without a leader shall say so instead of letting a watch wait."""

_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)

_ERRORS: dict[str, type[LedgerError]] = {
    refusals.FUTURE_REVISION.message: FutureRevision,
    refusals.LEASE_NOT_FOUND.message: LeaseNotFound,
    refusals.NO_SPACE.message: LedgerFull,
    refusals.REQUEST_TOO_LARGE.message: TransactionTooLarge,
}
_NOT_TAKEN = ("failed to connect", "connections to all backends failing", "etcdserver: no leader")
"""How an error begins after which no member can have the request."""


@dataclass(frozen=True, slots=True)
class EtcdAddress:
    """Where the members are, `http://` or `https://`, and the PEM files that TLS needs. Below `prefix` is all
    that is read and written there."""

    servers: tuple[str, ...]
    authority: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None
    prefix: str = DEFAULT_PREFIX


class MemberLost(Exception):
    """A call did not reach a member that can serve it, or its answer did not come back."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        super().__init__(error.details() or error.code().name)
        self.not_taken = (error.details() or "").startswith(_NOT_TAKEN)


class Members:
    """Channels to all members; one of them is in use."""

    def __init__(self, address: EtcdAddress) -> None:
        self.branch = Branch(address.prefix)
        self._channels = [_channel(server, address) for server in address.servers]
        self._current = 0
        self._closed = False

    async def read(self, method: str, request: Message, kind: type[M]) -> M:
        """Ask until somebody answers. Raises LedgerError; OutcomeUnknown when nobody has for long."""
        return await self._insist(method, request, kind, any_loss=True)

    async def write(self, method: str, request: Message, kind: type[M]) -> M:
        """Raises LedgerError; OutcomeUnknown where it may have been taken."""
        return await self._insist(method, request, kind, any_loss=False)

    async def _insist(self, method: str, request: Message, kind: type[M], *, any_loss: bool) -> M:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_SECONDS
        while True:
            self._check_open()
            member = self._current
            try:
                return await self._call(member, method, request, kind)
            except asyncio.CancelledError:
                self._check_open()  # gRPC cancels what is on its way when its channel is closed
                raise
            except MemberLost as lost:
                if loop.time() > deadline or not (any_loss or lost.not_taken):
                    raise OutcomeUnknown(f"etcd: {lost}") from lost
            self.leave(member)
            await asyncio.sleep(RETRY_SECONDS)

    async def _call(self, member: int, method: str, request: Message, kind: type[M]) -> M:
        call = self._channels[member].unary_unary(method, encode, partial(decode, kind))
        try:
            answer: M = await call(request, timeout=CALL_SECONDS, metadata=HAS_LEADER)
        except grpc.aio.AioRpcError as error:
            raise translated(error) from error
        return answer

    def stream(self, method: str, kind: type[Message]) -> tuple[int, Any]:
        """A two-way stream with the member in use, and which one that is."""
        self._check_open()
        call = self._channels[self._current].stream_stream(method, encode, partial(decode, kind))
        return self._current, call(metadata=HAS_LEADER)

    def leave(self, member: int) -> None:
        """Go on with the next one, unless somebody else has left already."""
        if member == self._current:
            self._current = (member + 1) % len(self._channels)

    def _check_open(self) -> None:
        if self._closed:
            raise LedgerClosed("the ledger was closed")

    async def close(self) -> None:
        """What is still asked meets LedgerClosed."""
        self._closed = True
        for channel in self._channels:
            await channel.close()


def translated(error: grpc.aio.AioRpcError) -> Exception:
    """What a failed call means: a LedgerError, or that the member is lost."""
    details = error.details() or ""
    if details in _ERRORS:
        return _ERRORS[details](details)
    if details == refusals.COMPACTED.message:
        return CompactedSomewhere(details)
    if error.code() in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.CANCELLED,
    ):
        return MemberLost(error)
    return LedgerFailed(f"etcd: {details}")


class CompactedSomewhere(LedgerError):
    """A revision was compacted; where, etcd does not say in this place."""


def _channel(server: str, address: EtcdAddress) -> Any:
    scheme, separator, target = server.partition("://")
    if not separator or scheme not in ("http", "https"):
        raise LedgerUnusable(f"etcd's address {server!r} does not start with http:// or https://")
    if scheme == "http":
        return grpc.aio.insecure_channel(target, _OPTIONS)
    credentials = grpc.ssl_channel_credentials(address.authority, address.key, address.certificate)
    return grpc.aio.secure_channel(target, credentials, _OPTIONS)


def addresses(servers: str) -> Sequence[str]:
    """Of a list with commas, as kube-apiserver's --etcd-servers has it."""
    return [server.strip().rstrip("/") for server in servers.split(",") if server.strip()]
