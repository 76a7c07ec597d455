"""Serves what CustomResourceDefinitions define: they come, change and go while the server runs.

A definition that is established is served from the moment its write is acknowledged: the cache tells of it
first. Beside that runs one loop (upstream has a controller for each): it accepts or refuses a definition's
names, and empties and lets go of a definition that is being deleted.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from kubeade.api.catalogue import Catalogue
from kubeade.api.errors import ApiError
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CUSTOM_RESOURCE_DEFINITIONS
from kubeade.api.schema import Schema
from kubeade.apiserver.deletion import CLEANUP
from kubeade.apiserver.storage import Storage
from kubeade.apiserver.writer import PipelineWriter
from kubeade.lib.clock import Clock
from kubeade.lib.timestamps import format_time

if TYPE_CHECKING:
    from kubeade.api.crd.custom_resource import CustomResource
    from kubeade.api.tables.column import Printer

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 0.5


class CustomResources:
    """The custom kinds of this moment. Their rules are only loaded when there are any."""

    def __init__(self, storage: Storage, catalogue: Catalogue, schema: Schema, clock: Clock) -> None:
        self._storage = storage
        self._catalogue = catalogue
        self._schema = schema
        self._clock = clock
        self._served: dict[str, list[CustomResource]] = {}
        self._found: dict[Resource, CustomResource] = {}
        self._printers: dict[Resource, Printer] = {}
        self._pending: set[str] = set()
        self._wakeup = asyncio.Event()
        storage.subscribe(CUSTOM_RESOURCE_DEFINITIONS, self._changed)

    def find(self, resource: Resource) -> "CustomResource | None":
        """The kind's rules; None for a built-in one."""
        return self._found.get(resource)

    def printer(self, resource: Resource) -> "Printer | None":
        """How a custom kind is shown in tables."""
        custom = self._found.get(resource)
        if custom is None:
            return None
        printer = self._printers.get(resource)
        if printer is None:
            from kubeade.api.tables.custom import custom_printer

            printer = self._printers[resource] = custom_printer(custom.columns)
        return printer

    async def run(self, writer: PipelineWriter) -> None:
        """Settle names and deletions. Ends only by cancellation."""
        while True:
            await self._wakeup.wait()
            self._wakeup.clear()
            pending, self._pending = self._pending, set()
            for name in sorted(pending):
                if not await self._settle(name, writer):
                    asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._queue, name)

    # -- following ---------------------------------------------------------------------------------

    def _changed(self, _: str, name: str) -> None:
        names = [name] if name else [*self._served, *self._names()]
        for each in dict.fromkeys(names):
            self._serve(each)
            self._queue(each)

    def _queue(self, name: str) -> None:
        self._pending.add(name)
        self._wakeup.set()

    def _names(self) -> list[str]:
        return [found["metadata"]["name"] for found in self._definitions()]

    def _definitions(self) -> list[Object]:
        return list(self._storage.read_all(CUSTOM_RESOURCE_DEFINITIONS))

    def _serve(self, name: str) -> None:
        """Bring the catalogue in line with one definition."""
        from kubeade.api.crd.custom_resource import custom_resources
        from kubeade.api.crd.definition import is_established

        definition = self._storage.read(CUSTOM_RESOURCE_DEFINITIONS, name)
        established = definition is not None and is_established(definition)
        wanted = custom_resources(definition) if definition is not None and established else []
        before = self._served.get(name, [])
        for custom in before:
            if custom not in wanted:
                self._withdraw(custom)
        for custom in wanted:
            if custom not in before:
                self._found[custom.resource] = custom
                self._schema.add(custom.resource, custom.schema)
                self._catalogue.add(custom.type)
        if wanted:
            self._served[name] = wanted
        else:
            self._served.pop(name, None)
        if definition is None:  # others may have waited for its names
            group = name.partition(".")[2]
            for each in self._definitions():
                if each["spec"]["group"] == group:
                    self._queue(each["metadata"]["name"])

    def _withdraw(self, custom: "CustomResource") -> None:
        self._found.pop(custom.resource, None)
        self._printers.pop(custom.resource, None)
        self._catalogue.remove(custom.type)
        self._schema.remove(custom.resource)

    # -- settling ----------------------------------------------------------------------------------

    async def _settle(self, name: str, writer: PipelineWriter) -> bool:
        """True when nothing is left to do until the definition changes."""
        definition = self._storage.read(CUSTOM_RESOURCE_DEFINITIONS, name)
        if definition is None:
            return True
        try:
            if definition["metadata"].get("deletionTimestamp"):
                return await self._clean_up(definition, writer)
            await self._accept_names(definition, writer)
        except ApiError as error:
            _log.debug("definition %s is not settled yet: %s", name, error)
            return False
        return True

    async def _accept_names(self, definition: Object, writer: PipelineWriter) -> None:
        from kubeade.api.crd import names

        now = format_time(self._clock.now())
        status = names.status(definition, self._definitions(), now)
        if status != definition.get("status"):
            await writer.update(CUSTOM_RESOURCE_DEFINITIONS, {**definition, "status": status}, "status")

    async def _clean_up(self, definition: Object, writer: PipelineWriter) -> bool:
        """Delete all objects of a definition that is going; when none is left, let it go."""
        finalizers = definition["metadata"].get("finalizers") or []
        if CLEANUP not in finalizers:
            return True
        served = self._served.get(definition["metadata"]["name"])
        if served:
            stored = served[0].type.storage
            await writer.delete_all(served[0].resource)
            if stored is not None and next(iter(self._storage.range(stored)), None) is not None:
                return False
        metadata = {**definition["metadata"], "finalizers": [each for each in finalizers if each != CLEANUP]}
        await writer.update(CUSTOM_RESOURCE_DEFINITIONS, {**definition, "metadata": metadata})
        return True
