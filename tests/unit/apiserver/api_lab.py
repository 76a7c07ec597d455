"""A whole API server on a ledger in a temporary file, spoken to in-process; everybody may do everything."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from kubeade.apiserver.seams import Admission, AdmissionAttributes, Attributes, Decision, User
from kubeade.apiserver.server import ApiServer, ApiServerConfig
from kubeade.apiserver.storage import Storage
from kubeade.client.client import read_body
from kubeade.lib.http.message import Request, Response
from kubeade.lib.ids import Ids
from kubeade.store.sqlite import SqliteLedger

ADMIN = User("admin", groups=("system:masters",))


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class OpenDoors:
    """Authenticates nobody, allows everything but `forbidden` verbs, admits everything; notes what it saw."""

    def __init__(self) -> None:
        self.forbidden: set[str] = set()
        self.asked: list[Attributes] = []
        self.admitted: list[AdmissionAttributes] = []

    async def authenticate(self, request: Request) -> User | None:
        return None

    async def authorize(self, attributes: Attributes) -> Decision:
        self.asked.append(attributes)
        return Decision(attributes.verb not in self.forbidden)

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        self.admitted.append(attributes)

    async def validate(self, attributes: AdmissionAttributes) -> None:
        pass


class Answer:
    """A response read whole."""

    def __init__(self, response: Response, body: bytes) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = body

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def message(self) -> str:
        message: str = self.json["message"]
        return message

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class ApiLab:
    def __init__(self, server: ApiServer, doors: OpenDoors, clock: HandClock) -> None:
        self.server = server
        self.doors = doors
        self.clock = clock

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        user: User | None = ADMIN,
    ) -> Answer:
        response = await self.response(method, path, body, headers=headers, user=user)
        return Answer(response, await read_body(response))

    async def response(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        user: User | None = ADMIN,
    ) -> Response:
        path, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        sent = {"user-agent": "lab/1", "content-type": "application/json", **(headers or {})}
        return await self.server.handle(Request(method, path, query, sent, data, path, identity=user))

    async def make(self, path: str, body: dict[str, Any]) -> Any:
        """Create, and expect no less."""
        answer = await self.send("POST", path, body)
        assert answer.status == 201, answer.body
        return answer.json

    async def config_map(self, name: str, namespace: str = "default", **fields: Any) -> Any:
        body = {"metadata": {"name": name, **fields.pop("metadata", {})}, **fields}
        return await self.make(f"/api/v1/namespaces/{namespace}/configmaps", body)

    async def pod(self, name: str, **fields: Any) -> Any:
        spec = {"containers": [{"name": "a", "image": "a"}], **fields.pop("spec", {})}
        body = {"metadata": {"name": name, **fields.pop("metadata", {})}, "spec": spec}
        return await self.make("/api/v1/namespaces/default/pods", body)

    @asynccontextmanager
    async def watching(self, path: str, **headers: str) -> AsyncIterator["Events"]:
        response = await self.response("GET", path, headers=headers)
        assert response.status == 200, response.body
        events = Events(response.body)
        try:
            yield events
        finally:
            await events.body.aclose()


class Events:
    """The events of a watch, one by one."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self._pending: list[bytes] = []

    async def next(self) -> Any:
        while not self._pending:
            part = await asyncio.wait_for(anext(self.body), 5)
            self._pending = part.splitlines()
        return msgspec.json.decode(self._pending.pop(0))

    async def names(self, count: int) -> list[tuple[str, str]]:
        found = [await self.next() for _ in range(count)]
        return [(event["type"], event["object"]["metadata"].get("name", "")) for event in found]


@asynccontextmanager
async def api_lab(
    path: Path,
    admission: Callable[[Storage, OpenDoors], Admission] | None = None,
    config: ApiServerConfig | None = None,
) -> AsyncIterator[ApiLab]:
    """Without `admission`, everything is admitted."""
    ledger = await SqliteLedger.open(path / "ledger.db")
    doors, clock = OpenDoors(), HandClock()
    storage = Storage.on(ledger)
    admits = doors if admission is None else admission(storage, doors)
    server = ApiServer(config or ApiServerConfig(), storage, clock, Ids(Random(1)), doors, doors, admits)
    await server.start()
    try:
        yield ApiLab(server, doors, clock)
    finally:
        await server.stop()
        await ledger.close()
