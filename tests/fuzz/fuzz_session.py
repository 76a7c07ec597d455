"""Sends what the makers think of to a running cluster over TLS, many at a time, and notes what must not
happen.

Must not happen: a 5xx that upstream would not give either, an answer that does not come, a write that was
acknowledged and is not there. Witnesses for the last are ConfigMaps in a namespace that nobody else touches.
"""

import asyncio
import json
import ssl
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fuzz_request import NAMESPACE, FuzzRequest
from fuzz_requests import RequestMaker
from fuzz_wire import bytes_for_http, bytes_for_tls

from kubeade.client import kubeconfig
from kubeade.client.socket import ssl_context

ANSWER_SECONDS = 20.0
WITNESSES = "witness"
_ENOUGH_BYTES = 2_000_000
_MOST_WITNESSES = 500
_AS_UPSTREAM = (  # a 5xx that the real server gives, too, in the same words
    *("Too large resource version", "error trying to reach service", "no endpoints available"),
    *(
        "failed to create typed patch object",
        "unknown patch type",
        "expected a []interface {}",
        "invalid patch format of",
    ),
    *("does not contain declared merge key", "list element types are not identical"),
    *("failed calling webhook", "no service port", "service unavailable", "unable to upgrade"),
)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(slots=True)
class Findings:
    """What came of it: answers by status, and everything that must not happen, with how to do it again."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Session:
    """One cluster under fire."""

    def __init__(self, data: Path) -> None:
        credentials = kubeconfig.load(data / "kubeconfig")
        self._host, port = credentials.server.removeprefix("https://").split(":")
        self._port = int(port)
        self._known = ssl_context(credentials)
        self._unknown = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._unknown.check_hostname, self._unknown.verify_mode = False, ssl.CERT_NONE
        self._open: dict[bool, list[Streams]] = {True: [], False: []}
        self._witnesses: deque[str] = deque()
        self.findings = Findings()

    async def prepare(self) -> None:
        for name in (NAMESPACE, WITNESSES):
            status, body = await self._send(_create("/api/v1/namespaces", {"metadata": {"name": name}}))
            assert status in {201, 409}, body
        await self._send(_create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _DEFINITION))
        await self._send(_create(f"/api/v1/namespaces/{NAMESPACE}/pods", _POD))

    async def requests(self, seed: int, count: int, workers: int) -> None:
        """`count` requests; worker n draws its own from seed + n."""
        shares = [count // workers + (number < count % workers) for number in range(workers)]
        await asyncio.gather(*(self._work(seed + number, share) for number, share in enumerate(shares)))

    async def raw_bytes(self, seed: int, count: int) -> None:
        """`count` connections that do not speak proper HTTP, or TLS."""
        random = Random(seed)
        for _ in range(count):
            await self._throw(random)

    async def verify(self) -> None:
        """The server answers still, and every witness is there."""
        listed = set()
        target = f"/api/v1/namespaces/{WITNESSES}/configmaps"
        status, body = await self._send(FuzzRequest("GET", target))
        if status == 200:
            listed = {item["metadata"]["name"] for item in json.loads(body)["items"]}
        lost = [name for name in self._witnesses if name not in listed]
        if lost:
            self.findings.failures.append(f"acknowledged but lost ({status}): {lost[:10]} {body[:300]!r}")
        for streams in (*self._open[True], *self._open[False]):
            streams[1].close()

    async def _work(self, seed: int, count: int) -> None:
        maker = RequestMaker(seed)
        for number in range(count):
            request = maker.next()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    status, body = await self._send(request)
            except TimeoutError:
                self._fail("no answer", seed, number, request)
                continue
            except (OSError, EOFError, ValueError, IndexError) as error:
                self._fail(f"{type(error).__name__} {error}", seed, number, request)
                continue
            self.findings.statuses[status] += 1
            if status >= 500 and request.method != "HEAD" and not _is_upstreams(body):
                self._fail(f"{status} {body[:300]!r}", seed, number, request)
            if number % 100 == 50:
                await self._witness(f"witness-{seed}-{number}")

    async def _witness(self, name: str) -> None:
        """One more, and the oldest goes: there is as much to keep at the end as at the beginning."""
        path = f"/api/v1/namespaces/{WITNESSES}/configmaps"
        status, _ = await self._send(_create(path, {"metadata": {"name": name}}))
        if status == 201:
            self._witnesses.append(name)
        if len(self._witnesses) > _MOST_WITNESSES:
            oldest = self._witnesses.popleft()
            status, _ = await self._send(FuzzRequest("DELETE", f"{path}/{oldest}"))
            if status != 200:
                self.findings.failures.append(f"acknowledged but lost ({status}): {oldest}")

    def _fail(self, what: str, seed: int, number: int, request: FuzzRequest) -> None:
        sent = f"{request.method} {request.target} {request.headers} {request.body[:4000]!r}"
        self.findings.failures.append(f"seed {seed}, request {number}: {what}\n    {sent}")

    # -- connections -------------------------------------------------------------------------------

    async def _send(self, request: FuzzRequest) -> tuple[int, bytes]:
        idle = self._open[request.authenticated]
        streams = idle.pop() if idle else await self._connect(request.authenticated)
        try:
            streams[1].write(_on_the_wire(request))
            status, body, again = await _answer(streams[0], request)
            if status == 101 and request.after:
                streams[1].write(request.after)
                await _some(streams[0])
        except BaseException:
            streams[1].close()
            raise
        if again:
            idle.append(streams)
        else:
            streams[1].close()
        return status, body

    async def _connect(self, authenticated: bool) -> Streams:
        context = self._known if authenticated else self._unknown
        return await asyncio.open_connection(self._host, self._port, ssl=context, limit=2**24)

    async def _throw(self, random: Random) -> None:
        plain = random.random() < 0.3
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                opened = asyncio.open_connection(self._host, self._port, ssl=None if plain else self._unknown)
                reader, writer = await opened
                writer.write(bytes_for_tls(random) if plain else bytes_for_http(random))
                answer = b"" if random.random() < 0.5 else await _some(reader)
                writer.transport.abort() if random.random() < 0.5 else writer.close()
        except (OSError, TimeoutError):
            return
        if b" 500 " in answer[:20]:
            self.findings.failures.append(f"raw bytes: {answer[:300]!r}")


def _is_upstreams(body: bytes) -> bool:
    """An answer to HEAD does not tell, but the same request is a GET another time."""
    return any(text in body.decode("utf-8", "replace") for text in _AS_UPSTREAM)


async def _some(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(0.2):
            return await reader.read(4096)
    except TimeoutError:
        return b""


def _create(path: str, body: object) -> FuzzRequest:
    return FuzzRequest("POST", path, {"content-type": "application/json"}, json.dumps(body).encode())


def _on_the_wire(request: FuzzRequest) -> bytes:
    lines = [
        f"{request.method} {request.target} HTTP/1.1",
        "host: fuzz",
        f"content-length: {len(request.body)}",
    ]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "replace") + request.body


async def _answer(reader: asyncio.StreamReader, request: FuzzRequest) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection can be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    if status == 101:
        return status, b"", False
    if request.method == "HEAD" or status == 204:
        return status, b"", "connection: close" not in head
    if "transfer-encoding: chunked" in head:
        body = await _chunks(reader)
        return status, body, len(body) < _ENOUGH_BYTES and "connection: close" not in head
    length = int(head.split("content-length: ", 1)[1].split("\r\n", 1)[0])
    return status, await reader.readexactly(length), "connection: close" not in head


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while len(body) < _ENOUGH_BYTES:
        size = int(await reader.readline(), 16)
        body += (await reader.readexactly(size + 2))[:-2]
        if not size:
            break
    return body


_POD = {
    "metadata": {"name": "running", "labels": {"a": "b"}},
    "spec": {"containers": [{"name": "a", "image": "x"}]},
}
_DEFINITION = {
    "metadata": {"name": "oranges.fuzz.example.com"},
    "spec": {
        "group": "fuzz.example.com",
        "scope": "Namespaced",
        "names": {"plural": "oranges", "singular": "orange", "kind": "Orange", "listKind": "OrangeList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {
                    "status": {},
                    "scale": {"specReplicasPath": ".spec.count", "statusReplicasPath": ".status.count"},
                },
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "x-kubernetes-validations": [
                                    {"rule": "!has(self.count) || self.count < 100"}
                                ],
                                "properties": {
                                    "count": {"type": "integer", "minimum": 0, "default": 1},
                                    "any": {"x-kubernetes-preserve-unknown-fields": True},
                                    "both": {"x-kubernetes-int-or-string": True},
                                    "text": {
                                        "type": "string",
                                        "pattern": "^[a-z]*$",
                                        "maxLength": 9,
                                        "nullable": True,
                                    },
                                    "list": {
                                        "type": "array",
                                        "maxItems": 5,
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["key"],
                                        "items": {
                                            "type": "object",
                                            "required": ["key"],
                                            "properties": {"key": {"type": "string"}},
                                        },
                                    },
                                },
                            },
                            "status": {"type": "object", "properties": {"count": {"type": "integer"}}},
                        },
                    }
                },
            }
        ],
    },
}
