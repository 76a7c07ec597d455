"""One of several copies works at a time: leader election on a Lease.

Guarantees what upstream's client-go/tools/leaderelection does: a leader that cannot renew within
`renew_deadline_seconds` stops its work before `lease_seconds` are over, which is when others may take the
lease. That holds as long as clocks run equally fast; their dates are never compared. Cancelled, it stops the
work first and then gives the lease back, so that the next one need not wait.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kubeade.api.errors import AlreadyExists, ApiError, NotFound
from kubeade.api.parts import number, part, text
from kubeade.api.resource import Object
from kubeade.api.resources import LEASES
from kubeade.client.client import Client
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_micro_time

log = logging.getLogger(__name__)

FAILURES = (ApiError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Which Lease, who asks for it, and upstream's default timings."""

    name: str
    identity: str
    namespace: str = "kube-system"
    lease_seconds: int = 15
    renew_deadline_seconds: float = 10.0
    retry_seconds: float = 2.0


class LeaderElection:
    """Campaigns for the Lease and works while it is held."""

    def __init__(self, client: Client, clock: Clock, terms: LeaseTerms) -> None:
        self._client = client
        self._clock = clock
        self._terms = terms
        self._seen: Object = {}
        self._seen_at = 0.0

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Call `work` whenever this copy becomes the leader, cancel it when it ceases to be. Ends when the
        work ends by itself, with its exception if it raised."""
        while True:
            lease = await self._acquire()
            log.info("%s became leader of %s", self._terms.identity, self._terms.name)
            working = asyncio.ensure_future(work())
            renewing = asyncio.create_task(self._renew_while_possible(lease))
            try:
                await asyncio.wait((working, renewing), return_when=asyncio.FIRST_COMPLETED)
                ended = working.done()
            finally:
                await _stop(working)
                await _stop(renewing)
                await asyncio.shield(self._release())
            if ended:
                working.result()
                return
            log.warning("%s lost the lease %s", self._terms.identity, self._terms.name)

    async def _acquire(self) -> Object:
        while True:
            try:
                lease = await self._try()
                if lease is not None:
                    return lease
            except FAILURES as error:
                log.debug("lease %s: %s", self._terms.name, error)
            await asyncio.sleep(self._terms.retry_seconds)

    async def _renew_while_possible(self, lease: Object) -> None:
        """Returns when the lease could not be renewed in time, or somebody else has it."""
        loop = asyncio.get_running_loop()
        renewed_at = loop.time()
        while True:
            await asyncio.sleep(self._terms.retry_seconds)
            try:
                async with asyncio.timeout_at(renewed_at + self._terms.renew_deadline_seconds):
                    if await self._try() is None:
                        return
                renewed_at = loop.time()
            except FAILURES as error:
                log.warning("lease %s not renewed: %s", self._terms.name, error)
                if loop.time() >= renewed_at + self._terms.renew_deadline_seconds:
                    return

    async def _try(self) -> Object | None:
        """Take or renew the lease; None while somebody else holds it."""
        terms = self._terms
        try:
            lease = await self._client.get(LEASES, terms.name, terms.namespace)
        except NotFound:
            body = {"metadata": {"name": terms.name, "namespace": terms.namespace}, "spec": self._spec({})}
            with contextlib.suppress(AlreadyExists):
                return await self._client.create(LEASES, body, terms.namespace)
            return None
        self._observe(lease)
        if not self._may_take(lease):
            return None
        return await self._client.update(LEASES, {**lease, "spec": self._spec(part(lease, "spec"))})

    def _observe(self, lease: Object) -> None:
        if part(lease, "spec") != self._seen:
            self._seen, self._seen_at = part(lease, "spec"), asyncio.get_running_loop().time()

    def _may_take(self, lease: Object) -> bool:
        if text(lease, "spec", "holderIdentity") in ("", self._terms.identity):
            return True
        seconds = number(lease, "spec", "leaseDurationSeconds")
        return asyncio.get_running_loop().time() > self._seen_at + seconds

    def _spec(self, former: Object) -> Object:
        now = format_micro_time(self._clock.now())
        mine = text(former, "holderIdentity") == self._terms.identity
        return {
            **former,
            "holderIdentity": self._terms.identity,
            "leaseDurationSeconds": self._terms.lease_seconds,
            "renewTime": now,
            "acquireTime": former.get("acquireTime") if mine else now,
            "leaseTransitions": number(former, "leaseTransitions") + (0 if mine or not former else 1),
        }

    async def _release(self) -> None:
        terms = self._terms
        try:
            lease = await self._client.get(LEASES, terms.name, terms.namespace)
            if text(lease, "spec", "holderIdentity") == terms.identity:
                spec = {**part(lease, "spec"), "holderIdentity": "", "leaseDurationSeconds": 1}
                await self._client.update(LEASES, {**lease, "spec": spec})
        except FAILURES as error:
            log.info("lease %s not given back: %s", terms.name, error)


async def _stop(task: "asyncio.Future[None]") -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait((task,))
