"""What a deletion does to an object: pure decisions (upstream: registry/rest BeforeDelete, generic store).

An object is removed at once unless somebody must be waited for: a pod's kubelet (its grace period), or
whoever put a finalizer on it. Then only its metadata says that it is being deleted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from kubeade.api.crd.names import DELETION_PENDING, terminating
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.delete_options import DeleteOptions
from kubeade.lib.timestamps import format_time, parse_time

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""Keeps a definition until its objects are gone."""
_DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
_NAMESPACES, _PODS = ("", "namespaces"), ("", "pods")
_ORPHANS_BY_DEFAULT = frozenset({("", "replicationcontrollers"), ("batch", "jobs")})
_WITHOUT_DEPENDENTS = frozenset({("", "events"), ("events.k8s.io", "events")})
_FINISHED = ("Succeeded", "Failed")


class Step(Enum):
    REMOVE = "remove"  # it goes now
    MARK = "mark"  # it is marked and waits
    MARK_AND_REMOVE = "mark and remove"  # watchers see the mark, then it goes
    NOTHING = "nothing"  # it is being deleted already


@dataclass(frozen=True, slots=True)
class Deletion:
    """The step, and the object as it must be written for it."""

    step: Step
    object: Object


def plan_deletion(resource: Resource, obj: Object, options: DeleteOptions, now: datetime) -> Deletion:
    """`obj` is changed in place."""
    metadata = obj["metadata"]
    if metadata.get("deletionTimestamp"):
        return _again(resource, obj, options)
    grace = _grace_seconds(resource, obj, options)
    _set_finalizers(metadata, finalizers_for(resource, metadata, options))
    if _is(resource, _DEFINITIONS) and CLEANUP not in metadata.get("finalizers", ()):
        metadata["finalizers"] = [*metadata.get("finalizers", ()), CLEANUP]
        obj["status"] = terminating(obj, DELETION_PENDING, format_time(now))
    waits = bool(metadata.get("finalizers")) or _namespace_waits(resource, obj)
    if grace is None and not waits:
        return Deletion(Step.REMOVE, obj)
    metadata["deletionTimestamp"] = format_time(now + timedelta(seconds=grace or 0))
    if not (_is(resource, _NAMESPACES) or _is(resource, _DEFINITIONS)):  # these two upstream marks by itself
        _mark(metadata, grace or 0)
    if _is(resource, _NAMESPACES):
        obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
    return Deletion(Step.MARK if waits or grace else Step.MARK_AND_REMOVE, obj)


def finalizers_for(resource: Resource, metadata: Object, options: DeleteOptions) -> list[str]:
    """The finalizers with the garbage collector's own ones as the propagation policy wants them."""
    present = metadata.get("finalizers") or []
    found = [name for name in present if name not in {ORPHAN, FOREGROUND}]
    policy = options.propagation or _policy_of(resource, present)
    if (resource.group, resource.plural) in _WITHOUT_DEPENDENTS:
        return found
    if policy == "Orphan":
        found.append(ORPHAN)
    if policy == "Foreground":
        found.append(FOREGROUND)
    return found


def _policy_of(resource: Resource, finalizers: list[str]) -> str:
    if ORPHAN in finalizers:
        return "Orphan"
    if FOREGROUND in finalizers:
        return "Foreground"
    return "Orphan" if (resource.group, resource.plural) in _ORPHANS_BY_DEFAULT else "Background"


def _again(resource: Resource, obj: Object, options: DeleteOptions) -> Deletion:
    """Deleted once more: a pod's grace may be shortened; what waits for nobody any longer goes."""
    metadata = obj["metadata"]
    if metadata.get("finalizers") or _namespace_waits(resource, obj):
        shortened = _shorten(resource, metadata, options)
        return Deletion(Step.MARK if shortened else Step.NOTHING, obj)
    if not _is_pod(resource) or not metadata.get("deletionGracePeriodSeconds"):
        return Deletion(Step.REMOVE, obj)
    if not _shorten(resource, metadata, options):
        return Deletion(Step.NOTHING, obj)
    return Deletion(Step.MARK if metadata["deletionGracePeriodSeconds"] else Step.MARK_AND_REMOVE, obj)


def _shorten(resource: Resource, metadata: Object, options: DeleteOptions) -> bool:
    before, asked = metadata.get("deletionGracePeriodSeconds"), options.grace_period_seconds
    if not _is_pod(resource) or before is None or asked is None or max(asked, 0) >= before:
        return False
    grace = 1 if asked < 0 else asked
    due = parse_time(metadata["deletionTimestamp"]) + timedelta(seconds=grace - before)
    metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"] = format_time(due), grace
    return True


def _grace_seconds(resource: Resource, obj: Object, options: DeleteOptions) -> int | None:
    """A pod's grace; None for kinds that know none. Where no kubelet has it, there is nobody to wait for."""
    if not _is_pod(resource):
        return None
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in _FINISHED:
        return 0
    grace = options.grace_period_seconds
    if grace is None:
        grace = spec.get("terminationGracePeriodSeconds", 30)
    return 1 if grace < 0 else int(grace)


def _mark(metadata: Object, grace: int) -> None:
    metadata["deletionGracePeriodSeconds"] = grace
    if metadata.get("generation"):
        metadata["generation"] += 1


def _set_finalizers(metadata: Object, finalizers: list[str]) -> None:
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)


def _namespace_waits(resource: Resource, obj: Object) -> bool:
    return _is(resource, _NAMESPACES) and bool((obj.get("spec") or {}).get("finalizers"))


def _is_pod(resource: Resource) -> bool:
    return _is(resource, _PODS)


def _is(resource: Resource, kind: tuple[str, str]) -> bool:
    return (resource.group, resource.plural) == kind
