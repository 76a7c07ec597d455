"""Devices: since when they are tainted, and what a claim's status says of devices that it no longer has."""

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object

_IDENTITY = ("driver", "pool", "device", "shareID")


def date_slice_taints(found: Object, now: str) -> None:
    """Taints of a ResourceSlice's devices begin now, where nothing else is said."""
    for device in parts(found, "spec", "devices"):
        for taint in parts(device, "taints"):
            taint.setdefault("timeAdded", now)


def date_rule_taint(rule: Object, old: Object | None, now: str) -> None:
    """A DeviceTaintRule's taint begins when its effect does."""
    taint, before = part(rule, "spec", "taint"), part(old, "spec", "taint")
    same_time = taint.get("timeAdded") == before.get("timeAdded")
    if not taint.get("timeAdded") or (before and same_time and taint.get("effect") != before.get("effect")):
        taint["timeAdded"] = now


def drop_deallocated_devices(claim: Object, old: Object) -> None:
    """What drivers told of devices goes with the devices."""
    gone = _allocated(old) - _allocated(claim)
    status = part(claim, "status")
    kept = [each for each in parts(status, "devices") if _identity(each) not in gone]
    if kept:
        status["devices"] = kept
    else:
        status.pop("devices", None)


def _allocated(claim: Object) -> set[tuple[str, ...]]:
    return {_identity(each) for each in parts(claim, "status", "allocation", "devices", "results")}


def _identity(device: Object) -> tuple[str, ...]:
    return tuple(text(device, key) for key in _IDENTITY)
