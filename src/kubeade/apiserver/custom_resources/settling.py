"""The loop that settles definitions: accepts or refuses their names, and empties those that go.

Upstream has a controller for each (naming, establishing, finalizing). A definition under deletion keeps its
finalizer until its last object is gone; objects with finalizers of their own are waited for.
"""

import asyncio
import logging
from contextlib import suppress

from kubeade.api.crd import definition as definitions
from kubeade.api.crd import names
from kubeade.api.errors import ApiError
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CUSTOM_RESOURCE_DEFINITIONS
from kubeade.apiserver.delete_options import DeleteOptions
from kubeade.apiserver.deletion import CLEANUP, Step, plan_deletion
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.seams import Writer
from kubeade.apiserver.storage import Storage
from kubeade.apiserver.writer import LOOPBACK
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_time
from kubeade.store.ledger import LedgerError, Record, RevisionMismatch

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.25
_AT_ONCE = 64


class Settling:
    """Create it before the cache is started: it hears of every definition from the cache."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._pending: set[str] = set()
        self._wakeup = asyncio.Event()
        storage.subscribe(CUSTOM_RESOURCE_DEFINITIONS, self._changed)

    async def run(self, writer: Writer) -> None:
        """Ends only by cancellation."""
        while True:
            await self._wakeup.wait()
            self._wakeup.clear()
            pending, self._pending = self._pending, set()
            for name in sorted(pending):
                if not await self._settle(name, writer):
                    asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._queue, name)

    def _changed(self, _: str, name: str) -> None:
        if not name:
            for each in self._definitions():
                self._queue(each["metadata"]["name"])
            return
        self._queue(name)

    def _queue(self, name: str) -> None:
        self._pending.add(name)
        self._wakeup.set()

    def _definitions(self) -> list[Object]:
        return list(self._storage.read_all(CUSTOM_RESOURCE_DEFINITIONS))

    async def _settle(self, name: str, writer: Writer) -> bool:
        """True when nothing is left to do until the definition changes."""
        definition = self._storage.read(CUSTOM_RESOURCE_DEFINITIONS, name)
        if definition is None:
            self._tell_rivals(name)
            return True
        try:
            if definition["metadata"].get("deletionTimestamp"):
                return await self._clean_up(definition, writer)
            await self._accept_names(definition, writer)
        except (ApiError, LedgerError) as error:
            _log.debug("definition %s is not settled yet: %s", name, error)
            return False
        return True

    def _tell_rivals(self, name: str) -> None:
        """Others of its group may have waited for its names. (A definition is called plural.group.)"""
        group = name.partition(".")[2]
        for each in self._definitions():
            accepted = definitions.condition(each, definitions.NAMES_ACCEPTED).get("status") == "True"
            if definitions.group(each) == group and not accepted:
                self._queue(each["metadata"]["name"])

    async def _accept_names(self, definition: Object, writer: Writer) -> None:
        status = names.status(definition, self._definitions(), self._now())
        if status != definition.get("status"):
            await writer.update(CUSTOM_RESOURCE_DEFINITIONS, {**definition, "status": status}, "status")
            self._tell_rivals(definition["metadata"]["name"])

    # -- deletion ----------------------------------------------------------------------------------

    async def _clean_up(self, definition: Object, writer: Writer) -> bool:
        """Delete all objects of a definition that is going; when none is left, let it go."""
        finalizers = definition["metadata"].get("finalizers") or []
        if CLEANUP not in finalizers:
            return True
        status = names.terminating(definition, names.DELETION_IN_PROGRESS, self._now())
        if status != definition.get("status"):
            changed = {**definition, "status": status}
            definition = await writer.update(CUSTOM_RESOURCE_DEFINITIONS, changed, "status")
        if not await self._empty(definitions.resource(definition, definitions.storage_version(definition))):
            return False
        metadata = {**definition["metadata"], "finalizers": [each for each in finalizers if each != CLEANUP]}
        await writer.update(CUSTOM_RESOURCE_DEFINITIONS, {**definition, "metadata": metadata})
        return True

    async def _empty(self, resource: Resource) -> bool:
        """Whether all objects are gone. Straight from the ledger: they may be in no served version."""
        if not resource.plural:
            return True
        found = list(self._storage.range(resource))
        for start in range(0, len(found), _AT_ONCE):
            batch = found[start : start + _AT_ONCE]
            await asyncio.gather(*(self._remove(resource, record) for record in batch))
        return next(iter(self._storage.range(resource)), None) is None

    async def _remove(self, resource: Resource, record: Record) -> None:
        plan = plan_deletion(resource, decode_object(record.value), DeleteOptions(), self._clock.now())
        with suppress(RevisionMismatch):  # it is looked at again until it is gone
            if plan.step is Step.MARK:
                await self._storage.update(record, plan.object, LOOPBACK.name)
            elif plan.step is not Step.NOTHING:
                await self._storage.delete(record, LOOPBACK.name)

    def _now(self) -> str:
        return format_time(self._clock.now())
