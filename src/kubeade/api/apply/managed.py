"""The entries of metadata.managedFields: who (manager, operation, version, subresource) owns which fields."""

from dataclasses import dataclass, replace
from typing import Any, Final

from kubeade.api.apply import field_set
from kubeade.api.apply.field_set import Fields
from kubeade.api.resource import Object

APPLY: Final = "Apply"
UPDATE: Final = "Update"
MAX_UPDATE_MANAGERS: Final = 10
_OLD_UPDATES = "ancient-changes"


@dataclass(frozen=True, slots=True)
class Manager:
    """Who owns fields. An applier is the same whatever version it applies: its `api_version` is ""."""

    name: str
    operation: str
    api_version: str = ""
    subresource: str = ""

    @classmethod
    def applier(cls, name: str, subresource: str) -> "Manager":
        return cls(name, APPLY, "", subresource)

    def printed(self) -> str:
        """As messages name it: `"kubectl" with subresource "scale" using apps/v1`."""
        subresource = f' with subresource "{self.subresource}"' if self.subresource else ""
        version = f" using {self.api_version}" if self.operation == UPDATE else ""
        return f'"{self.name}"{subresource}{version}'


@dataclass(frozen=True, slots=True)
class Entry:
    """What a manager owns: at which version it spoke last, when, and the fields."""

    api_version: str
    fields: Fields
    time: str = ""

    def owning(self, fields: Fields) -> "Entry":
        return replace(self, fields=fields)

    def to_dict(self, manager: Manager) -> Object:
        entry = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields,
            "subresource": manager.subresource,
        }
        return {name: value for name, value in entry.items() if value or name == "fieldsV1"}


Managed = dict[Manager, Entry]


def entries_of(obj: Object | None) -> list[Object]:
    """An object's managedFields as they stand; empty where there are none."""
    metadata = (obj or {}).get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    return entries if isinstance(entries, list) else []


def decode(entries: list[Any], trusted: list[Any]) -> Managed:
    """The entries by manager. Those that are among `trusted` (the stored object's) are not checked again.

    Raises ValueError or TypeError for an entry that is none.
    """
    managed: Managed = {}
    for index, entry in enumerate(entries):
        if entry not in trusted:
            _check(entry, index)
        fields = entry.get("fieldsV1") or {}
        operation = entry["operation"]
        version = "" if operation == APPLY else entry["apiVersion"]
        manager = Manager(entry.get("manager", ""), operation, version, entry.get("subresource", ""))
        known = fields if entry in trusted else field_set.checked(fields)
        managed[manager] = Entry(entry["apiVersion"], known, entry.get("time") or "")
    return managed


def _check(entry: Any, index: int) -> None:
    if not isinstance(entry, dict) or entry.get("operation") not in (APPLY, UPDATE):
        raise ValueError("operation must be `Apply` or `Update`")
    if not entry.get("apiVersion"):
        raise ValueError("apiVersion must not be empty")
    kind = entry.get("fieldsType")
    if not kind:
        raise ValueError(f"missing fieldsType in managed fields entry {index}")
    if kind != "FieldsV1":
        raise ValueError(f'invalid fieldsType "{kind}" in managed fields entry {index}')


def encode(managed: Managed) -> list[Object]:
    """The entries as they are stored: appliers first, then by time and name."""
    ordered = sorted(managed.items(), key=lambda item: (item[0].operation, item[1].time, *_order(item)))
    return [entry.to_dict(manager) for manager, entry in ordered]


def _order(item: tuple[Manager, Entry]) -> tuple[str, str, str]:
    manager, entry = item
    return manager.name, entry.api_version, manager.subresource


def capped(managed: Managed) -> Managed:
    """At most ten updaters, the oldest of each version merged into one entry: managedFields must not grow."""
    updaters = [manager for manager in managed if manager.operation == UPDATE]
    surplus = len(updaters) - MAX_UPDATE_MANAGERS
    if surplus <= 0:
        return managed
    updaters.sort(key=lambda manager: (managed[manager].time, *_order((manager, managed[manager]))))
    result = dict(managed)
    first_of: dict[str, Manager] = {}
    for manager in updaters:
        version = manager.api_version
        if surplus <= 0:
            break
        if version not in first_of:
            first_of[version] = manager
            continue
        bucket = Manager(_OLD_UPDATES, UPDATE, version)
        if bucket not in result:
            result[bucket] = result.pop(first_of[version])
        entry = managed[manager]
        result[bucket] = entry.owning(field_set.union(entry.fields, result[bucket].fields))
        if manager != bucket:
            result.pop(manager)
        surplus -= 1
    return result


def is_reset(metadata: Object) -> bool:
    """Whether a client asks to forget all managers: `managedFields: []` or `[{}]`."""
    entries = metadata.get("managedFields")
    return isinstance(entries, list) and (not entries or (len(entries) == 1 and not entries[0]))


def same_but_times(old: Object, new: Object) -> bool:
    """Whether two versions of an object differ in nothing but the times in managedFields.

    Such a write is none: the caller keeps the old object, as upstream does.
    """
    before, after = entries_of(old), entries_of(new)
    if len(before) != len(after):
        return False
    timeless = [
        [{k: v for k, v in entry.items() if k != "time"} for entry in side] for side in (before, after)
    ]
    return timeless[0] == timeless[1] and without_entries(old) == without_entries(new)


def without_entries(obj: Object) -> Object:
    """A shallow copy of an object with no managedFields."""
    metadata = {k: v for k, v in (obj.get("metadata") or {}).items() if k != "managedFields"}
    return {**obj, "metadata": metadata}


def with_entries(obj: Object, managed: Managed) -> Object:
    """A shallow copy of an object with these managedFields, or none."""
    bare = without_entries(obj)
    if managed:
        bare["metadata"]["managedFields"] = encode(managed)
    return bare
