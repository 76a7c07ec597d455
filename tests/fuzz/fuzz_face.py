"""Random requests to the ledger's etcd face: messages of every call, and bytes that are none. Its keys are the
fuzzer's own."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, get_args, get_origin, get_type_hints

import grpc
import grpc.aio

from kubeade.lib.protobuf.message import Message, encode
from kubeade.store.etcd import messages as m

_KEYS = (b"", b"\x00", b"/fuzz/", b"/fuzz/a", b"/fuzz/b", b"/fuzz0", b"/fuzz/" + b"x" * 2000)
_NUMBERS = (0, 1, -1, 2, 7, 1000, 2**31, 2**63 - 1, -(2**63))
_CALLS: dict[str, type[Message]] = {
    "KV/Range": m.RangeRequest,
    "KV/Put": m.PutRequest,
    "KV/DeleteRange": m.DeleteRangeRequest,
    "KV/Txn": m.TxnRequest,
    "Lease/LeaseGrant": m.LeaseGrantRequest,
    "Lease/LeaseRevoke": m.LeaseRevokeRequest,
    "Lease/LeaseTimeToLive": m.LeaseTimeToLiveRequest,
    "Maintenance/Status": m.HeaderResponse,
    "Maintenance/HashKV": m.HashKVRequest,
    "Cluster/MemberList": m.HeaderResponse,
    "Auth/AuthStatus": m.HeaderResponse,
}
_STREAMS: dict[str, type[Message]] = {
    "Watch/Watch": m.WatchRequest,
    "Lease/LeaseKeepAlive": m.LeaseKeepAliveRequest,
}
_MUST_NOT = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED)
_ITS_OWN = ("unmarshal", "Internal error from Core")
"""Bytes that are no message; and what the client says when it writes to a stream that has just ended."""
_ANSWER_SECONDS = 20.0


@dataclass(slots=True)
class FaceFindings:
    codes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


async def fuzz_face(data: Path, seed: int, count: int) -> FaceFindings:
    """`count` calls, one after the other."""
    random, findings = Random(seed), FaceFindings()
    async with _channel(data) as channel:
        for number in range(count):
            try:
                streamed = random.random() < 0.1
                await (_stream(random, channel) if streamed else _ask(random, channel))
                findings.codes["OK"] += 1
            except grpc.aio.AioRpcError as error:
                findings.codes[error.code().name] += 1
                if error.code() in _MUST_NOT and not any(each in str(error.details()) for each in _ITS_OWN):
                    findings.failures.append(
                        f"face, seed {seed}, call {number}: {error.code()} {error.details()}"
                    )
    return findings


async def _ask(random: Random, channel: grpc.aio.Channel) -> None:
    name, kind = random.choice(list(_CALLS.items()))
    await channel.unary_unary(f"/etcdserverpb.{name}")(_sent(random, kind), timeout=_ANSWER_SECONDS)


async def _stream(random: Random, channel: grpc.aio.Channel) -> None:
    """Some messages, some answers, and gone."""
    name, kind = random.choice(list(_STREAMS.items()))
    call = channel.stream_stream(f"/etcdserverpb.{name}")(timeout=_ANSWER_SECONDS)
    messages = [_sent(random, kind) for _ in range(random.randint(1, 4))]
    try:
        async with asyncio.timeout(0.05):
            for message in messages:
                await call.write(message)
            await call.read()
    except (TimeoutError, asyncio.InvalidStateError):
        pass  # nothing to say, or refused before all was said
    finally:
        call.cancel()


def _sent(random: Random, kind: type[Message]) -> bytes:
    """Bytes that are no message only where they can change nothing."""
    harmless = kind not in (m.TxnRequest, m.DeleteRangeRequest)
    if harmless and random.random() < 0.1:
        return random.randbytes(random.randint(0, 60))
    return encode(_message(random, kind))


def _message(random: Random, kind: type[Message], depth: int = 0) -> Message:
    chosen = {}
    for name, wanted in get_type_hints(kind).items():
        if random.random() < 0.5:
            chosen[name] = _value(random, wanted, name, depth)
    return kind(**chosen)


def _value(random: Random, wanted: Any, name: str, depth: int) -> Any:
    if get_origin(wanted) is list:
        item = get_args(wanted)[0]
        return [
            _value(random, item, name, depth + 1) for _ in range(random.randint(0, 2 if depth < 3 else 0))
        ]
    kind = next((each for each in _alternatives(wanted) if each is not type(None)), int)
    if kind is bytes:
        return random.choice(_KEYS[2:] if name in {"key", "range_end"} else _KEYS)
    if kind is bool:
        return random.random() < 0.5
    if kind is str:
        return random.choice(("", "a", "é"))
    if issubclass(kind, Message):
        return _message(random, kind, depth + 1) if depth < 4 else kind()
    return random.choice(_NUMBERS)


def _alternatives(wanted: Any) -> Iterator[Any]:
    return iter(get_args(wanted) or (wanted,))


def _channel(data: Path) -> grpc.aio.Channel:
    command = [sys.executable, "-m", "kubeade.cli.main", "ledger", "flags", "--data-dir", str(data)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    flags = dict(each.removeprefix("--").split("=", 1) for each in told)
    authority, key, certificate = (Path(flags[each]).read_bytes() for each in ("cacert", "key", "cert"))
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    return grpc.aio.secure_channel(flags["endpoints"].removeprefix("https://"), credentials)
