"""Keeps metadata.managedFields true: through every create, update and patch, and through server-side apply.

Guarantees: a field has an owner as long as somebody who wrote it has not been overwritten; an applier that
would change another's field is told so, unless it forces; what it stops applying goes, unless another owns
it; a write that changes nothing changes neither owners nor times.

A manager's fields are compared at the version the object is in. Versions of one kind name nearly all their
fields alike, so a manager of another version keeps its fields by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute

from kubeade.api.apply import check, field_set, last_applied
from kubeade.api.apply.compare import Comparison, compare
from kubeade.api.apply.conflicts import ApplyConflict, conflicts_of
from kubeade.api.apply.field_set import Fields
from kubeade.api.apply.managed import (
    UPDATE,
    Entry,
    Managed,
    Manager,
    capped,
    decode,
    entries_of,
    is_reset,
    with_entries,
    without_entries,
)
from kubeade.api.apply.merge import merge
from kubeade.api.apply.owned_fields import to_field_set
from kubeade.api.apply.prune import prune
from kubeade.api.apply.reconcile import reconciled
from kubeade.api.apply.shape import Shape, shape_of
from kubeade.api.errors import ApiError, BadRequest
from kubeade.api.patch.json_value import copied, same
from kubeade.api.resource import Object, split_api_version
from kubeade.api.schema_node import Node

BEFORE_FIRST_APPLY = "before-first-apply"

_UNTRACKED = field_set.of_paths(
    ("apiVersion",),
    ("kind",),
    ("metadata",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "creationTimestamp"),
    ("metadata", "selfLink"),
    ("metadata", "uid"),
    ("metadata", "clusterName"),
    ("metadata", "generation"),
    ("metadata", "managedFields"),
    ("metadata", "resourceVersion"),
)


@dataclass(frozen=True, slots=True)
class FieldManager:
    """The owners' book for one kind at one version, seen from one subresource ("" for the object itself).

    `reset_fields` are the fields that a write here cannot change (status, for an object that has the status
    subresource; spec, for that subresource): nobody comes to own them. See `field_set.of_paths`.
    """

    node: Node
    api_version: str
    kind: str
    subresource: str = ""
    reset_fields: Fields = attribute(default_factory=dict)

    def update(self, live: Object | None, new: Object, manager: str, time: str) -> Object:
        """`new` with the managedFields that follow from this create, update or (non-apply) patch.

        `live` is None for a create. `time` is now, as RFC 3339 in seconds. Never raises for what a client
        wrote into managedFields: entries that are none give way to the live object's.
        """
        managed = self._decoded(live, new)
        if live is not None and not managed and not _tells_owners(new):
            return without_entries(new)
        comparison = self._compare(live, new)
        if comparison.is_same():
            return with_entries(new, managed)
        updater = Manager(manager or "unknown", UPDATE, self.api_version, self.subresource)
        return with_entries(new, capped(self._updated(managed, comparison, updater, time)))

    def apply(self, live: Object | None, config: Object, manager: str, force: bool, time: str) -> Object:
        """The live object with a configuration applied and its managedFields brought up to date.

        `live` is None where the object does not exist yet. The result is neither defaulted nor validated;
        it shares nothing with `live` and `config` but the fields of owners. Raises ApplyConflict, BadRequest,
        or ApiError (500, as upstream answers) for a configuration that does not fit the schema.
        """
        self._check(config)
        current = live if live is not None else self._empty(config)
        managed = self._decoded_entries(entries_of(live), entries_of(live))
        if live is not None and not entries_of(live):
            managed = self._before_first_apply(live, time)
        managed = {who: entry.owning(reconciled(entry.fields, self._shape)) for who, entry in managed.items()}
        bare = without_entries(current)
        applier = Manager.applier(manager, self.subresource)
        try:
            applied, managed = self._applied(bare, config, managed, applier, force)
        except ApplyConflict as conflict:
            if manager != last_applied.KUBECTL:
                raise
            self._raise_unless_own(conflict, bare)
            applied, managed = self._applied(bare, config, managed, applier, force=True)
        changed = live is None or not same(applied, bare)
        if changed and applier in managed:
            managed[applier] = replace(managed[applier], time=time)
        if manager == last_applied.KUBECTL:
            applied = last_applied.with_annotation(applied, config)
        return with_entries(copied(applied), managed)

    @property
    def _shape(self) -> Shape:
        return shape_of(self.node)

    def _empty(self, config: Object) -> Object:
        return {"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": {}}

    def _decoded(self, live: Object | None, new: Object) -> Managed:
        """The entries to start from: the client's, who may edit them, or else the live object's."""
        stored = entries_of(live)
        if not self.subresource:
            if is_reset(new.get("metadata") or {}):
                return {}
            entries = entries_of(new)
            if entries and self._is_readable(entries, stored):
                return self._decoded_entries(entries, stored)
        return self._decoded_entries(stored, stored)

    def _is_readable(self, entries: list[Object], trusted: list[Object]) -> bool:
        try:
            decode(entries, trusted)
        except (ValueError, TypeError, AttributeError):
            return False
        return True

    def _decoded_entries(self, entries: list[Object], trusted: list[Object]) -> Managed:
        """Fields of another group's version say nothing about this kind: those entries are forgotten."""
        try:
            managed = decode(entries, trusted)
        except (ValueError, TypeError, AttributeError):
            return {}
        group = split_api_version(self.api_version)[0]
        return {
            who: entry for who, entry in managed.items() if split_api_version(entry.api_version)[0] == group
        }

    def _compare(self, live: Object | None, new: Object) -> Comparison:
        before = without_entries(live) if live is not None else {}
        return compare(before, without_entries(new), self._shape).without(self.reset_fields)

    def _updated(self, managed: Managed, comparison: Comparison, updater: Manager, time: str) -> Managed:
        written = comparison.written
        result = _taken_over(managed, written, comparison.removed)
        mine = field_set.difference(written, _UNTRACKED)
        if mine:
            previous = result.get(updater)
            fields = field_set.union(mine, previous.fields) if previous else mine
            result[updater] = Entry(self.api_version, fields, time)
        return result

    def _before_first_apply(self, live: Object, time: str) -> Managed:
        """Who owns what in an object that nobody tracked so far."""
        bare = without_entries(live)
        updater = Manager(BEFORE_FIRST_APPLY, UPDATE, self.api_version, self.subresource)
        return self._updated({}, self._compare(None, bare), updater, time)

    def _check(self, config: Object) -> None:
        kind, version = str(config.get("kind", "")), str(config.get("apiVersion", ""))
        if (kind, version) != (self.kind, self.api_version):
            raise BadRequest(f"invalid object type: {_kind_of(config)}")
        metadata = config.get("metadata")
        if isinstance(metadata, Mapping) and metadata.get("managedFields") is not None:
            raise BadRequest("metadata.managedFields must be nil")
        errors = check.errors_of(config, self._shape)
        if errors:
            raise ApiError(f"failed to create typed patch object ({_named(config)}): {check.message(errors)}")

    def _applied(
        self, live: Object, config: Object, managed: Managed, applier: Manager, force: bool
    ) -> tuple[Object, Managed]:
        """The merged object and its owners. Raises ApplyConflict, ApiError."""
        try:
            merged = merge(live, config, self._shape)
        except ValueError as error:
            raise ApiError(f"failed to create typed live object ({_named(live)}): {error}") from error
        fields = field_set.without(to_field_set(config, self._shape), self.reset_fields)
        last = managed.get(applier)
        owners = {**managed, applier: Entry(self.api_version, fields, last.time if last else "")}
        if last is not None and last.fields:
            merged = prune(merged, last.fields, (entry.fields for entry in owners.values()), self._shape)
        comparison = compare(live, merged, self._shape).without(self.reset_fields)
        written = comparison.written
        disputed = _disputed(owners, written, applier)
        if disputed and not force:
            raise ApplyConflict(conflicts_of(disputed))
        others = {manager: entry for manager, entry in owners.items() if manager != applier}
        result = _taken_over(others, written, comparison.removed)
        mine = field_set.difference(fields, _UNTRACKED)
        if mine:
            result[applier] = owners[applier].owning(mine)
        return merged, result

    def _raise_unless_own(self, conflict: ApplyConflict, live: Object) -> None:
        allowed = last_applied.allowed_conflicts(live, self.api_version, self._shape)
        foreign = [each for each in conflict.conflicts if not field_set.has(allowed, each.path)]
        if foreign:
            raise ApplyConflict(foreign) from conflict


def _tells_owners(obj: Object) -> bool:
    return bool(entries_of(obj)) and not is_reset(obj.get("metadata") or {})


def _disputed(owners: Managed, written: Fields, applier: Manager) -> dict[Manager, Fields]:
    disputed = {
        manager: field_set.intersection(entry.fields, written)
        for manager, entry in owners.items()
        if manager != applier
    }
    return {manager: fields for manager, fields in disputed.items() if fields}


def _taken_over(managed: Managed, written: Fields, removed: Fields) -> Managed:
    """The owners after a write: what was written or removed is theirs no longer."""
    result: Managed = {}
    for manager, entry in managed.items():
        fields = field_set.difference(field_set.difference(entry.fields, written), removed)
        if fields:
            result[manager] = entry.owning(fields)
    return result


def _named(obj: Object) -> str:
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return f"{metadata.get('namespace', '')}/{metadata.get('name', '')}; {_kind_of(obj)}"


def _kind_of(obj: Object) -> str:
    group, version = split_api_version(str(obj.get("apiVersion", "")))
    return f"{group}/{version}, Kind={obj.get('kind', '')}"
