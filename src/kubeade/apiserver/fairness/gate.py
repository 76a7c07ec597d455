"""What all requests pass before they are worked on: priority and fairness, or plain limits.

Plain limits (upstream: --enable-priority-and-fairness=false) are so many reads and so many writes at a time,
and no queue.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from kubeade.apiserver.authorization.escalation import SUPERUSERS_GROUP
from kubeade.apiserver.fairness.fairness import STAYING, Count, Fairness, TooManyRequests, turned_away
from kubeade.apiserver.fairness.limits import RequestLimits
from kubeade.apiserver.request_info import RequestInfo
from kubeade.apiserver.seams import Reader, User
from kubeade.lib.http.message import Request, Response

Work = Callable[[], Awaitable[Response]]

_READS = frozenset({"get", "list", "head", "options"})


class Gate(Protocol):
    async def admit(self, user: User, info: RequestInfo, request: Request, work: Work) -> Response:
        """The work's answer, or 429."""
        ...

    def gauges(self) -> dict[str, dict[str, float]]:
        """For /metrics."""
        ...


class FairGate:
    def __init__(self, fairness: Fairness) -> None:
        self._fairness = fairness

    async def admit(self, user: User, info: RequestInfo, request: Request, work: Work) -> Response:
        fairness = self._fairness
        ticket = fairness.ticket(user, info)
        try:
            seats = await fairness.enter(ticket, info, request)
        except TooManyRequests:
            response = turned_away()
        else:
            try:
                response = await work()
            finally:
                fairness.leave(ticket, seats)
        response.headers.extend(ticket.headers)
        return response

    def gauges(self) -> dict[str, dict[str, float]]:
        return self._fairness.gauges()


class PlainGate:
    def __init__(self, limits: RequestLimits) -> None:
        self._limits = (limits.max_reads, limits.max_writes)
        self._in_flight = [0, 0]

    async def admit(self, user: User, info: RequestInfo, request: Request, work: Work) -> Response:
        if info.verb == "watch" or info.subresource in STAYING:
            return await work()
        kind = 0 if info.verb in _READS else 1
        limit = self._limits[kind]
        if limit and self._in_flight[kind] >= limit and SUPERUSERS_GROUP not in user.groups:
            return turned_away()
        self._in_flight[kind] += 1
        try:
            return await work()
        finally:
            self._in_flight[kind] -= 1

    def gauges(self) -> dict[str, dict[str, float]]:
        reads, writes = self._in_flight
        kinds = {'request_kind="readOnly"': float(reads), 'request_kind="mutating"': float(writes)}
        return {"apiserver_current_inflight_requests": kinds}


def build_gate(limits: RequestLimits, reader: Reader, count: Count) -> Gate:
    if limits.fair:
        return FairGate(Fairness(reader, count, limits.max_reads + limits.max_writes))
    return PlainGate(limits)
