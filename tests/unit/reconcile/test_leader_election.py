"""Of several copies one works, and the next one takes over."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from kubeade.api.errors import AlreadyExists, ApiError, Conflict, NotFound, ServiceUnavailable
from kubeade.client.client import Client
from kubeade.lib.http.message import Request, Response
from kubeade.reconcile.leader import LeaderElection, LeaseTerms


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, tzinfo=UTC)


class LeaseServer:
    """Keeps one Lease, with versions; can be told to fail."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.broken = False
        self.version = 0

    async def __call__(self, request: Request) -> Response:
        try:
            return Response(200, body=msgspec.json.encode(self._answer(request)))
        except ApiError as error:
            return Response(error.status_code, body=msgspec.json.encode(error.to_status()))

    def _answer(self, request: Request) -> Any:
        if self.broken:
            raise ServiceUnavailable("out of order")
        if request.method == "GET":
            if self.lease is None:
                raise NotFound.of("leases", "test")
            return self.lease
        body = msgspec.json.decode(request.body)
        if request.method == "POST" and self.lease is not None:
            raise AlreadyExists.of("leases", "test")
        if self.lease is not None and body["metadata"]["resourceVersion"] != str(self.version):
            raise Conflict.of("leases", "test", "changed")
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.lease = body
        return body

    @property
    def holder(self) -> str:
        return self.lease["spec"]["holderIdentity"] if self.lease else ""


class Copy:
    def __init__(self, server: LeaseServer, identity: str) -> None:
        self.working = asyncio.Event()
        self.stopped = asyncio.Event()
        terms = LeaseTerms("test", identity, lease_seconds=1, renew_deadline_seconds=0.05, retry_seconds=0.01)
        election = LeaderElection(Client(server, user_agent="test"), FixedClock(), terms)
        self.task = asyncio.create_task(election.run(self._work))

    async def _work(self) -> None:
        self.working.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.working.clear()
            self.stopped.set()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_the_second_waits_until_the_first_gives_the_lease_back() -> None:
    server = LeaseServer()
    first = Copy(server, "first")
    async with asyncio.timeout(5):
        await first.working.wait()
        second = Copy(server, "second")
        assert server.holder == "first"
        await first.stop()
        await second.working.wait()
    assert first.stopped.is_set()
    assert server.holder == "second"
    assert server.lease is not None
    assert server.lease["spec"]["leaseTransitions"] == 1
    await second.stop()
    assert server.holder == ""


async def test_a_holder_that_is_silent_loses_the_lease() -> None:
    server = LeaseServer()
    spec = {"holderIdentity": "dead", "leaseDurationSeconds": 0, "leaseTransitions": 4}
    server.lease = {
        "metadata": {"name": "test", "namespace": "kube-system", "resourceVersion": "0"},
        "spec": spec,
    }
    copy = Copy(server, "next")
    async with asyncio.timeout(5):
        await copy.working.wait()
    assert server.lease["spec"]["leaseTransitions"] == 5
    await copy.stop()


async def test_a_leader_that_cannot_renew_stops_working_and_tries_again() -> None:
    server = LeaseServer()
    copy = Copy(server, "only")
    async with asyncio.timeout(5):
        await copy.working.wait()
        server.broken = True
        await copy.stopped.wait()
        assert not copy.working.is_set()
        server.broken = False
        await copy.working.wait()
    await copy.stop()


async def test_the_end_of_the_work_is_the_end() -> None:
    async def fail() -> None:
        raise ValueError("no more")

    terms = LeaseTerms("test", "only", retry_seconds=0.01)
    server = LeaseServer()
    election = LeaderElection(Client(server, user_agent="test"), FixedClock(), terms)
    with pytest.raises(ValueError, match="no more"):
        await election.run(fail)
    assert server.holder == ""
