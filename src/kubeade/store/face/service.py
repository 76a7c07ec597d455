"""How a gRPC service is made of coroutines: messages in, messages out, refusals as gRPC's status."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import grpc

from kubeade.lib.protobuf.message import Message, decode, encode
from kubeade.lib.protobuf.wire import WireError
from kubeade.store.etcd.messages import ResponseHeader
from kubeade.store.etcd.refusals import Refusal, refusal_of
from kubeade.store.ledger import LedgerError
from kubeade.store.sqlite import SqliteLedger

VERSION = "3.5.21"
"""The version of etcd whose API this is: clients ask for it to know what they may use."""

CLUSTER_ID = 0x6B75626561646501
MEMBER_ID = 0x6B75626561646502
RAFT_TERM = 2
"""There is one member, which has always been the leader."""

_CODES = {code.value[0]: code for code in grpc.StatusCode}

Unary = Callable[[Any], Awaitable[Message]]
Stream = Callable[[AsyncIterator[Any]], AsyncIterator[Message]]
Download = Callable[[Any], AsyncIterator[Message]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What all services share: the ledger, and the head of every answer."""

    ledger: SqliteLedger
    client_url: str

    def header(self, revision: int | None = None) -> ResponseHeader:
        newest = self.ledger.revision if revision is None else revision
        return ResponseHeader(CLUSTER_ID, MEMBER_ID, newest, RAFT_TERM)


class Provider(Protocol):
    """Whoever answers a service's methods."""

    @property
    def service(self) -> "Service": ...


class Service:
    """Collects a service's methods by their names."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._methods: dict[str, Any] = {}

    def unary(self, name: str, request: type[Message], answer: Unary) -> None:
        self._methods[name] = grpc.unary_unary_rpc_method_handler(
            partial(_answer, answer), partial(_read, request), encode
        )

    def stream(self, name: str, request: type[Message], answer: Stream) -> None:
        self._methods[name] = grpc.stream_stream_rpc_method_handler(
            partial(_answer_stream, answer), partial(_read, request), encode
        )

    def download(self, name: str, request: type[Message], answer: Download) -> None:
        self._methods[name] = grpc.unary_stream_rpc_method_handler(
            partial(_answer_stream, answer), partial(_read, request), encode
        )

    @property
    def handler(self) -> Any:
        """What gRPC's server takes."""
        return grpc.method_handlers_generic_handler(self._name, self._methods)


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """In place of a message, as gRPC would answer for itself to bytes that are none."""

    why: str


def _read(kind: type[Message], data: bytes) -> Message | _Unreadable:
    try:
        return decode(kind, data)
    except (WireError, UnicodeDecodeError) as error:
        return _Unreadable(str(error))


async def _readable(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
    async for request in requests:
        if isinstance(request, _Unreadable):
            told = f"grpc: failed to unmarshal the received message: {request.why}"
            await context.abort(grpc.StatusCode.INTERNAL, told)
        yield request


async def _answer(answer: Unary, request: Any, context: Any) -> Message | None:
    if isinstance(request, _Unreadable):
        _refuse_bytes(context, request)
        return None
    try:
        return await answer(request)
    except LedgerError as error:
        _refuse(context, refusal_of(error))
    except Refusal as refusal:
        _refuse(context, refusal)
    return None  # what gRPC leaves out where there is a refusal


async def _answer_stream(answer: Callable[[Any], AsyncIterator[Message]], request: Any, context: Any) -> None:
    if isinstance(request, _Unreadable):
        return _refuse_bytes(context, request)
    requests = _readable(request, context) if isinstance(request, AsyncIterator) else request
    try:
        async for message in answer(requests):
            await context.write(message)
    except LedgerError as error:
        _refuse(context, refusal_of(error))
    except Refusal as refusal:
        _refuse(context, refusal)


def _refuse(context: Any, refusal: Refusal) -> None:
    """Not by `abort`: gRPC keeps its exception, and with it every frame and message below, for good."""
    context.set_code(_CODES[refusal.code.value])
    context.set_details(refusal.message)


def _refuse_bytes(context: Any, request: _Unreadable) -> None:
    context.set_code(grpc.StatusCode.INTERNAL)
    context.set_details(f"grpc: error unmarshalling request: {request.why}")
