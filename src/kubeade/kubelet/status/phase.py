"""The phase of a pod from the states of its containers."""

from collections import Counter
from collections.abc import Mapping

from kubeade.api.resource import Object
from kubeade.kubelet import pods


def phase(pod: Object, statuses: Mapping[str, Object], *, terminal: bool, initialized: bool) -> str:
    """Pending, Running, Succeeded or Failed. `terminal`: nothing will be started again."""
    init = _count_init(pod, statuses)
    sidecars = _count_sidecars(pod, statuses)
    apps = _count_apps(pod, statuses)
    if init["failed for good"]:
        return "Failed"
    unknown = sidecars["unknown"] + apps["unknown"]
    running = sidecars["running"] + apps["running"]
    waiting = sidecars["waiting"] + apps["waiting"]
    if init["pending"] or (sidecars["pending"] and not initialized) or waiting:
        return "Pending"
    if unknown:
        return "Pending"
    if running:
        return "Running"
    if apps["stopped"]:
        return _phase_of_stopped(apps, terminal=terminal)
    return "Pending"


def _phase_of_stopped(apps: Counter[str], *, terminal: bool) -> str:
    if not terminal and apps["stopped"] != apps["stopped for good"]:
        return "Running"
    return "Succeeded" if apps["stopped"] == apps["succeeded"] else "Failed"


def _count_init(pod: Object, statuses: Mapping[str, Object]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for container in pods.init_containers(pod):
        if pods.is_sidecar(container):
            continue
        terminated = _terminated(statuses.get(container["name"]))
        if terminated is None:
            counts["pending"] += 1
        elif terminated["exitCode"] != 0 and not pods.should_restart(container, pod, terminated["exitCode"]):
            counts["failed for good"] += 1
    return counts


def _count_sidecars(pod: Object, statuses: Mapping[str, Object]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for container in pods.init_containers(pod):
        if not pods.is_sidecar(container):
            continue
        status = statuses.get(container["name"])
        state = (status or {}).get("state") or {}
        if status is None:
            counts["unknown"] += 1
        elif "running" in state:
            counts["running"] += 1
            counts["pending"] += not status.get("started")
        elif _terminated(status) is None:
            counts["pending"] += 1
            counts["waiting"] += 1
    return counts


def _count_apps(pod: Object, statuses: Mapping[str, Object]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for container in pods.app_containers(pod):
        status = statuses.get(container["name"])
        terminated = _terminated(status)
        if status is None:
            counts["unknown"] += 1
        elif "running" in (status.get("state") or {}):
            counts["running"] += 1
        elif terminated is not None:
            counts["stopped"] += 1
            counts["succeeded"] += terminated["exitCode"] == 0 and "terminated" in status["state"]
            counts["stopped for good"] += not pods.should_restart(container, pod, terminated["exitCode"])
        else:
            counts["waiting"] += 1
    return counts


def _terminated(status: Object | None) -> Object | None:
    """How the container ended: now, or the last time if it waits to start again."""
    if status is None:
        return None
    state = status.get("state") or {}
    if "terminated" in state:
        ended: Object = state["terminated"]
        return ended
    if "waiting" in state:
        return (status.get("lastState") or {}).get("terminated")
    return None
