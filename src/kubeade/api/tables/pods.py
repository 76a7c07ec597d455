"""How a pod is printed: ready containers, the one word that says how it is, restarts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.tables.column import Cells, printer
from kubeade.api.tables.formats import NONE, age, container_names, human_duration, labels, moment_of, name_of

_COMPLETED = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


@dataclass(slots=True)
class _Tally:
    """What one pass over container statuses adds up."""

    ready: int = 0
    restarts: int = 0
    last_restart: datetime | None = None

    def add_restarts(self, status: Object) -> None:
        self.restarts += number(status, "restartCount")
        finished = moment_of(part(status, "lastState", "terminated").get("finishedAt"))
        if finished is not None and (self.last_restart is None or finished > self.last_restart):
            self.last_restart = finished


def pod_cells(pod: Object, now: datetime) -> Cells:
    spec, status = part(pod, "spec"), part(pod, "status")
    reason, tally = _summary(pod)
    total = len(parts(spec, "containers")) + len(_sidecars(spec))
    pod_ips = parts(status, "podIPs")
    return [
        name_of(pod),
        f"{tally.ready}/{total}",
        reason,
        _restarts(tally, now),
        age(pod, now),
        (text(pod_ips[0], "ip") if pod_ips else "") or NONE,
        text(spec, "nodeName") or NONE,
        text(status, "nominatedNodeName") or NONE,
        _readiness_gates(spec, status),
    ]


def pod_row_conditions(pod: Object) -> list[Object]:
    """A finished pod's row says so, so that clients can leave it out."""
    phase = text(pod, "status", "phase")
    if phase not in _COMPLETED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _COMPLETED[phase]}]


def _restarts(tally: _Tally, now: datetime) -> str:
    if tally.restarts and tally.last_restart is not None:
        return f"{tally.restarts} ({human_duration(now - tally.last_restart)} ago)"
    return str(tally.restarts)


def _summary(pod: Object) -> tuple[str, _Tally]:
    status = part(pod, "status")
    phase = text(status, "phase")
    reason = text(status, "reason") or phase
    if _condition(status, "PodScheduled").get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    init_reason, tally, sidecars = _init_containers(pod)
    if init_reason:
        reason = init_reason
    if not init_reason or _condition(status, "Initialized").get("status") == "True":
        reason = _containers(status, reason, sidecars)
        tally = sidecars
    if part(pod, "metadata").get("deletionTimestamp") is not None:
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif phase not in _COMPLETED:
            reason = "Terminating"
    return reason, tally


def _sidecars(spec: Object) -> set[str]:
    """Names of the init containers that go on running."""
    return {text(c, "name") for c in parts(spec, "initContainers") if c.get("restartPolicy") == "Always"}


def _init_containers(pod: Object) -> tuple[str, _Tally, _Tally]:
    """Why initialization is not over (empty: it is), the tally over all, and over sidecars alone."""
    spec = part(pod, "spec")
    names, everything, sidecars = _sidecars(spec), _Tally(), _Tally()
    total = len(parts(spec, "initContainers"))
    for index, status in enumerate(parts(pod, "status", "initContainerStatuses")):
        everything.add_restarts(status)
        sidecar = text(status, "name") in names
        if sidecar:
            sidecars.add_restarts(status)
        terminated = part(status, "state").get("terminated")
        if isinstance(terminated, dict) and number(terminated, "exitCode") == 0:
            continue
        if sidecar and status.get("started"):
            sidecars.ready += bool(status.get("ready"))
            everything.ready = sidecars.ready
            continue
        return _init_reason(part(status, "state"), index, total), everything, sidecars
    return "", everything, sidecars


def _init_reason(state: Object, index: int, total: int) -> str:
    if isinstance(terminated := state.get("terminated"), dict):
        return "Init:" + _exit_reason(terminated)
    waiting = text(state, "waiting", "reason")
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{index}/{total}"


def _exit_reason(terminated: Object) -> str:
    if reason := text(terminated, "reason"):
        return reason
    if signal := number(terminated, "signal"):
        return f"Signal:{signal}"
    return f"ExitCode:{number(terminated, 'exitCode')}"


def _containers(status: Object, reason: str, tally: _Tally) -> str:
    """The word for the containers as a whole; the first in the list has the last say."""
    running, error = False, ""
    for container in reversed(parts(status, "containerStatuses")):
        tally.add_restarts(container)
        state = part(container, "state")
        waiting = text(state, "waiting", "reason")
        terminated: Any = state.get("terminated")
        if waiting:
            reason = waiting
        elif isinstance(terminated, dict):
            reason = _exit_reason(terminated)
            error = reason if number(terminated, "exitCode") else error
        elif container.get("ready") and state.get("running") is not None:
            running = True
            tally.ready += 1
    if reason != "Completed":
        return reason
    if running and _condition(status, "Ready").get("status") == "True":
        return "Running"
    return error or ("NotReady" if running else reason)


def _condition(status: Object, kind: str) -> Object:
    return next((c for c in parts(status, "conditions") if c.get("type") == kind), {})


def _readiness_gates(spec: Object, status: Object) -> str:
    gates = parts(spec, "readinessGates")
    if not gates:
        return NONE
    true = sum(_condition(status, text(g, "conditionType")).get("status") == "True" for g in gates)
    return f"{true}/{len(gates)}"


def pod_template_cells(template: Object, _now: datetime) -> Cells:
    names, images = container_names(part(template, "template", "spec"))
    return [name_of(template), names, images, labels(part(template, "template", "metadata", "labels"))]


POD = printer(pod_cells, "Name|Ready|Status|Restarts|Age", "+IP|+Node|+Nominated Node|+Readiness Gates")
POD_TEMPLATE = printer(pod_template_cells, "Name|Containers|Images|Pod Labels")
