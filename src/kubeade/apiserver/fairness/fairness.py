"""Lets requests in: each takes seats of its priority level, waits for them, or is turned away with 429.

What is not busy costs little: a request's FlowSchema is remembered by who asks for what, and a free seat is
taken by counting. Levels lend each other seats that are free; who has lent gets his own back at once,
so that for a moment more may be in use than there are. Requests that stay (exec, logs, proxies) take none,
and a watch only as long as it begins.
"""

import asyncio
import math
import re
from collections.abc import Callable, Iterable

from kubeade.api.parts import part
from kubeade.api.resource import Object
from kubeade.apiserver.bootstrap.flow_control import (
    FLOW_SCHEMAS,
    PRIORITY_LEVELS,
    flow_schemas,
    priority_levels,
)
from kubeade.apiserver.derived import Follower
from kubeade.apiserver.fairness.classification import Schema
from kubeade.apiserver.fairness.level import Level, Shape
from kubeade.apiserver.request_info import RequestInfo
from kubeade.apiserver.seams import Reader, User
from kubeade.lib.http.message import Request, Response

WAIT_SECONDS = 15.0
OBJECTS_PER_SEAT = 100
_REMEMBERED = 4096
STAYING = frozenset({"attach", "exec", "proxy", "log", "portforward"})
_LIMIT = re.compile(r"(?:^|&)limit=([1-9][0-9]{0,8})(?:&|$)")
_MANDATORY = ("exempt", "catch-all")

Count = Callable[[RequestInfo], int]
"""How many objects a list or watch covers."""


class TooManyRequests(Exception):
    """No seat, and no place to wait for one."""


def turned_away() -> Response:
    headers = [("content-type", "text/plain; charset=utf-8"), ("retry-after", "1")]
    return Response(429, headers, b"Too many requests, please try again later.\n")


class Ticket:
    """What is remembered about requests alike."""

    __slots__ = ("flow", "headers", "level")

    def __init__(self, level: Level, schema: Schema, flow: str) -> None:
        self.level = level
        self.flow = flow
        self.headers = (
            ("x-kubernetes-pf-flowschema-uid", schema.uid),
            ("x-kubernetes-pf-prioritylevel-uid", level.uid),
        )


class Fairness:
    """`enter` before the work, `leave` after it, with the same ticket and seats."""

    def __init__(self, reader: Reader, count: Count, seats: int) -> None:
        self._count = count
        self._seats = seats
        self._levels: dict[str, Level] = {}
        self._schemas: list[Schema] = []
        self._tickets: dict[tuple[object, ...], Ticket] = {}
        self._found: dict[str, dict[str, Object]] = {"schemas": {}, "levels": {}}
        self._followers = (
            Follower(reader, FLOW_SCHEMAS, self._keeper("schemas"), self._found["schemas"].clear),
            Follower(reader, PRIORITY_LEVELS, self._keeper("levels"), self._found["levels"].clear),
        )
        self._arrange()

    def ticket(self, user: User, info: RequestInfo) -> Ticket:
        schemas_changed = self._followers[0].catch_up()
        if self._followers[1].catch_up() or schemas_changed:
            self._arrange()
        key = (
            user.name,
            user.groups,
            info.verb,
            info.group,
            info.resource,
            info.subresource,
            info.namespace,
            "" if info.resource_request else info.path,
        )
        found = self._tickets.get(key)
        if found is None:
            if len(self._tickets) >= _REMEMBERED:
                self._tickets.clear()
            found = self._tickets[key] = self._classified(user, info)
        return found

    async def enter(self, ticket: Ticket, info: RequestInfo, request: Request) -> int:
        """The seats that it takes, once it has them. Raises TooManyRequests."""
        level = ticket.level
        if level.shape.exempt or info.subresource in STAYING:
            return 0
        seats = self._width(level, info, request) if info.verb in ("list", "watch") else 1
        if not level.take(seats):
            await self._wait(ticket, seats, request)
        return seats

    def leave(self, ticket: Ticket, seats: int) -> None:
        if not seats:
            return
        ticket.level.leave(seats)
        for level in self._levels.values():
            if level.waiting:
                level.dispatch()

    def gauges(self) -> dict[str, dict[str, float]]:
        """For /metrics, under upstream's names."""
        levels = self._levels.values()

        def by_level(value: Callable[[Level], int]) -> dict[str, float]:
            return {f'priority_level="{level.name}"': float(value(level)) for level in levels}

        prefix = "apiserver_flowcontrol"
        return {
            f"{prefix}_nominal_limit_seats": by_level(lambda level: level.nominal_seats),
            f"{prefix}_current_executing_seats": by_level(lambda level: level.in_use),
            f"{prefix}_current_inqueue_requests": by_level(lambda level: level.waiting),
            f"{prefix}_rejected_requests_total": by_level(lambda level: level.rejected),
        }

    async def _wait(self, ticket: Ticket, seats: int, request: Request) -> None:
        level = ticket.level
        waiting = level.queue_up(ticket.flow, seats)
        if waiting is None:
            level.rejected += 1
            raise TooManyRequests
        level.dispatch()
        interruptible, request.interruptible = request.interruptible, True
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await waiting.granted
        except TimeoutError:
            self._give_up(level, waiting.seats, waiting.granted)
            level.forget(waiting)
            level.rejected += 1
            raise TooManyRequests from None
        except asyncio.CancelledError:
            self._give_up(level, waiting.seats, waiting.granted)
            level.forget(waiting)
            raise
        finally:
            request.interruptible = interruptible

    @staticmethod
    def _give_up(level: Level, seats: int, granted: "asyncio.Future[None]") -> None:
        """Who goes away in the very moment he is let in gives his seats back."""
        if granted.done() and not granted.cancelled():
            level.leave(seats)
            level.dispatch()

    def _width(self, level: Level, info: RequestInfo, request: Request) -> int:
        """By the objects that must be looked at; a watch that begins with none is narrow."""
        query = request.query_string
        if info.name or "fieldSelector=metadata.name" in query:
            return 1
        if info.verb == "watch" and "resourceVersion=" in query and "sendInitialEvents=true" not in query:
            return 1
        limit = _LIMIT.search(query)
        count = self._count(info)
        objects = min(count, int(limit[1])) if limit else count
        return max(min(math.ceil(objects / OBJECTS_PER_SEAT), level.widest), 1)

    def _classified(self, user: User, info: RequestInfo) -> Ticket:
        for schema in self._schemas:
            if schema.matches(user, info):
                return Ticket(self._levels[schema.level], schema, schema.flow(user, info))
        last = self._schemas[-1]  # the catch-all, which everybody matches unless somebody spoilt it
        return Ticket(self._levels[last.level], last, last.flow(user, info))

    def _arrange(self) -> None:
        """From the objects: levels with their seats, schemas in order. What is mandatory is there always."""
        levels = _with_mandatory(priority_levels(), self._found["levels"])
        shapes = {level["metadata"]["name"]: Shape.of(part(level, "spec")) for level in levels}
        shares = sum(shape.shares for shape in shapes.values()) or 1
        for level in levels:
            name = level["metadata"]["name"]
            made = self._levels.setdefault(name, Level(name, self._may_borrow))
            seats = math.ceil(self._seats * shapes[name].shares / shares)
            made.reshape(level["metadata"].get("uid", ""), shapes[name], max(seats, 1))
        for name in self._levels.keys() - shapes.keys():
            if not self._levels[name].in_use and not self._levels[name].waiting:
                del self._levels[name]
        found = [Schema.of(each) for each in _with_mandatory(flow_schemas(), self._found["schemas"])]
        known = [schema for schema in found if schema.level in shapes]
        self._schemas = sorted(known, key=lambda schema: (schema.precedence, schema.name))
        self._tickets.clear()

    def _may_borrow(self, level: Level, seats: int) -> bool:
        percent = level.shape.borrowing_percent
        if percent is not None and (
            level.in_use + seats > level.nominal_seats + level.nominal_seats * percent // 100
        ):
            return False
        lendable = sum(each.lendable_seats for each in self._levels.values() if each is not level)
        borrowed = sum(each.borrowed_seats for each in self._levels.values())
        return borrowed + seats <= lendable

    def _keeper(self, kind: str) -> Callable[[str, str, Object | None], None]:
        def keep(_: str, name: str, found: Object | None) -> None:
            if found is None:
                self._found[kind].pop(name, None)
            else:
                self._found[kind][name] = found

        return keep


def _with_mandatory(own: Iterable[Object], found: dict[str, Object]) -> list[Object]:
    mandatory = [each for each in own if each["metadata"]["name"] in _MANDATORY]
    missing = [each for each in mandatory if each["metadata"]["name"] not in found]
    return [*found.values(), *missing]
