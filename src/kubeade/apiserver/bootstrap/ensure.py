"""Makes the first objects, and puts those back that no cluster can be without.

`bootstrap` may run at every start: it writes only what is missing or out of date. Its writes run side by
side, so that the ledger commits them together.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

from kubeade.api.errors import AlreadyExists, ApiError, Conflict
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.bootstrap.objects import (
    SERVICE_CIDRS,
    ClusterConfig,
    Placed,
    first_objects,
    kept_objects,
    leading_to,
    namespaces,
    reconciled_objects,
)
from kubeade.apiserver.bootstrap.reconcile import reconciled
from kubeade.apiserver.bootstrap.servers import ApiServers
from kubeade.apiserver.seams import Reader, Writer
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_time
from kubeade.store.ledger import LedgerError

_RETRY_AFTER_SECONDS = 1.0
_ATTEMPTS = 8
_ENDPOINTS = frozenset({"Endpoints", "EndpointSlice"})
_OWN_FIELDS = ("subsets", "endpoints", "ports", "addressType")
_log = logging.getLogger(__name__)


async def bootstrap(reader: Reader, writer: Writer, config: ClusterConfig, clock: Clock) -> None:
    """One pass over everything. Raises ApiError."""
    work = _Ensure(reader, writer)
    await work.all_of(namespaces())
    objects = [*kept_objects(config), *first_objects(config), *reconciled_objects(config)]
    await work.all_of(objects)
    await _tell_ready(reader, writer, clock)


class KeptObjects:
    """Watches over system namespaces and the server's own Service. `run` ends only by cancellation.

    Where there may be several `servers`, endpoints are made of those that there are at that moment: servers
    that each wrote what they knew a while ago would correct one another for ever.
    """

    def __init__(
        self, reader: Reader, writer: Writer, config: ClusterConfig, servers: ApiServers | None = None
    ) -> None:
        self._work = _Ensure(reader, writer)
        self._config = config
        self._servers = servers
        self._changed = asyncio.Event()
        if servers is not None:
            self._changed.set()
        for resource, found in kept_objects(config):
            key = (found["metadata"].get("namespace", ""), found["metadata"]["name"])
            reader.subscribe(resource, _Waker(self._changed, key))

    def look_again(self) -> None:
        """Other servers are there than before."""
        self._changed.set()

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._work.all_of(await self._objects())
            except (ApiError, LedgerError) as error:
                # A namespace that is ending refuses new content until it is gone.
                _log.info("putting back what every cluster has: %s; trying again", error)
                await asyncio.sleep(_RETRY_AFTER_SECONDS)
                self._changed.set()

    async def _objects(self) -> list[Placed]:
        """Raises LedgerError."""
        if self._servers is None:
            return kept_objects(self._config)
        return kept_objects(leading_to(self._config, await self._servers.all()))


class _Waker:
    def __init__(self, changed: asyncio.Event, key: tuple[str, str]) -> None:
        self._changed = changed
        self._key = key

    def __call__(self, namespace: str, name: str) -> None:
        if not name or (namespace, name) == self._key:
            self._changed.set()


class _Ensure:
    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def all_of(self, objects: Iterable[Placed]) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._guarded(placed)) for placed in objects]
        for error in filter(None, [task.result() for task in tasks]):
            raise error

    async def _guarded(self, placed: Placed) -> ApiError | None:
        """An object that is refused does not stop the others; the first error is raised after them."""
        try:
            await self._one(placed)
        except ApiError as error:
            return error
        return None

    async def _one(self, placed: Placed) -> None:
        for _ in range(_ATTEMPTS):
            existing = self._existing(*placed)
            try:
                await self._once(*placed, existing)
            except ApiError as error:
                lost = existing is None and self._existing(*placed) is not None
                if not lost and not isinstance(error, AlreadyExists | Conflict):
                    raise
                why = error  # another server was quicker
            else:
                return
        if placed[1]["kind"] not in _ENDPOINTS:  # those are settled by all servers in time
            raise why

    def _existing(self, resource: Resource, expected: Object) -> Object | None:
        metadata = expected["metadata"]
        return self._reader.read(resource, metadata["name"], metadata.get("namespace", ""))

    async def _once(self, resource: Resource, expected: Object, existing: Object | None) -> None:
        if existing is None:
            await self._writer.create(resource, expected)
            return
        changed = _changed(existing, expected)
        if changed is not None:
            await self._writer.update(resource, changed)


def _changed(existing: Object, expected: Object) -> Object | None:
    """What an existing object has to become, or None. Namespaces, the Service and the like are let be."""
    kind = expected["kind"]
    if kind in _ENDPOINTS:
        own = {field: expected[field] for field in _OWN_FIELDS if field in expected}
        return None if _holds(existing, own) else {**existing, **own}
    if kind == "ConfigMap":
        data = {**(existing.get("data") or {}), **expected["data"]}
        return None if data == existing.get("data") else {**existing, "data": data}
    if "annotations" in expected["metadata"]:
        return reconciled(existing, expected)
    return None


def _holds(existing: object, wanted: object) -> bool:
    """Whether all that is wanted is there; defaults that were filled in do not count."""
    if isinstance(wanted, dict):
        return isinstance(existing, dict) and all(_holds(existing.get(k), v) for k, v in wanted.items())
    if isinstance(wanted, list):
        same_length = isinstance(existing, list) and len(existing) == len(wanted)
        return same_length and all(map(_holds, existing, wanted))  # type: ignore[call-overload]
    return existing == wanted


async def _tell_ready(reader: Reader, writer: Writer, clock: Clock) -> None:
    """The range of Service addresses is in use from the start."""
    cidr = reader.read(SERVICE_CIDRS, "kubernetes")
    if cidr is None or (cidr.get("status") or {}).get("conditions"):
        return
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "",
        "message": "Kubernetes default Service CIDR is ready",
        "lastTransitionTime": format_time(clock.now()),
    }
    with suppress(Conflict):  # another server has told it
        await writer.update(SERVICE_CIDRS, {**cidr, "status": {"conditions": [condition]}}, "status")
