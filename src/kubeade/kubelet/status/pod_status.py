"""Puts the whole `Pod.status` together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kubeade.api.pod_requests import qos_class
from kubeade.api.resource import Object
from kubeade.kubelet import pods
from kubeade.kubelet.observed import ObservedPod, has_started_app, needs_sandbox
from kubeade.kubelet.probe_results import ProbeOutcome
from kubeade.kubelet.status.conditions import ConditionInputs, pod_conditions
from kubeade.kubelet.status.containers import Waiting, container_statuses
from kubeade.kubelet.status.phase import phase
from kubeade.lib.timestamps import format_time


@dataclass(frozen=True, slots=True)
class StatusInputs:
    """`old` is the status that was reported last; `waiting` says by container name why one cannot start.

    `terminal`: no container will start again. `resize` holds the conditions of an in-place resize.
    `disruption` says why the node itself has ended the pod.
    """

    pod: Object
    observed: ObservedPod
    old: Mapping[str, Any]
    now: datetime
    runtime_name: str = "kubeade"
    host_addresses: list[str] = field(default_factory=list)
    probes: Mapping[str, ProbeOutcome] = field(default_factory=dict)
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    terminal: bool = False
    failure: tuple[str, str] | None = None
    resize: list[Object] = field(default_factory=list)
    disruption: str = ""


def pod_status(inputs: StatusInputs) -> Object:
    """What `status` should say now. `inputs.failure` (reason, message) makes the pod Failed for good."""
    pod, old = inputs.pod, inputs.old
    status: Object = {
        "startTime": old.get("startTime") or format_time(inputs.now),
        "qosClass": old.get("qosClass") or qos_class(pod),
        **_addresses(inputs),
    }
    generation = pod["metadata"].get("generation")
    if generation:
        status["observedGeneration"] = generation
    for key in ("nominatedNodeName", "resourceClaimStatuses", "extendedResourceClaimStatus"):
        if old.get(key):
            status[key] = old[key]
    status.update(container_statuses(inputs))
    status.update(_phase_and_reason(inputs, status))
    status["conditions"] = _conditions(inputs, status)
    return status


def _phase_and_reason(inputs: StatusInputs, status: Object) -> Object:
    pod, old = inputs.pod, inputs.old
    if inputs.failure is not None:
        reason, message = inputs.failure
        return {"phase": "Failed", "reason": reason, "message": message}
    app_names = (each["name"] for each in pods.app_containers(pod))
    initialized = has_started_app(inputs.observed, app_names)
    found = phase(pod, _all_statuses(status), terminal=inputs.terminal, initialized=initialized)
    before = old.get("phase")
    if not pods.is_terminal_phase(found) and pods.is_terminal_phase(before):
        found = str(before)
    if pods.is_terminal_phase(before):
        found = str(before)
    answer = {"phase": found}
    if found == before:
        answer.update({key: old[key] for key in ("reason", "message") if old.get(key)})
    return answer


def _all_statuses(status: Object) -> dict[str, Object]:
    both = [*status.get("initContainerStatuses", []), *status["containerStatuses"]]
    return {each["name"]: each for each in both}


def _conditions(inputs: StatusInputs, status: Object) -> list[Object]:
    host_network = pods.uses_host_network(inputs.pod)
    return pod_conditions(
        ConditionInputs(
            pod=inputs.pod,
            old=list(inputs.old.get("conditions") or []),
            phase=status["phase"],
            statuses=_all_statuses(status),
            has_sandbox=not needs_sandbox(inputs.observed, host_network=host_network),
            now=inputs.now,
            resize=inputs.resize,
            disruption=inputs.disruption,
        )
    )


def _addresses(inputs: StatusInputs) -> Object:
    answer: Object = {}
    hosts = inputs.host_addresses
    if hosts:
        answer["hostIP"] = hosts[0]
        answer["hostIPs"] = [{"ip": each} for each in hosts]
    if pods.uses_host_network(inputs.pod):
        addresses = hosts
    else:
        addresses = inputs.observed.addresses or [each["ip"] for each in inputs.old.get("podIPs") or []]
    if addresses:
        answer["podIP"] = addresses[0]
        answer["podIPs"] = [{"ip": each} for each in addresses]
    return answer
