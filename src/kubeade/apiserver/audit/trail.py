"""One request's trail through the server, and the events that are made of its stages.

The request's side only collects references; objects are decoded, stripped and encoded where events are
written down (`event.render`, on the log's thread).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from kubeade.apiserver.request_info import RequestInfo
from kubeade.apiserver.seams import Attributes, Decision, User
from kubeade.lib.clock import Clock
from kubeade.lib.http.message import Duplex, Request, Response
from kubeade.lib.ids import Ids

if TYPE_CHECKING:
    from kubeade.apiserver.audit.policy import Policy, Stage, Verdict

_LONG_RUNNING = frozenset({"attach", "exec", "proxy", "log", "portforward"})


@dataclass(slots=True)
class AuditEvent:
    """A stage of a request, as seen then: what `event.render` makes the event of."""

    verdict: "Verdict"
    audit_id: str
    stage: "Stage"
    request: Request
    attributes: Attributes
    received: datetime
    at: datetime
    annotations: dict[str, str]
    impersonated: User | None = None
    constraint: str = ""
    request_body: bytes = b""
    content_type: str = ""
    response: Response | None = None
    failed_authentication: bool = False


class Sink(Protocol):
    """Where events go. `strict`: a request whose arrival it cannot keep must fail."""

    events: int
    dropped: int

    @property
    def name(self) -> str: ...

    @property
    def strict(self) -> bool: ...

    def put(self, event: AuditEvent) -> "Awaitable[bool] | None":
        """Never waits. What it returns the request has to wait for; it says whether the event was kept."""
        ...

    async def close(self) -> None: ...


class Auditor:
    """Opens a trail for each request."""

    def __init__(self, policy: "Policy", sinks: Sequence[Sink], clock: Clock, ids: Ids) -> None:
        self._policy = policy
        self._sinks = sinks
        self._clock = clock
        self._ids = ids

    def counts(self) -> dict[str, dict[str, float]]:
        """For /metrics."""
        return {
            "apiserver_audit_event_total": {"": float(max(sink.events for sink in self._sinks))},
            "apiserver_audit_error_total": {
                f'plugin="{sink.name}"': float(sink.dropped) for sink in self._sinks
            },
        }

    async def close(self) -> None:
        """Write and send what waits."""
        await asyncio.gather(*(sink.close() for sink in self._sinks))

    def open(self, request: Request) -> "Trail":
        audit_id = request.headers.get("audit-id", "")[:64] or self._ids.uid()
        return Trail(request, audit_id, self._policy, self._sinks, self._clock)


@dataclass(slots=True)
class Trail:
    """From the request's arrival to the last byte of its answer. Calls come in the order of the methods."""

    request: Request
    audit_id: str
    policy: "Policy"
    sinks: Sequence[Sink]
    clock: Clock
    annotations: dict[str, str] = field(default_factory=dict)
    unkept: list[tuple[Sink, Awaitable[bool]]] = field(default_factory=list)
    received: datetime = field(init=False)
    _event: AuditEvent | None = None
    _long_running: bool = False

    def __post_init__(self) -> None:
        self.received = self.clock.now()

    def begin(self, attributes: Attributes) -> None:
        """It is known who asks for what (before anybody is impersonated)."""
        verdict = self.policy.verdict(attributes)
        if verdict is None:
            return
        self._event = AuditEvent(
            verdict,
            self.audit_id,
            "RequestReceived",
            self.request,
            attributes,
            self.received,
            self.received,
            self.annotations,
        )
        self._long_running = attributes.verb == "watch" or attributes.subresource in _LONG_RUNNING
        self._tell("RequestReceived")

    async def keep(self) -> bool:
        """Wait for who has to keep what was told so far; False if the request must not go on without."""
        unkept, self.unkept = self.unkept, []
        kept = await asyncio.gather(*(waiting for _, waiting in unkept))
        return not any(sink.strict and not done for (sink, _), done in zip(unkept, kept, strict=True))

    def reject_stranger(self, info: RequestInfo) -> None:
        """Nobody knows who asks."""
        self.begin(attributes_of(User(""), info))
        if self._event is not None:
            self._event.failed_authentication = self._long_running = True

    def impersonate(self, user: User, constraint: str) -> None:
        """`constraint`: the right that limits for what, where there is one."""
        if self._event is not None:
            self._event.impersonated = user
            self._event.constraint = constraint

    def decide(self, decision: Decision) -> None:
        self.annotations["authorization.k8s.io/decision"] = "allow" if decision.allowed else "forbid"
        self.annotations["authorization.k8s.io/reason"] = decision.reason

    def read(self, request: Request) -> None:
        """What was sent, in JSON wherever that is what the server itself reads."""
        if self._event is not None:
            self._event.request_body = request.body
            self._event.content_type = request.headers.get("content-type", "")

    def finish(self, response: Response) -> None:
        """The answer is about to be sent; where it is a stream, its end is still to come."""
        response.headers.append(("audit-id", self.audit_id))
        event = self._event
        if event is None:
            return
        event.response = replace(response)
        if self._long_running:
            self._tell("ResponseStarted")
        upgrade = response.upgrade
        if upgrade is not None:

            async def followed(duplex: Duplex) -> None:
                try:
                    await upgrade(duplex)
                finally:
                    self._tell("ResponseComplete")

            response.upgrade = followed
        elif isinstance(response.body, bytes | list):
            self._tell("ResponseComplete")
        else:
            response.body = _Followed(response.body, self)

    def complete(self) -> None:
        self._tell("ResponseComplete")

    def _tell(self, stage: "Stage") -> None:
        event = self._event
        if event is not None and stage not in event.verdict.omit_stages:
            annotations = dict(self.annotations)
            told = replace(event, stage=stage, at=self.clock.now(), annotations=annotations)
            for sink in self.sinks:
                waiting = sink.put(told)
                if waiting is not None:
                    self.unkept.append((sink, waiting))


class _Followed:
    """A stream whose end, however it comes, is an event."""

    def __init__(self, body: AsyncIterator[bytes], trail: Trail) -> None:
        self._body = body
        self._trail: Trail | None = trail

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._body)
        except StopAsyncIteration:
            self._end()
            raise

    async def aclose(self) -> None:
        self._end()
        close = getattr(self._body, "aclose", None)
        if close is not None:
            await close()

    def _end(self) -> None:
        trail, self._trail = self._trail, None
        if trail is not None:
            trail.complete()


def attributes_of(user: User, info: RequestInfo) -> Attributes:
    return Attributes(
        user,
        info.verb,
        info.group,
        info.version,
        info.resource,
        info.subresource,
        info.namespace,
        info.name,
        info.path,
        info.resource_request,
    )
