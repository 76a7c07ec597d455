"""Which of its names a definition may have, and its conditions: a pure function of all definitions.

Upstream: the naming and establishing controllers of apiextensions-apiserver.
"""

from collections.abc import Iterable
from typing import Any

from kubeade.api.crd.definition import (
    ESTABLISHED,
    NAMES_ACCEPTED,
    TERMINATING,
    condition,
    group,
    storage_version,
)
from kubeade.api.parts import part, parts
from kubeade.api.resource import Object

Names = dict[str, Any]


def status(definition: Object, others: Iterable[Object], now: str) -> Object:
    """The definition's status as it should be. `others` are all definitions; its own is passed over.

    Returns the present status itself where nothing changes, so that the caller writes only changes.
    """
    resources, kinds = _taken(definition, others)
    names, problem = _accepted(definition, resources, kinds)
    accepted = {"type": NAMES_ACCEPTED, "status": "False" if problem else "True"}
    accepted |= problem or {"reason": "NoConflicts", "message": "no conflicts found"}
    old = part(definition, "status")
    conditions = _set(parts(old, "conditions"), accepted, now)
    conditions = _set(conditions, _established(definition, not problem), now)
    new = {"conditions": conditions, "acceptedNames": names, "storedVersions": stored_versions(definition)}
    new = {**old, **new}
    return old if new == old else new


DELETION_PENDING = (
    "InstanceDeletionPending",
    "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
)
DELETION_IN_PROGRESS = ("InstanceDeletionInProgress", "CustomResource deletion is in progress")


def terminating(definition: Object, why: tuple[str, str], now: str) -> Object:
    """The status of a definition under deletion; `why` is a reason and a message."""
    status = part(definition, "status")
    new = {"type": TERMINATING, "status": "True", "reason": why[0], "message": why[1]}
    return {**status, "conditions": _set(parts(status, "conditions"), new, now)}


def stored_versions(definition: Object) -> list[str]:
    """Every version that objects may be kept in: what was, and what is from now on."""
    stored = part(definition, "status").get("storedVersions") or []
    version = storage_version(definition)
    return list(stored) if version in stored or not version else [*stored, version]


def _taken(definition: Object, others: Iterable[Object]) -> tuple[set[str], set[str]]:
    resources: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        same = part(other, "metadata").get("name") == part(definition, "metadata").get("name")
        if same or group(other) != group(definition):
            continue
        names = part(other, "status", "acceptedNames")
        resources.update((names.get("plural", ""), names.get("singular", ""), *names.get("shortNames", ())))
        kinds.update((names.get("kind", ""), names.get("listKind", "")))
    return resources - {""}, kinds - {""}


_CHECKED = (
    ("plural", "PluralConflict"),
    ("singular", "SingularConflict"),
    ("shortNames", "ShortNamesConflict"),
    ("kind", "KindConflict"),
    ("listKind", "ListKindConflict"),
)


def _accepted(definition: Object, resources: set[str], kinds: set[str]) -> tuple[Names, dict[str, str]]:
    wanted, had = part(definition, "spec", "names"), part(definition, "status", "acceptedNames")
    accepted: Names = {**had}
    problem: dict[str, str] = {}
    for field, reason in _CHECKED:
        taken = kinds if field in ("kind", "listKind") else resources
        clash = _clash(wanted.get(field), had.get(field), taken)
        if clash:
            problem = {"reason": reason, "message": clash}
        elif wanted.get(field):
            accepted[field] = wanted[field]
        else:
            accepted.pop(field, None)
    if wanted.get("categories"):
        accepted["categories"] = wanted["categories"]
    else:
        accepted.pop("categories", None)
    return {"plural": "", "kind": "", **accepted}, problem


def _clash(wanted: Any, had: Any, taken: set[str]) -> str:
    if not isinstance(wanted, list):
        return f'"{wanted}" is already in use' if wanted != had and wanted in taken else ""
    found = [f'"{name}" is already in use' for name in wanted if name not in (had or ()) and name in taken]
    return found[0] if len(found) == 1 else f"[{', '.join(found)}]" if found else ""


def _established(definition: Object, accepted: bool) -> dict[str, str]:
    old = condition(definition, ESTABLISHED)
    if old.get("status") == "True" or accepted:
        reason, message = "InitialNamesAccepted", "the initial names have been accepted"
        return {"type": ESTABLISHED, "status": "True", "reason": reason, "message": message}
    reason, message = "NotAccepted", "not all names are accepted"
    return {"type": ESTABLISHED, "status": "False", "reason": reason, "message": message}


def _set(conditions: list[Object], new: dict[str, str], now: str) -> list[Object]:
    """The conditions with one set; its time moves only when its status does."""
    old = next((each for each in conditions if each.get("type") == new["type"]), None)
    if old is None:
        return [*conditions, {**new, "lastTransitionTime": now}]
    time = old.get("lastTransitionTime", now) if old.get("status") == new["status"] else now
    updated = {**old, **new, "lastTransitionTime": time}
    return [updated if each is old else each for each in conditions]
