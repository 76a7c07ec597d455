"""The conditions of a pod that the kubelet owns; all others are kept as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kubeade.api.resource import Object
from kubeade.kubelet import pods
from kubeade.lib.timestamps import format_time

OWNED = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
    "PodResizePending",
    "PodResizeInProgress",
)

DISRUPTION_TARGET = "DisruptionTarget"
"""Somebody else's as a rule; ours where the node itself ends a pod."""


@dataclass(frozen=True, slots=True)
class ConditionInputs:
    """`statuses` are init and app container statuses by name; `old` what was reported last.

    Others' conditions are those of `pod` itself, as the API shows it.
    """

    pod: Object
    old: list[Object]
    phase: str
    statuses: Mapping[str, Object]
    has_sandbox: bool
    now: datetime
    resize: list[Object]
    disruption: str = ""


def pod_conditions(inputs: ConditionInputs) -> list[Object]:
    """Others' conditions first, then ours; a transition's time changes only with its status."""
    shown = (inputs.pod.get("status") or {}).get("conditions") or []
    foreign = [each for each in shown if each["type"] not in OWNED]
    containers_ready = _containers_ready(inputs)
    ours = [
        *inputs.resize,
        _condition("PodReadyToStartContainers", inputs.has_sandbox),
        _initialized(inputs),
        _ready(inputs, containers_ready, foreign),
        containers_ready,
        _condition("PodScheduled", True),
    ]
    if inputs.disruption:
        foreign = [each for each in foreign if each["type"] != DISRUPTION_TARGET]
        ours.append(_condition(DISRUPTION_TARGET, True, "TerminationByKubelet", inputs.disruption))
    return foreign + [_dated(each, inputs) for each in ours]


def _dated(condition: Object, inputs: ConditionInputs) -> Object:
    before = next((each for each in inputs.old if each["type"] == condition["type"]), None)
    dated = {"lastProbeTime": None, "lastTransitionTime": format_time(inputs.now), **condition}
    generation = inputs.pod["metadata"].get("generation")
    if generation:
        dated.setdefault("observedGeneration", generation)
    if before is not None and before["status"] == condition["status"]:
        dated["lastTransitionTime"] = before.get("lastTransitionTime") or dated["lastTransitionTime"]
    return dated


def _condition(type: str, status: bool, reason: str = "", message: str = "") -> Object:
    condition = {"type": type, "status": "True" if status else "False", "reason": reason, "message": message}
    return {key: value for key, value in condition.items() if value}


def _containers_ready(inputs: ConditionInputs) -> Object:
    sidecars = [each for each in pods.init_containers(inputs.pod) if pods.is_sidecar(each)]
    names = [each["name"] for each in [*sidecars, *pods.app_containers(inputs.pod)]]
    unknown = [name for name in names if name not in inputs.statuses]
    unready = [name for name in names if name in inputs.statuses and not inputs.statuses[name]["ready"]]
    if inputs.phase == "Succeeded" and not unknown:
        return _condition("ContainersReady", False, "PodCompleted")
    if inputs.phase == "Failed":
        return _condition("ContainersReady", False, "PodFailed")
    message = _join(("unknown", unknown), ("unready", unready))
    if message:
        return _condition("ContainersReady", False, "ContainersNotReady", message)
    return _condition("ContainersReady", True)


def _initialized(inputs: ConditionInputs) -> Object:
    containers = pods.init_containers(inputs.pod)
    unknown = [each["name"] for each in containers if each["name"] not in inputs.statuses]
    incomplete = [each["name"] for each in containers if _is_incomplete(each, inputs.statuses)]
    if inputs.phase == "Succeeded" and not unknown:
        return _condition("Initialized", True, "PodCompleted")
    if any(_has_started(inputs.statuses.get(each["name"])) for each in pods.app_containers(inputs.pod)):
        return _condition("Initialized", True)
    message = _join(("unknown", unknown), ("incomplete", incomplete))
    if message:
        return _condition("Initialized", False, "ContainersNotInitialized", message)
    return _condition("Initialized", True)


def _is_incomplete(container: Object, statuses: Mapping[str, Object]) -> bool:
    status = statuses.get(container["name"])
    if status is None:
        return False
    return not status.get("started" if pods.is_sidecar(container) else "ready")


def _has_started(status: Object | None) -> bool:
    if status is None:
        return False
    states = [status.get("state") or {}, status.get("lastState") or {}]
    return any("running" in state or "terminated" in state for state in states)


def _ready(inputs: ConditionInputs, containers_ready: Object, foreign: list[Object]) -> Object:
    if containers_ready["status"] != "True":
        return {**containers_ready, "type": "Ready"}
    problems = []
    for gate in inputs.pod["spec"].get("readinessGates") or []:
        name = gate["conditionType"]
        found = next((each for each in foreign if each["type"] == name), None)
        if found is None:
            problems.append(f'corresponding condition of pod readiness gate "{name}" does not exist.')
        elif found["status"] != "True":
            status = found["status"]
            problems.append(f'the status of pod readiness gate "{name}" is not "True", but {status}')
    if problems:
        return _condition("Ready", False, "ReadinessGatesNotReady", ", ".join(problems))
    return _condition("Ready", True)


def _join(*lists: tuple[str, list[str]]) -> str:
    """`containers with unready status: [a b], ...` with the lists that are not empty."""
    texts = [f"containers with {word} status: [{' '.join(names)}]" for word, names in lists if names]
    return ", ".join(texts)
