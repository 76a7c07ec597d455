"""Which custom kinds are served at this moment, and their rules.

A definition that is established is served from the moment its write is acknowledged: the cache tells of it
first. So it is with a changed schema, and with a kind that goes: its watches end, and then there is no such
resource.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubeade.api.catalogue import Catalogue
from kubeade.api.errors import Forbidden
from kubeade.api.resource import Object, Resource
from kubeade.api.resources import CUSTOM_RESOURCE_DEFINITIONS
from kubeade.api.schema import Schema
from kubeade.apiserver.custom_resources.conversion import Conversions
from kubeade.apiserver.encoding import decode_object
from kubeade.apiserver.storage import Storage, resource_prefix
from kubeade.store.ledger import Record

if TYPE_CHECKING:
    from kubeade.api.crd.custom_resource import CustomResource
    from kubeade.api.tables.column import Printer

_TERMINATING = "create not allowed while custom resource definition is terminating"


@dataclass(slots=True)
class _Served:
    """One version; objects written up to the revision `since` may not know its schema yet."""

    custom: "CustomResource"
    since: int
    printer: "Printer | None" = None
    terminating: bool = False


class CustomResources:
    """The custom kinds of this moment. Their rules are only loaded when there are any."""

    def __init__(
        self, storage: Storage, catalogue: Catalogue, schema: Schema, conversions: Conversions
    ) -> None:
        self._storage = storage
        self._catalogue = catalogue
        self._schema = schema
        self._conversions = conversions
        self._served: dict[Resource, _Served] = {}
        self._by_definition: dict[str, list[Resource]] = {}
        storage.subscribe(CUSTOM_RESOURCE_DEFINITIONS, self._changed)

    def find(self, resource: Resource) -> "CustomResource | None":
        """The kind's rules; None for a built-in one."""
        served = self._served.get(resource)
        return None if served is None else served.custom

    def outdated(self, resource: Resource, revision: int) -> "CustomResource | None":
        """The rules that an object last written at `revision` has not been held to; None where there are
        none. (A write that was under way while its schema changed may be taken for a later one.)"""
        served = self._served.get(resource)
        return None if served is None or revision > served.since else served.custom

    def conversion(self, resource: Resource) -> Object | None:
        """The webhook that converts objects of this kind; None where only their apiVersion is exchanged."""
        served = self._served.get(resource)
        return None if served is None else served.custom.conversion or None

    async def convert(self, webhook: Object, objects: list[Object], target: Resource) -> list[Object]:
        """Objects of other versions in the target's. Raises ConversionFailed."""
        return await self._conversions.convert(webhook, objects, target, self.find(target))

    async def in_version(self, obj: Object, target: Resource) -> Object:
        """A custom object of any version in the target's. Raises ConversionFailed."""
        if obj["apiVersion"] == target.api_version:
            return obj
        webhook = self._conversion_of(target)
        if webhook is None:
            return {**obj, "apiVersion": target.api_version}
        (converted,) = await self.convert(webhook, [obj], target)
        return converted

    def _conversion_of(self, target: Resource) -> Object | None:
        """The target may be a version that is stored and not served."""
        served = self._by_definition.get(f"{target.plural}.{target.group}")
        return self.conversion(served[0]) if served else None

    def printer(self, resource: Resource) -> "Printer | None":
        """How a custom kind is shown in tables."""
        served = self._served.get(resource)
        if served is None:
            return None
        if served.printer is None:
            from kubeade.api.tables.custom import custom_printer

            served.printer = custom_printer(served.custom.columns)
        return served.printer

    def check_creation(self, resource: Resource, name: str) -> None:
        """Raises Forbidden while the definition is being deleted."""
        served = self._served.get(resource)
        if served is not None and served.terminating:
            plural = f"{resource.plural}.{resource.group}"
            raise Forbidden(f'{plural} "{name}" is forbidden: {_TERMINATING}')

    # -- following ---------------------------------------------------------------------------------

    def _changed(self, _: str, name: str) -> None:
        if name:
            self._follow(name, self._storage.find(CUSTOM_RESOURCE_DEFINITIONS, name))
            return
        there = {record.key: record for record in self._storage.range(CUSTOM_RESOURCE_DEFINITIONS)}
        found = {key.rpartition(b"/")[2].decode(): record for key, record in there.items()}
        for each in {**dict.fromkeys(self._by_definition), **found}:
            self._follow(each, found.get(each))

    def _follow(self, name: str, record: Record | None) -> None:
        """Bring what is served in line with one definition."""
        definition = None if record is None else decode_object(record.value)
        wanted = {custom.resource: custom for custom in _wanted(definition)}
        for resource in self._by_definition.pop(name, ()):
            if resource not in wanted:
                self._withdraw(resource)
        if record is None or definition is None or not wanted:
            return
        self._by_definition[name] = list(wanted)
        for resource, custom in wanted.items():
            self._serve(custom, record.mod_revision)
            self._served[resource].terminating = bool(definition["metadata"].get("deletionTimestamp"))

    def _serve(self, custom: "CustomResource", since: int) -> None:
        served = self._served.get(custom.resource)
        if served is not None and served.custom == custom:
            return
        self._served[custom.resource] = _Served(custom, since)
        self._schema.add(custom.resource, custom.schema)
        self._catalogue.add(custom.type)

    def _withdraw(self, resource: Resource) -> None:
        served = self._served.pop(resource)
        self._catalogue.remove(served.custom.type)
        self._schema.remove(resource)
        self._storage.cache.end_subscriptions(resource_prefix(resource.group, resource.plural))


def _wanted(definition: Object | None) -> "list[CustomResource]":
    if definition is None:
        return []
    from kubeade.api.crd.custom_resource import custom_resources
    from kubeade.api.crd.definition import is_established

    return custom_resources(definition) if is_established(definition) else []
