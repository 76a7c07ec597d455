"""What a node's silence and conditions mean for its taints, and when a pod has to go. Pure.

Upstream: pkg/controller/nodelifecycle and pkg/controller/tainteviction.
"""

from datetime import datetime, timedelta

from kubeade.api.parts import part, parts, text
from kubeade.api.pod_state import condition
from kubeade.api.resource import Object
from kubeade.api.taints import tolerates
from kubeade.lib.timestamps import format_time, parse_time

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
PRESSURE_TAINTS = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
MANAGED = {NOT_READY, UNREACHABLE, UNSCHEDULABLE, *PRESSURE_TAINTS.values()}
SILENT_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


def last_heard(node: Object, lease: Object | None) -> datetime | None:
    """The latest sign of life: the lease's renewal or the Ready condition's heartbeat."""
    ready = condition(node, "Ready") or {}
    lease_time = text(lease, "spec", "renewTime") if lease else ""
    signs = [lease_time, text(ready, "lastHeartbeatTime"), text(node, "metadata", "creationTimestamp")]
    return max((parse_time(sign) for sign in signs if sign), default=None)


def silenced_conditions(node: Object, now: datetime) -> list[Object]:
    """The conditions of a node that nobody hears from any more; empty when they say so already."""
    ready = condition(node, "Ready") or {}
    if ready.get("status") == "Unknown":
        return []
    moment = format_time(now)
    words = {
        "status": "Unknown",
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.",
        "lastTransitionTime": moment,
    }
    known = {one["type"]: one for one in parts(node, "status", "conditions")}
    return [{**known.get(type_, {}), "type": type_, **words} for type_ in SILENT_CONDITIONS]


def is_ready(node: Object) -> bool:
    return (condition(node, "Ready") or {}).get("status") == "True"


def wanted_taints(node: Object, now: datetime, *, evicting: bool) -> list[Object]:
    """All of the node's taints as they should be: others' as they are, ours by its conditions.

    `evicting` is False while no node at all is ready: then it is more likely the network that is at fault,
    and pods have nowhere to go (upstream: full disruption).
    """
    taints = [one for one in parts(node, "spec", "taints") if one.get("key") not in MANAGED]
    current = {(one.get("key"), one.get("effect")): one for one in parts(node, "spec", "taints")}
    for key, effect in _managed(node):
        if effect == "NoExecute" and not evicting:
            continue
        taint = {"key": key, "effect": effect}
        if effect == "NoExecute":
            taint["timeAdded"] = format_time(now)
        taints.append(current.get((key, effect), taint))
    return taints


def _managed(node: Object) -> list[tuple[str, str]]:
    found = []
    ready = (condition(node, "Ready") or {}).get("status")
    if ready in (None, "Unknown") and condition(node, "Ready"):
        found += [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    elif ready == "False":
        found += [(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")]
    elif ready is None:
        found.append((NOT_READY, "NoSchedule"))
    if part(node, "spec").get("unschedulable"):
        found.append((UNSCHEDULABLE, "NoSchedule"))
    for type_, key in PRESSURE_TAINTS.items():
        if (condition(node, type_) or {}).get("status") == "True":
            found.append((key, "NoSchedule"))
    return found


def eviction_delay_seconds(pod: Object, node: Object, now: datetime) -> float | None:
    """How long the pod may still stay on the node; 0 or less: it has to go. None: it may stay for good."""
    taints = [one for one in parts(node, "spec", "taints") if one.get("effect") == "NoExecute"]
    if not taints:
        return None
    delays = []
    for taint in taints:
        matching = [one for one in parts(pod, "spec", "tolerations") if tolerates(one, taint)]
        if not matching:
            return 0.0
        limits = [one["tolerationSeconds"] for one in matching if one.get("tolerationSeconds") is not None]
        if limits:
            since = parse_time(taint["timeAdded"]) if taint.get("timeAdded") else now
            delays.append((since + timedelta(seconds=max(min(limits), 0)) - now).total_seconds())
    return min(delays) if delays else None
